// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/output.h"
#include "base/settings.h"
#include "dataset/dataset.h"

namespace maskmill {

/// What a format can keep. What it cannot is converted, or lost and said, before anything is written.
struct Capabilities {
  // What an annotation's shape may be.
  bool box = false, rotated_box = false, ellipse = false, polygon = false, polyline = false, points = false,
       rle = false, keypoints = false;
  bool shapeless = false;  ///< a tag or a caption of the whole image: an annotation without a shape
  bool polygon_parts = false, polygon_holes = false;
  // What an item's mask files may be.
  bool semantic_mask = false, instance_mask = false;
  bool label_masks = false;  ///< a mask for each label, so that labels may overlap; beside semantic_mask
  // What an annotation may say besides.
  bool crowd = false, occluded = false, truncated = false, difficult = false;
  bool score = false, group = false, z_order = false, attributes = false;
  // What an item and a data set may say.
  bool ignore_areas = false;  ///< void pixels stay apart from labels and from background
  bool background = false;    ///< background is named, not only what is left over
  bool unannotated = false;   ///< not annotated stays apart from annotated as empty
  bool subsets = false, label_ids = false, label_colours = false, item_attributes = false, licences = false;
};

/// One line of the capability table: the field's name in words and its value, in the order above.
std::vector<std::pair<std::string_view, bool>> listed(const Capabilities& capabilities);

/// How well a path fits a format.
struct Probe {
  int confidence = 0;                ///< 0 it is not; 100 it cannot be anything else
  std::vector<std::string> reasons;  ///< what was found, or is missing, in words
};

/// Where the images of an output come to lie.
enum class Media {
  copy,       ///< copied into the output
  link,       ///< hard links into the output; copied where the file system cannot
  reference,  ///< not there; the annotations hold the images' absolute paths
  none        ///< not there; the annotations hold the names they would have
};
template <>
inline constexpr std::array<std::string_view, 4> enum_names<Media>{"copy", "link", "reference", "none"};

struct OpenRequest {
  Path path;
  std::vector<std::string> settings{};  ///< "key=value", of the format's read_settings
};

struct CreateRequest {
  Path target{};
  Overwrite overwrite = Overwrite::no;
  Media media = Media::copy;
  Metadata metadata{};
  std::vector<std::string> settings{};  ///< "key=value", of the format's write_settings
};

/// How a format looks at a path. What it throws is its opinion: confidence 0, and the reason. Only an
/// interruption goes on.
class ProbeFunction {
 public:
  using Look = Probe (*)(const Path& path);
  ProbeFunction() = default;
  template <std::convertible_to<Look> Function>
  ProbeFunction(Function look) : look_(look) {}
  Probe operator()(const Path& path) const;

 private:
  Look look_ = nullptr;
};

/// One format: all that the program knows of it. Each has a folder here, and a line in registry.cpp.
struct Format {
  std::string_view name;   ///< "coco": what --from and --to take
  std::string_view title;  ///< "COCO instances"
  std::string_view
      description;  ///< a paragraph: the layout on disk, what is read, what is written, and its traps
  std::vector<std::string_view> extensions;  ///< of annotation files, lower case, no dot
  Capabilities holds;

  /// Cheap: looks at names and at the first few kilobytes of a few files.
  ProbeFunction probe;
  /// Throws Error, with the place, where there is nothing that can be read as this format.
  std::unique_ptr<Source> (*open)(const OpenRequest& request) = nullptr;
  /// Null: the format is read only. Items must hold only what `holds` says; prepare/convert.h sees to it.
  /// Beside areas that are to be painted there may be boxes: dataset/masks.h makes them void.
  std::unique_ptr<Sink> (*create)(const CreateRequest& request) = nullptr;

  /// Declarations with their defaults, for help, documentation and checking; empty where there are none.
  std::vector<Setting> (*read_settings)() = nullptr;
  std::vector<Setting> (*write_settings)() = nullptr;
};

/// Sets a format's own settings from "key=value" texts. Throws Error(usage) naming the nearest known key.
template <HasSettings T>
T parsed_settings(std::span<const std::string> texts) {
  T values;
  const auto settings = settings_of(values);
  for (const std::string& text : texts) assign(settings, text);
  return values;
}

/// For Format::read_settings and write_settings.
template <HasSettings T>
std::vector<Setting> declared_settings() {
  static T defaults;
  return settings_of(defaults);
}

}  // namespace maskmill
