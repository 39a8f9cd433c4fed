// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "formats/format.h"
#include "formats/yolo/data_yaml.h"

namespace maskmill {

/// What an image without a label file is.
enum class MissingLabels { unannotated, background };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<MissingLabels>{"unannotated", "background"};

struct YoloReadSettings {
  std::optional<std::string> images, labels, names;
  bool obb = false;
  YoloExtra extra = YoloExtra::automatic;
  MissingLabels missing = MissingLabels::unannotated;

  static void visit(auto& self, auto&& setting) {
    setting("images", self.images, "folder of the images, relative to the data set",
            unset("as data.yaml says, else found by its name"));
    setting("labels", self.labels, "folder of the label files, relative to the data set",
            unset("the last /images/ of an image's path as /labels/, else beside the image"));
    setting("names", self.names, "data.yaml, classes.txt or obj.names, relative to the data set",
            unset("found by its name"));
    setting("obb", self.obb, "rows of four points are turned boxes; text is the same for polygons");
    setting(
        "extra", self.extra,
        "what stands behind the coordinates in rows of predictions; auto: a score or a track's number behind "
        "4 numbers of a box, and nothing behind a polygon");
    setting(
        "missing", self.missing,
        "what an image without a label file is: not annotated, or, as for Ultralytics, without an object");
  }
};

/// Where images of a subset are: a folder, or a file that lists them.
struct YoloImages {
  std::string subset;
  Path path;
  bool is_list = false;
};

/// A data set as its own files describe it.
struct YoloLayout {
  Path root;
  std::vector<YoloImages> images;
  std::optional<YoloClasses> classes;  ///< none: nothing names them
  std::optional<KeypointShape> keypoints;
  Attributes attributes;
  Path described_by;  ///< what says where images are; empty: their folders' names
};

/// `path` is a folder or data.yaml. Paths of another machine are looked for below the folder: "paths-moved".
/// Throws Error(not_found | bad_format | bad_value) with the place.
YoloLayout find_yolo_layout(const Path& path, const YoloReadSettings& settings, Findings& findings);

/// Of a file or a folder. Never throws.
Probe probe_yolo(const Path& path);

/// Where a path of a description or of a list leads: as it stands, below `base` or `root`, or below `root`
/// without what the file that has it says of another machine. Empty: nowhere.
Path resolved_path(const std::string& text, const Path& base, const Path& root);

/// The folder in which Ultralytics looks for the label files of a folder of images; empty where there is no
/// "images" in its path.
Path labels_beside(const Path& images);

std::unique_ptr<Source> open_yolo(const OpenRequest& request);
std::unique_ptr<Sink> create_yolo(const CreateRequest& request);

}  // namespace maskmill
