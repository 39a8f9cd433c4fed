// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "dataset/dataset.h"
#include "formats/cvat/cvat_image.h"

namespace maskmill {

/// What <meta> says.
struct CvatMeta {
  std::vector<Label> labels;  ///< the points of a skeleton are in their label's skeleton
  /// Its other elements: "task", "project" or "job" as JSON, "dumped" as text.
  Attributes attributes;
  std::string subset;                  ///< of a task
  bool occluded_0_is_unknown = false;  ///< a note of ours
};

/// `text` is the element, `line` where it begins. A label that cannot be read costs itself:
/// "unreadable-category". Throws Error(bad_format) with the line.
CvatMeta parse_cvat_meta(const std::string& text, std::size_t line, const Path& file, Findings& findings);

/// The element, indented as CVAT does: what the metadata's attributes have of a task or project, with these
/// labels, and with the attributes that annotations have besides as texts.
std::string cvat_meta_text(const Metadata& metadata, std::size_t images, const FoundAttributes& found,
                           bool occluded_0_is_unknown);

}  // namespace maskmill
