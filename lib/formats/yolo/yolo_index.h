// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "formats/yolo/yolo_layout.h"

namespace maskmill {

/// A folder with images of a subset, and where their label files are.
struct YoloFolder {
  std::string subset;
  Path images;
  Path labels;
  /// A folder "images" below this one has its label files in a "labels" beside it.
  bool follows_images = false;
};

/// An image: 12 bytes and those of its name.
struct YoloEntry {
  NameArena::Number name = NameArena::none;  ///< relative to its folder, with extension
  std::uint32_t folder = 0;
  std::uint8_t id_form = 0;
  bool has_labels = false;
};

struct YoloIndex {
  std::vector<YoloFolder> folders;
  std::vector<YoloEntry> entries;  ///< by their ids, bytewise
  NameArena names;
  Path root;

  Path image_of(const YoloEntry& entry) const;
  /// Ultralytics' rule: the last "/images/" of the path as "/labels/"; else beside the image.
  Path labels_of(const YoloEntry& entry) const;
  /// The name without extension; after its subset, where another image has that name too; else all of the
  /// image's path below the data set.
  std::string id_of(const YoloEntry& entry) const;
};

/// Lists folders and reads lists. Findings: "same-name" for a second image whose label file would be the
/// same, "in-two-subsets", "listed-twice", "listed-absent", "unknown-image" for a label file without an
/// image, "label-file-missing" once a folder. Throws Error(bad_format) where there is no image at all.
YoloIndex index_yolo(const YoloLayout& layout, const YoloReadSettings& settings, Findings& findings);

}  // namespace maskmill
