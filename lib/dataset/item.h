// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "dataset/shapes.h"

namespace maskmill {

/// Anything a format attaches to an item, an annotation or a data set that has no place of its own. `json`
/// holds lists and objects as JSON text.
struct JsonText {
  std::string text;
  friend bool operator==(const JsonText&, const JsonText&) = default;
};
using AttributeValue = std::variant<bool, std::int64_t, double, std::string, JsonText>;
/// In the order of the file.
using Attributes = std::vector<std::pair<std::string, AttributeValue>>;

const AttributeValue* find_attribute(const Attributes& attributes, std::string_view name);

/// Unknown is a value of its own: a missing flag does not become false.
using Flag = std::optional<bool>;

struct Flags {
  Flag crowd, occluded, truncated, difficult;
  friend bool operator==(const Flags&, const Flags&) = default;
};

struct Keypoint {
  Point at;
  int visibility = 0;  ///< COCO's: 0 not labelled, 1 labelled but hidden, 2 visible
  friend bool operator==(const Keypoint&, const Keypoint&) = default;
};

struct Annotation {
  std::optional<int> label;  ///< index in the LabelMap; none where the source names no label
  Shape shape;
  /// Where the format states a box of its own besides the shape; COCO's bbox need not be the shape's.
  std::optional<Box> box;
  std::optional<std::int64_t> id;     ///< the source's number for this annotation
  std::optional<std::int64_t> group;  ///< annotations of one number belong together
  Flags flags;
  std::optional<double> score;  ///< 0..1, of a prediction
  std::optional<int> z_order;   ///< later or higher is painted over
  std::optional<double> area;   ///< square pixels as the source states it
  std::vector<Keypoint> keypoints;
  Attributes attributes;
  Place origin;

  /// Everything but where it came from.
  friend bool operator==(const Annotation& a, const Annotation& b) {
    return a.label == b.label && a.shape == b.shape && a.box == b.box && a.id == b.id && a.group == b.group &&
           a.flags == b.flags && a.score == b.score && a.z_order == b.z_order && a.area == b.area &&
           a.keypoints == b.keypoints && a.attributes == b.attributes;
  }
};

/// The bytes of an image file, of the kind that the item's file_name says.
using MadeImage = Made<std::string>;

struct Item {
  /// Unique in the data set: the image's path relative to the folder of images, without extension, "/"
  /// between parts.
  std::string id;
  Path image;  ///< empty where the data set refers to no image, or it is made
  std::shared_ptr<const MadeImage> made_image;  ///< set: the image lies in no file; `size` is known
  std::string file_name;                  ///< the image's path as the data set writes it, with extension
  std::optional<Size> size;               ///< as displayed; none where unknown
  std::string subset;                     ///< "train"; empty where the data set has none
  std::optional<std::int64_t> source_id;  ///< COCO's image id

  /// False: nobody has looked at it. True with nothing below: somebody did, and there is nothing.
  bool annotated = true;
  std::vector<Annotation> annotations;
  std::optional<MaskRef> semantic;   ///< a label a pixel
  std::optional<MaskRef> instances;  ///< an instance number a pixel, beside `semantic`
  Attributes attributes;
  Place origin;
};

bool has_image(const Item& item);
/// The bytes of the item's image file, or those that are made. Throws Error as read_file, naming the file.
std::string image_bytes(const Item& item);
/// Throws Error as image_bytes and decode_image, naming the file.
cv::Mat read_picture(const Item& item, const ReadImage& options = {});
/// For messages: the image's file, or the first of those of which it is made; empty where there is no image.
Path image_file(const Item& item);

}  // namespace maskmill
