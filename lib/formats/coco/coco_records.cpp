// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "dataset/rle.h"
#include "formats/coco/coco_keys.h"
#include "formats/json_elements.h"
#include "formats/json_values.h"

namespace maskmill {

struct RecordReader::State {
  simdjson::ondemand::parser parser;
};

namespace {

using simdjson::ondemand::json_type;

CocoId coco_id_from(JsonValue& value) {
  switch (type_of(value)) {
    case json_type::null:
      return {};
    case json_type::string: {
      const std::string_view text = value.get_string();
      if (const auto number = to_integer(text)) return std::int64_t{*number};
      return std::string(text);
    }
    case json_type::number:
      if (const auto integer = integer_from(value)) return *integer;
      return number_token(value);
    default:
      throw unexpected("an integer", value);
  }
}

constexpr std::int64_t kMaxPixels = std::int64_t{1} << 30;  // as image/image.h
constexpr double kMaxCoordinate = 1 << 30;

void report(std::vector<Finding>& findings, std::string rule, Severity severity, std::string_view field,
            std::string message) {
  findings.push_back({std::move(rule), severity, {{}, {}, std::string(field)}, std::move(message), {}});
}

// An attribute that cannot be read costs itself only.
void add_attribute(std::string_view key, JsonValue& value, Attributes& attributes,
                   std::vector<Finding>& findings) {
  try {
    AttributeValue attribute = attribute_from(value);
    const auto* json = std::get_if<JsonText>(&attribute);
    if (key == coco_key::kAttributes && json && json->text.starts_with('{')) {
      const Json object = parse_json(json->text, {});
      check_json_keys(object.size());
      for (const auto& [name, nested] : object.items())
        set_attribute(attributes, name, attribute_from(nested));
    } else {
      set_attribute(attributes, std::string(key), std::move(attribute));
    }
  } catch (const Error& error) {
    report(findings, "unreadable-attribute", Severity::warning, key, error.message());
  } catch (const simdjson::simdjson_error& error) {
    if (error.error() != simdjson::STRING_ERROR) throw;  // then what follows cannot be read either
    report(findings, "unreadable-attribute", Severity::warning, key,
           "a string with an escape that stands for nothing");
  }
}

// The format knows integers only; what a file has instead is kept where it harms nobody.
std::optional<std::int64_t> integer_id(const CocoId& id, Attributes& attributes,
                                       std::vector<Finding>& findings) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return *number;
  if (const auto* text = std::get_if<std::string>(&id)) {
    set_attribute(attributes, "id", *text);
    report(findings, "text-id", Severity::note, "id",
           fmt::format("expected an integer; found {}, which is kept as an attribute", in_quotes(*text)));
  }
  return std::nullopt;
}

Size checked_size(double width, double height) {
  const bool whole = width == std::floor(width) && height == std::floor(height);
  if (!whole || width < 1 || height < 1 || width * height > static_cast<double>(kMaxPixels))
    throw Error(Code::bad_value,
                fmt::format("expected a width and a height in whole pixels; found {} and {}", width, height));
  return {static_cast<int>(width), static_cast<int>(height)};
}

// --- shapes -----------------------------------------------------------------------------------------------

Ring ring_from(JsonValue& value) {
  Ring ring;
  std::size_t count = 0;
  for (auto element : value.get_array()) {
    double number;
    if (element.get_double().get(number)) {
      JsonValue wrong = element.value();
      throw unexpected("a number", wrong);
    }
    if (std::abs(number) > kMaxCoordinate)
      throw Error(Code::bad_value, fmt::format("a coordinate of {} is no pixel", number));
    if (count++ % 2 == 0)
      ring.push_back({number, 0});
    else
      ring.back().y = number;
  }
  if (count % 2 != 0 || count < 6)
    throw Error(Code::bad_value,
                fmt::format("a polygon needs 3 or more x, y pairs; found {} numbers", count));
  return ring;
}

// A ring that is none costs itself. Throws where no other is left.
Shape polygon_from(JsonValue& value, std::vector<Finding>& findings) {
  Polygon polygon;
  std::size_t rings = 0;
  std::optional<Error> first_failure;
  for (auto element : value.get_array()) {
    JsonValue ring = element.value();
    // Numbers without the inner brackets are no rings at all; each would be a failure of its own.
    if (type_of(ring) != json_type::array) throw unexpected("a list of x, y numbers", ring);
    try {
      polygon.parts.push_back({ring_from(ring), {}});
    } catch (Error& error) {
      if (!first_failure) first_failure = error.at_field(fmt::format("segmentation[{}]", rings));
    }
    ++rings;
  }
  if (rings == 0) return {};
  if (polygon.parts.empty()) throw *first_failure;
  if (first_failure)
    report(findings, "unreadable-value", Severity::warning, first_failure->place().field,
           fmt::format("{} of {} left out: {}", rings - polygon.parts.size(), counted(rings, "ring"),
                       first_failure->message()));
  return polygon;
}

std::vector<std::uint32_t> counts_from(JsonValue& value) {
  std::vector<std::uint32_t> counts;
  for (auto element : value.get_array()) {
    JsonValue number = element.value();
    const auto count = integer_from(number);
    if (!count || *count < 0 || *count > std::numeric_limits<std::uint32_t>::max())
      throw unexpected("a run length", number);
    counts.push_back(static_cast<std::uint32_t>(*count));
  }
  return counts;
}

Shape rle_from(JsonValue& value, std::optional<Size> image_size) {
  std::optional<Size> size;
  std::variant<std::monostate, std::vector<std::uint32_t>, std::string> counts;
  for (auto field : value.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue member = field.value();
    if (key == "size") {
      const std::vector<double> numbers = numbers_from(member);
      if (numbers.size() != 2) throw Error(Code::bad_value, "expected the RLE's height and width");
      size = checked_size(numbers[1], numbers[0]);
    } else if (key == "counts") {
      if (type_of(member) == json_type::array)
        counts = counts_from(member);
      else if (type_of(member) == json_type::string)
        counts = std::string(std::string_view(member.get_string()));
      else
        throw unexpected("run lengths", member);
    }
  }
  if (!size) throw Error(Code::bad_value, "an RLE without a size");
  if (image_size && *size != *image_size)
    throw Error(Code::bad_value,
                fmt::format("an RLE of {} in an image of {}", to_string(*size), to_string(*image_size)));
  if (const auto* text = std::get_if<std::string>(&counts)) return from_coco_string(*text, *size);
  if (std::holds_alternative<std::monostate>(counts)) throw Error(Code::bad_value, "an RLE without counts");
  Rle rle{*size, std::get<std::vector<std::uint32_t>>(std::move(counts))};
  validate(rle);
  return rle;
}

Shape segmentation_from(JsonValue& value, std::optional<Size> image_size, std::vector<Finding>& findings) {
  switch (type_of(value)) {
    case json_type::array:
      return polygon_from(value, findings);
    case json_type::object:
      return rle_from(value, image_size);
    case json_type::null:
      return {};
    default:
      throw unexpected("polygons or an RLE", value);
  }
}

std::optional<Box> box_from(JsonValue& value) {
  if (is_null(value)) return std::nullopt;
  const std::vector<double> numbers = numbers_from(value);
  if (numbers.empty()) return std::nullopt;
  if (numbers.size() != 4)
    throw Error(Code::bad_value,
                fmt::format("a box needs x, y, width and height; found {} numbers", numbers.size()));
  if (std::any_of(numbers.begin(), numbers.end(),
                  [](double number) { return std::abs(number) > kMaxCoordinate; }) ||
      numbers[2] < 0 || numbers[3] < 0)
    throw Error(Code::bad_value,
                fmt::format("[{}, {}, {}, {}] is no box", numbers[0], numbers[1], numbers[2], numbers[3]));
  return Box{numbers[0], numbers[1], numbers[2], numbers[3]};
}

std::vector<Keypoint> keypoints_from(JsonValue& value) {
  if (is_null(value)) return {};
  const std::vector<double> numbers = numbers_from(value);
  if (numbers.size() % 3 != 0)
    throw Error(Code::bad_value,
                fmt::format("keypoints are x, y, visibility; found {} numbers", numbers.size()));
  std::vector<Keypoint> keypoints;
  for (std::size_t i = 0; i < numbers.size(); i += 3) {
    if (numbers[i + 2] != 0 && numbers[i + 2] != 1 && numbers[i + 2] != 2)
      throw Error(Code::bad_value, fmt::format("a visibility is 0, 1 or 2; found {}", numbers[i + 2]));
    keypoints.push_back({{numbers[i], numbers[i + 1]}, static_cast<int>(numbers[i + 2])});
  }
  return keypoints;
}

// --- elements ---------------------------------------------------------------------------------------------

std::string_view text_of(JsonValue& value) {
  switch (type_of(value)) {
    case json_type::object: {
      simdjson::ondemand::object object = value.get_object();
      return object.raw_json();
    }
    case json_type::array: {
      simdjson::ondemand::array array = value.get_array();
      return array.raw_json();
    }
    default:
      return value.raw_json_token();
  }
}

void read_score(JsonValue& value, Annotation& annotation, std::vector<Finding>& findings) {
  annotation.score.reset();
  if (is_null(value)) return;
  const double score = number_from(value);
  if (score >= 0 && score <= 1) {
    annotation.score = score;
    return;
  }
  set_attribute(annotation.attributes, "score", score);
  report(findings, "score-outside-range", Severity::warning, "score",
         fmt::format("expected 0 to 1; found {}, which is kept as an attribute", score));
}

// The flags and numbers that the format has no key for; anything but what our writer puts there is an
// attribute.
bool read_extension(std::string_view key, JsonValue& value, Annotation& annotation) {
  Flag Flags::*const flag = key == "occluded"    ? &Flags::occluded
                            : key == "truncated" ? &Flags::truncated
                            : key == "difficult" ? &Flags::difficult
                                                 : nullptr;
  if (flag) {
    annotation.flags.*flag = flag_from(value);
    return (annotation.flags.*flag).has_value();
  }
  if (key == "group") {
    annotation.group = integer_from(value);
    return annotation.group.has_value();
  }
  if (key == "z_order") {
    const auto order = integer_from(value);
    annotation.z_order.reset();
    if (order && std::abs(*order) <= std::numeric_limits<int>::max())
      annotation.z_order = static_cast<int>(*order);
    return annotation.z_order.has_value();
  }
  return false;
}

}  // namespace

