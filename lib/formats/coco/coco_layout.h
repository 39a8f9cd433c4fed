// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"

namespace maskmill {

/// What COCO's files come as.
enum class CocoKind {
  instances,  ///< objects with lists of images, annotations and categories; keypoints, captions and stuff too
  panoptic,   ///< the same, with segments_info in the annotations and a PNG an image
  results     ///< a list of detections
};

/// One annotation file of a data set, and where its images may lie.
struct CocoFile {
  Path json;                    ///< with the images and categories; of results alone, that list itself
  std::optional<Path> results;  ///< the list of detections, which stands for the annotations of `json`
  std::string subset;  ///< "train2017", from the file's or folder's name; empty where neither says one
  std::vector<Path> image_folders;  ///< that are there, absolute, the likeliest first; at least one
};

struct CocoLayout {
  struct LeftOut {
    Path path;
    std::string reason;
  };
  std::vector<CocoFile> files;    ///< sorted by path; at least one
  std::vector<LeftOut> left_out;  ///< files beside them, such as captions_val2017.json
  std::vector<LeftOut> unclear;   ///< folders like those of the subsets, without one file that must be theirs
};

/// What the first kilobytes of a file say, and some of its middle and end. Never throws.
Probe probe_coco_file(const Path& json, CocoKind kind);
/// Of a file or a folder; less sure of the other kinds where a folder holds instances too. Never throws.
Probe probe_coco(const Path& path, CocoKind kind);

/// `path` is a file, or a folder that holds some in annotations/, in itself, or one in each of its folders:
/// the first of these places where a file fits.
/// `images`: where the images lie, if not in images/, images/<subset>/, <subset>/ or beside.
/// Throws Error(not_found | unreadable | bad_format).
CocoLayout find_coco_files(const Path& path, const std::optional<std::string>& images, CocoKind kind);
/// The folders that are there of those in which the images of one file may lie, absolute, the likeliest
/// first.
std::vector<Path> coco_image_folders(const Path& json, const std::string& subset,
                                     const std::optional<std::string>& images);
/// "val2017" of instances_val2017.json; `alone`: nothing beside it needs telling apart from.
std::string coco_subset_of(const Path& json, bool alone);

/// A file_name as a path below one of the image folders, with "/" between its parts and without "..". Nothing
/// where it lies outside all of them.
std::optional<std::string> name_inside(const CocoFile& file, const std::string& file_name);
/// The image in the first folder that holds it; where none does, in the first folder.
Path image_path(const CocoFile& file, const std::string& name);

/// The parts of a name that name_inside() has nothing for, such as an absolute one of another machine, or of
/// an address: without "." and "..", and only the last 32. {"unnamed"} where it ends in no name.
std::vector<std::string> parts_of_name(std::string name);

/// Looks for such a name's picture: what stands before an image folder on another machine is not known, so
/// the more of the name's end leads to a file here, the surer it is.
class PictureSearch {
 public:
  /// `image_folders`: of a CocoFile; must outlive this.
  explicit PictureSearch(const std::vector<Path>& image_folders) : image_folders_(image_folders) {}

  struct Found {
    std::size_t parts = 0;  ///< as few of the last parts as image_path() needs to give `picture`
    Path picture;
  };
  /// Nothing where no end of the name is there.
  std::optional<Found> find(const std::vector<std::string>& parts);

 private:
  struct Ending {
    std::size_t parts = 0;
    Path folder;  ///< an image folder and all of these parts but the last
  };
  void look_for_folders(std::span<const std::string> above);

  const std::vector<Path>& image_folders_;
  std::optional<std::string> above_;  ///< all parts but the last of the name that was looked for last
  std::vector<Ending> endings_;       ///< those of it whose folder is there, the longest first
};

}  // namespace maskmill
