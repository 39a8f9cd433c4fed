// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "dataset/rle.h"
#include "formats/coco/coco_keys.h"
#include "formats/json_values.h"

namespace maskmill {
namespace {

void append_key(std::string& text, std::string_view key) {
  text += ",\"";
  text += key;
  text += "\":";
}

void append_string(std::string& text, const std::string& value) {
  text += to_line(Json(value));
}

// The shortest text that reads back as the same double; whole numbers without ".0".
void append_number(std::string& text, double number) {
  if (!std::isfinite(number)) throw Error(Code::bad_value, "a coordinate, area or score that is no number");
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

template <class Range, class Append>
void append_list(std::string& text, const Range& values, Append&& append) {
  text += '[';
  bool is_first = true;
  for (const auto& value : values) {
    if (!is_first) text += ',';
    is_first = false;
    append(value);
  }
  text += ']';
}

void append_box(std::string& text, const Box& box) {
  append_list(text, std::array{box.x, box.y, box.width, box.height},
              [&](double number) { append_number(text, number); });
}

void append_attributes(std::string& text, const Attributes& attributes,
                       std::span<const std::string_view> keys) {
  const auto is_key = [&](const auto& attribute) {
    return std::find(keys.begin(), keys.end(), attribute.first) != keys.end();
  };
  const bool nested = std::any_of(attributes.begin(), attributes.end(), is_key);
  Json object = Json::object();
  for (const auto& [name, value] : attributes) object[name] = json_from(value);
  if (object.empty()) return;
  if (nested) {
    append_key(text, coco_key::kAttributes);
    text += to_line(object);
  } else {
    const std::string members = to_line(object);
    text += ',';
    text.append(members, 1, members.size() - 2);
  }
}

void append_ring(std::string& text, const PolygonPart& part) {
  if (!part.holes.empty()) throw Error(Code::bug, "a polygon with holes reached the COCO writer");
  if (part.exterior.size() < 3) throw Error(Code::bad_value, "a polygon of less than 3 points");
  append_list(text, part.exterior, [&](const Point& point) {
    append_number(text, point.x);
    text += ',';
    append_number(text, point.y);
  });
}

/// Of the characters that compressed run lengths have, '0' to 'o', JSON escapes one.
void append_compressed(std::string& text, std::string_view counts) {
  text += '"';
  for (const char character : counts) {
    if (character == '\\') text += '\\';
    text += character;
  }
  text += '"';
}

void append_rle(std::string& text, const Rle& rle, RleText form) {
  validate(rle);
  text += fmt::format("{{\"size\":[{},{}],\"counts\":", rle.size.height, rle.size.width);
  if (form == RleText::compressed)
    append_compressed(text, to_coco_string(rle));
  else
    append_list(text, rle.counts, [&](std::uint32_t count) { text += std::to_string(count); });
  text += '}';
}

void append_segmentation(std::string& text, const Shape& shape, RleText form) {
  append_key(text, "segmentation");
  if (const auto* polygon = std::get_if<Polygon>(&shape))
    append_list(text, polygon->parts, [&](const PolygonPart& part) { append_ring(text, part); });
  else if (const auto* rle = std::get_if<Rle>(&shape))
    append_rle(text, *rle, form);
  else
    text += "[]";
}

double outline_area(const Polygon& polygon) {
  double sum = 0;
  for (const PolygonPart& part : polygon.parts) {
    double twice = 0;
    const Ring& ring = part.exterior;
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const Point& a = ring[i];
      const Point& b = ring[(i + 1) % ring.size()];
      twice += a.x * b.y - b.x * a.y;
    }
    sum += std::abs(twice) / 2;
  }
  return sum;
}

void check_finite(const Polygon& polygon) {
  for (const PolygonPart& part : polygon.parts)
    for (const Point& point : part.exterior)
      if (!std::isfinite(point.x) || !std::isfinite(point.y))
        throw Error(Code::bad_value, "a coordinate that is no number");
}

struct Extent {
  std::optional<double> area;
  std::optional<Box> box;
};

Extent extent_of(const Shape& shape, std::optional<Size> image_size) {
  if (const auto* box = std::get_if<Box>(&shape)) return {box->area(), *box};
  if (const auto* rle = std::get_if<Rle>(&shape))
    return {static_cast<double>(area(*rle)), bounding_box(*rle)};
  if (const auto* polygon = std::get_if<Polygon>(&shape)) {
    check_finite(*polygon);
    if (!image_size) return {outline_area(*polygon), bounding_box(shape)};
    const Rle mask = rasterise(*polygon, *image_size);
    return {static_cast<double>(area(mask)), bounding_box(mask)};
  }
  return {};
}

void append_extent(std::string& text, const Annotation& annotation, std::optional<Size> image_size) {
  Extent extent{annotation.area, annotation.box};
  const auto* box = std::get_if<Box>(&annotation.shape);
  if (box) extent.box = *box;  // what a reader takes for the shape
  if (!extent.area || !extent.box) {
    const Extent computed = extent_of(annotation.shape, image_size);
    if (!extent.area) extent.area = computed.area;
    if (!extent.box) extent.box = computed.box;
  }
  if (extent.area) {
    append_key(text, "area");
    append_number(text, *extent.area);
  }
  if (extent.box) {
    append_key(text, "bbox");
    append_box(text, *extent.box);
  }
}

void append_keypoints(std::string& text, const std::vector<Keypoint>& keypoints) {
  if (keypoints.empty()) return;
  append_key(text, "keypoints");
  append_list(text, keypoints, [&](const Keypoint& keypoint) {
    append_number(text, keypoint.at.x);
    text += ',';
    append_number(text, keypoint.at.y);
    text += ',' + std::to_string(keypoint.visibility);
  });
  append_key(text, "num_keypoints");
  text += std::to_string(std::count_if(keypoints.begin(), keypoints.end(),
                                       [](const Keypoint& keypoint) { return keypoint.visibility > 0; }));
}

void append_flag(std::string& text, std::string_view key, Flag flag) {
  if (!flag) return;
  append_key(text, key);
  text += *flag ? "true" : "false";
}

template <class Integer>
void append_integer(std::string& text, std::string_view key, std::optional<Integer> value) {
  if (!value) return;
  append_key(text, key);
  text += std::to_string(*value);
}

bool is_held(const Shape& shape) {
  return std::holds_alternative<std::monostate>(shape) || std::holds_alternative<Box>(shape) ||
         std::holds_alternative<Polygon>(shape) || std::holds_alternative<Rle>(shape);
}

constexpr std::array<std::string_view, 16> kAnnotationKeys{
    "id",        "image_id",  "category_id", "segmentation",       "area",          "bbox",
    "iscrowd",   "keypoints", "score",       "occluded",           "num_keypoints", "truncated",
    "difficult", "group",     "z_order",     coco_key::kAttributes};

void require_held(const Annotation& annotation, std::optional<Size> image_size) {
  if (!is_held(annotation.shape))
    throw Error(Code::bug, fmt::format("a {} reached the COCO writer", shape_name(annotation.shape)));
  if (const auto* mask = std::get_if<Rle>(&annotation.shape); mask && image_size && mask->size != *image_size)
    throw Error(Code::bad_value,
                fmt::format("an RLE of {} in an image of {}", to_string(mask->size), to_string(*image_size)));
}

std::optional<std::int64_t> category_of(const Annotation& annotation,
                                        std::span<const std::optional<std::int64_t>> label_ids) {
  if (!annotation.label) return std::nullopt;
  const auto& id = label_ids[static_cast<std::size_t>(*annotation.label)];
  if (!id) throw Error(Code::bad_value, "an annotation of the background, which has no category");
  return id;
}

// What all kinds of annotations may say, and the end of the object.
void append_rest(std::string& text, const Annotation& annotation) {
  if (annotation.score) {
    append_key(text, "score");
    append_number(text, *annotation.score);
  }
  append_flag(text, "occluded", annotation.flags.occluded);
  append_flag(text, "truncated", annotation.flags.truncated);
  append_flag(text, "difficult", annotation.flags.difficult);
  append_integer(text, "group", annotation.group);
  append_integer(text, "z_order", annotation.z_order);
  append_attributes(text, annotation.attributes, kAnnotationKeys);
  text += '}';
}

}  // namespace

std::string coco_image_text(const Item& item, const std::string& file_name, const std::string& subset) {
  static constexpr std::array<std::string_view, 7> kKeys{
      "id", "file_name", "width", "height", coco_key::kSubset, coco_key::kItem, coco_key::kAttributes};
  std::string text;
  append_key(text, "file_name");
  append_string(text, file_name);
  if (item.size) {
    append_integer(text, "width", std::optional(item.size->width));
    append_integer(text, "height", std::optional(item.size->height));
  }
  if (!subset.empty()) {
    append_key(text, coco_key::kSubset);
    append_string(text, subset);
  }
  if (Path(file_name).is_absolute()) {
    append_key(text, coco_key::kItem);
    append_string(text, item.id);
  }
  append_attributes(text, item.attributes, kKeys);
  text += '}';
  return text;
}

std::string coco_annotation_text(const Annotation& annotation, std::optional<Size> image_size,
                                 std::span<const std::optional<std::int64_t>> label_ids, RleText rle) {
  require_held(annotation, image_size);
  std::string text;
  append_integer(text, "category_id", category_of(annotation, label_ids));
  append_segmentation(text, annotation.shape, rle);
  append_extent(text, annotation, image_size);
  append_keypoints(text, annotation.keypoints);
  append_rest(text, annotation);
  return text;
}

std::string coco_segment_text(const Annotation& annotation, const CocoSegment& segment) {
  std::string text = fmt::format("{{\"id\":{},\"category_id\":{},\"iscrowd\":{},\"area\":{}", segment.id,
                                 segment.category, segment.is_crowd ? 1 : 0, segment.area);
  append_key(text, "bbox");
  append_box(text, segment.box);
  append_rest(text, annotation);
  return text;
}

CocoResultText coco_result_text(const Annotation& annotation, std::optional<Size> image_size,
                                std::span<const std::optional<std::int64_t>> label_ids, RleText rle,
                                bool with_boxes) {
  require_held(annotation, image_size);
  CocoResultText result;
  append_integer(result.text, "category_id", category_of(annotation, label_ids));
  const auto* const box = std::get_if<Box>(&annotation.shape);
  const auto* const mask = std::get_if<Rle>(&annotation.shape);
  if (mask) append_segmentation(result.text, annotation.shape, rle);
  append_keypoints(result.text, annotation.keypoints);
  append_rest(result.text, annotation);
  if (box || mask) {
    append_key(result.box, "bbox");
    append_box(result.box, box ? *box : with_boxes && annotation.box ? *annotation.box : bounding_box(*mask));
    result.states_box = box || (with_boxes && annotation.box);
  }
  return result;
}

}  // namespace maskmill