std::string to_string(const CocoId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&id)) return in_quotes(*text);
  return "none";
}

RecordReader::RecordReader() : state_(std::make_unique<State>()) {}
RecordReader::~RecordReader() = default;
RecordReader::RecordReader(RecordReader&&) noexcept = default;

AnnotationIds RecordReader::annotation_ids(std::string_view text, bool with_category) {
  AnnotationIds ids;
  for_each_field(state_->parser, text, [&](std::string_view key, JsonValue& value) {
    if (key == "id") ids.id = coco_id_from(value);
    if (key == "image_id") ids.image = coco_id_from(value);
    if (with_category && key == "category_id") ids.category = coco_id_from(value);
  });
  return ids;
}

ImageRecord RecordReader::image(std::string_view text, std::vector<Finding>& findings) {
  ImageRecord image;
  std::optional<double> width, height;
  for_each_field(state_->parser, text, [&](std::string_view key, JsonValue& value) {
    if (key == "id") {
      image.id = coco_id_from(value);
    } else if (key == "file_name") {
      if (type_of(value) != json_type::string) throw unexpected("a file name", value);
      image.file_name = std::string_view(value.get_string());
    } else if (key == "width" || key == "height") {
      (key == "width" ? width : height) = optional_number_from(value);
    } else if (key == coco_key::kSubset && type_of(value) == json_type::string) {
      const std::string_view subset = value.get_string();
      if (is_safe_relative(subset) && subset.find('/') == std::string_view::npos)
        image.subset = subset;
      else
        set_attribute(image.attributes, std::string(key), std::string(subset));
    } else if (key == coco_key::kItem && type_of(value) == json_type::string) {
      image.item = std::string_view(value.get_string());
    } else {
      add_attribute(key, value, image.attributes, findings);
    }
  });
  if (image.file_name.empty())
    if (const auto* attribute = find_attribute(image.attributes, "coco_url"))
      if (const auto* address = std::get_if<std::string>(attribute); address && !address->ends_with('/')) {
        image.file_name = *address;
        image.is_address = true;
      }
  try {
    if (!width || !height) throw Error(Code::bad_value, "width or height is missing or no number");
    image.size = checked_size(*width, *height);
  } catch (const Error& error) {
    image.size_problem = error.message();
  }
  integer_id(image.id, image.attributes, findings);
  return image;
}

