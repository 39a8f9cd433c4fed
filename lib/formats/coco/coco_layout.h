// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"

namespace maskmill {

/// One annotation file of a data set, and where its images may lie.
struct CocoFile {
  Path json;
  std::string subset;  ///< "train2017", from the file's or folder's name; empty where neither says one
  std::vector<Path> image_folders;  ///< that are there, absolute, the likeliest first; at least one
};

struct CocoLayout {
  struct LeftOut {
    Path json;
    std::string reason;
  };
  std::vector<CocoFile> files;    ///< sorted by path; at least one
  std::vector<LeftOut> left_out;  ///< files beside them, such as captions_val2017.json
};

/// What the first kilobytes of a file say. Never throws.
Probe probe_coco_file(const Path& json);
/// Of a file or a folder. Never throws.
Probe probe_coco(const Path& path);

/// `path` is a file, or a folder that holds some in annotations/, in itself, or one in each of its folders.
/// `images`: where the images lie, if not in images/, images/<subset>/, <subset>/ or beside.
/// Throws Error(not_found | unreadable | bad_format).
CocoLayout find_coco_files(const Path& path, const std::optional<std::string>& images);

/// A file_name as a path below one of the image folders, with "/" between its parts and without "..". Nothing
/// where it lies outside all of them.
std::optional<std::string> name_inside(const CocoFile& file, const std::string& file_name);
/// The image in the first folder that holds it; where none does, in the first folder.
Path image_path(const CocoFile& file, const std::string& name);

}  // namespace maskmill
