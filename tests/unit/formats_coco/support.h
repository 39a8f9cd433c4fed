// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/dataset.h"
#include "formats/format.h"
#include "support/scratch.h"

namespace maskmill::tests {

struct Reading {
  Metadata metadata;
  std::vector<Item> items;
  std::vector<Finding> findings;  ///< of opening, then of the items

  /// "rule line field", one a finding.
  std::vector<std::string> summary() const;
};

Reading read_coco(const Path& path, std::vector<std::string> settings = {});
/// The text as annotations.json in a folder of its own.
Reading read_coco_text(std::string_view json);

/// A file with the image 7, a.jpg of 10x8 pixels, the category 3, "cat", and these annotations, one a line
/// from line 4 on.
std::string with_annotations(const std::vector<std::string>& annotations);
/// The one annotation that is read from this object; the test fails if there is another number.
Annotation read_annotation_text(const std::string& annotation);

Label label(std::string name, std::optional<std::int64_t> id = {}, Role role = Role::object);

/// Writes and closes. `target` is a folder, or a .json file.
void write_coco(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                Media media = Media::none, std::vector<std::string> settings = {});

}  // namespace maskmill::tests