Annotation RecordReader::annotation(std::string_view text, const AnnotationContext& context,
                                    std::vector<Finding>& findings) {
  Annotation annotation;
  CocoId id;
  std::optional<Error> lost_outline;  // the first part of what it shows that cannot be read
  const auto warn = [&](const Error& error) {
    findings.push_back(to_finding(error, "unreadable-value", Severity::warning));
  };
  const auto read_statement = [&](std::string_view key, auto&& read) {
    try {
      read();
    } catch (Error& error) {
      warn(error.at_field(std::string(key)));
    }
  };
  const auto read_outline = [&](std::string_view key, auto&& read) {
    read_statement(key, [&] {
      try {
        read();
      } catch (Error& error) {
        if (lost_outline) throw;
        lost_outline = error.at_field(std::string(key));
      }
    });
  };
  for_each_field(state_->parser, text, [&](std::string_view key, JsonValue& value) {
    if (key == "id") {
      id = coco_id_from(value);
    } else if (key == "image_id" || key == "num_keypoints") {
      return;
    } else if (key == "category_id") {
      const CocoId category = coco_id_from(value);
      annotation.label = context.label(category);
      if (!annotation.label && category.index() != 0)
        throw Error(Code::bad_value, fmt::format("no category has the id {}", to_string(category)));
    } else if (key == "segmentation") {
      read_outline(key, [&] { annotation.shape = segmentation_from(value, context.image_size, findings); });
    } else if (key == "bbox") {
      read_outline(key, [&] { annotation.box = box_from(value); });
    } else if (key == "area") {
      read_statement(
          key, [&] { annotation.area = is_null(value) ? std::nullopt : std::optional(number_from(value)); });
    } else if (key == "iscrowd") {
      annotation.flags.crowd = flag_from(value);
      if (!annotation.flags.crowd && !is_null(value))
        report(findings, "unreadable-flag", Severity::warning, key,
               "expected 0 or 1; found " + token_of(value));
    } else if (key == "keypoints") {
      read_outline(key, [&] { annotation.keypoints = keypoints_from(value); });
    } else if (key == "score") {
      read_statement(key, [&] { read_score(value, annotation, findings); });
    } else if (!read_extension(key, value, annotation)) {
      add_attribute(key, value, annotation.attributes, findings);
    }
  });
  annotation.id = integer_id(id, annotation.attributes, findings);
  if (context.zero_is_unknown_crowd && annotation.flags.crowd == false) annotation.flags.crowd.reset();
  if (std::holds_alternative<std::monostate>(annotation.shape) && annotation.box) {
    annotation.shape = *annotation.box;
    annotation.box.reset();
  }
  if (lost_outline) {
    const bool shows_something = context.has_pixels_elsewhere ||
                                 !std::holds_alternative<std::monostate>(annotation.shape) ||
                                 !annotation.keypoints.empty();
    if (!shows_something) throw *lost_outline;
    // Pixels that are lost make the item wrong; a box beside them does not.
    const bool has_pixels = context.has_pixels_elsewhere || has_area(annotation.shape);
    findings.push_back(
        to_finding(*lost_outline, "unreadable-value", has_pixels ? Severity::warning : Severity::error));
  }
  return annotation;
}

std::string_view PanopticRecord::Segment::text() const {
  return std::string_view(padded).substr(0, padded.size() - kJsonPadding);
}

PanopticRecord RecordReader::panoptic(std::string_view text) {
  PanopticRecord record;
  bool has_segments = false;
  for_each_field(state_->parser, text, [&](std::string_view key, JsonValue& value) {
    if (key == "file_name") {
      if (type_of(value) != json_type::string) throw unexpected("a file name", value);
      record.file_name = std::string_view(value.get_string());
    } else if (key == "segments_info") {
      if (type_of(value) != json_type::array) throw unexpected("a list of segments", value);
      has_segments = true;
      record.segments.clear();
      for (auto element : value.get_array()) {
        JsonValue segment = element.value();
        const std::string_view raw = text_of(segment);
        PanopticRecord::Segment& added = record.segments.emplace_back();
        added.padded.reserve(raw.size() + kJsonPadding);
        added.padded = raw;
        added.padded.append(kJsonPadding, '\0');
        added.line = line_in(text, raw.data());
      }
    }
  });
  if (!has_segments)
    throw Error(Code::bad_value, "an annotation without segments_info").at_field("segments_info");
  return record;
}

}  // namespace maskmill
