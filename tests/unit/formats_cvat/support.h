// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "formats/format.h"
#include "support/scratch.h"

namespace maskmill::tests {

/// A data set as it was read.
struct CvatReading {
  Metadata metadata;
  std::vector<Item> items;
  std::vector<Finding> findings;

  std::vector<std::string> rules() const;
};

CvatReading read_cvat(const Path& path, const std::vector<std::string>& settings = {});
/// What the sink found.
std::vector<Finding> write_cvat(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                                Media media = Media::none);

/// A file with these elements of images, and with the labels car, person (with a skeleton of nose and tail)
/// and road, of which car has attributes of each type.
std::string cvat_document(const std::string& images);

}  // namespace maskmill::tests
