// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/shared_file.h"
#include "dataset/item.h"
#include "formats/json_elements.h"

namespace maskmill {

// The words of LabelMe's JSON that its reader and its writer must agree on.

inline constexpr std::string_view kLabelmeIgnore = "__ignore__", kLabelmeBackground = "_background_";
/// Keys of ours in a shape, which LabelMe keeps as other data: the number of the annotation's group where
/// `group_id` joins parts or must not; and five numbers of a shape whose points say it only nearly: a centre
/// (of a box the corner), two lengths and an angle in degrees.
inline constexpr std::string_view kLabelmeGroupKey = "maskmill_group", kLabelmeShapeKey = "maskmill_shape";
inline constexpr std::array<std::string_view, 12> kLabelmeShapeKeys{
    "label", "points", "group_id",  "shape_type", "flags",          "description",
    "mask",  "score",  "difficult", "z_order",    kLabelmeGroupKey, kLabelmeShapeKey};
inline constexpr std::array<std::string_view, 7> kLabelmeFileKeys{
    "version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"};

/// The key under which an attribute is written that would else be taken for something of LabelMe's own: with
/// one more "@" before it. And back.
std::string labelme_key(const std::string& attribute, bool in_shape);
std::string labelme_attribute(std::string_view key, bool in_shape);

/// The flag that a shape's `flags` may hold under this name; null for all others.
Flag Flags::*labelme_flag(std::string_view name);

struct LabelmeShape {
  std::string label, type = "polygon", mask;  ///< the mask's base 64
  std::vector<Point> points;
  std::optional<std::int64_t> group_id;
  bool has_group = false;  ///< `group` counts, not `group_id`
  std::optional<std::int64_t> group;
  std::optional<std::array<double, 5>> exact;
  std::optional<double> score;
  std::optional<int> z_order;
  Flags flags;
  Attributes attributes;
  Place place;
};

/// What one file says.
struct LabelmeDocument {
  bool has_shapes = false;  ///< else it is another program's
  std::string image_path;   ///< as it is written there
  std::optional<Size> size;
  JsonRange image_data;  ///< of the text, with its quotes; of length 0 where there is none
  Attributes attributes;
  std::vector<LabelmeShape> shapes;
};

/// All but the bytes of the image, which are passed over. A shape or a value that cannot be read costs
/// itself: "unreadable-annotation", "unreadable-attribute", "bad-size", "value-left-out". Throws Error as
/// scan().
LabelmeDocument read_labelme(const SharedFile& file, std::vector<Finding>& findings);

/// What opening a data set needs: whether it is LabelMe's, its image's path, whether it has one inside, and,
/// by visit_label(), the label of each shape. Throws Error as scan().
struct LabelmeSummary {
  bool has_shapes = false, has_image_data = false;
  std::string image_path;
};
LabelmeSummary summarise_labelme(const SharedFile& file,
                                 const std::function<void(std::string_view)>& visit_label);

/// The image's bytes. Throws Error(bad_value) for what is no base 64, with file and field; Error as read().
std::string labelme_image(const SharedFile& file, const JsonRange& image_data);
/// Those at its beginning, some hundreds: what the kind of a file is told by.
std::string labelme_image_start(const SharedFile& file, const JsonRange& image_data);

}  // namespace maskmill
