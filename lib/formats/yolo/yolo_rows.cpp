// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yolo_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <span>
#include <tuple>

#include "base/error.h"
#include "base/text.h"
#include "formats/yolo/yolo_numbers.h"

namespace maskmill {
namespace {

/// What Ultralytics lets pass (verify_image_label): 1 % of a side.
constexpr double kTolerance = 0.01;
constexpr std::size_t kBoxNumbers = 4, kFewestPolygonNumbers = 6, kObbNumbers = 8;
constexpr double kLargestClass = 1e9;

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

void split_words(std::string_view line, std::vector<std::string_view>& words) {
  words.clear();
  for (std::size_t at = 0; at < line.size();) {
    while (at < line.size() && is_blank(line[at])) ++at;
    std::size_t end = at;
    while (end < line.size() && !is_blank(line[end])) ++end;
    if (end > at) words.push_back(line.substr(at, end - at));
    at = end;
  }
}

/// Calls visit(line number, line) for each line, as Python's splitlines does for the line ends that occur.
template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (text.starts_with(mark)) text.remove_prefix(mark.size());
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\n\r");
    visit(++number, text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(text.compare(end, 2, "\r\n") == 0 ? end + 2 : end + 1);
  }
}

/// Ultralytics reads numbers as floats: 0.0 is a class too.
std::optional<std::int64_t> class_of(std::string_view word) {
  const auto number = parse_yolo_number(word);
  if (!number || number->value < 0 || number->value > kLargestClass ||
      number->value != std::floor(number->value))
    return std::nullopt;
  return static_cast<std::int64_t>(number->value);
}

/// A corner to the next of a turned box; what of it is width is said by outline()'s order, or its reverse.
RotatedBox turned_box(const Ring& ring) {
  const auto& [a, b, c, d] = std::tie(ring[0], ring[1], ring[2], ring[3]);
  const double doubled_area = (c.x - a.x) * (d.y - b.y) - (c.y - a.y) * (d.x - b.x);
  const bool clockwise = doubled_area > 0;  // as seen: y points down
  const Point &along = clockwise ? b : d, &across = clockwise ? d : b;
  const double width = std::hypot(along.x - a.x, along.y - a.y),
               height = std::hypot(across.x - a.x, across.y - a.y);
  // Half a pixel: label files round.
  const bool is_rectangle = std::hypot(a.x + c.x - b.x - d.x, a.y + c.y - b.y - d.y) <= 1 &&
                            std::abs((along.x - a.x) * (across.x - a.x) +
                                     (along.y - a.y) * (across.y - a.y)) <= std::max(width, height);
  if (is_rectangle && width > 0 && height > 0)
    return {{(a.x + b.x + c.x + d.x) / 4, (a.y + b.y + c.y + d.y) / 4},
            width,
            height,
            std::atan2(along.y - a.y, along.x - a.x) * 180 / std::numbers::pi};
  // As Ultralytics (ops.xyxyxyxy2xywhr): the smallest turned box around the four points.
  std::vector<cv::Point2f> points;
  for (const Point& point : ring)
    points.emplace_back(static_cast<float>(point.x), static_cast<float>(point.y));
  const cv::RotatedRect box = cv::minAreaRect(points);
  return {{box.center.x, box.center.y}, box.size.width, box.size.height, box.angle};
}

/// What Ultralytics knows a row by: class and box, as 32-bit floats.
using RowKey = std::array<float, 5>;

class RowParser {
 public:
  RowParser(const Path& file, std::optional<Size> size, const RowRules& rules, std::vector<Finding>& findings)
      : file_(file.string()), size_(size.value_or(Size{1, 1})), rules_(rules), findings_(findings) {}

  void parse_line(std::size_t line, std::string_view text) {
    split_words(text, words_);
    if (words_.empty()) return;
    place_ = {file_, line, {}};
    try {
      parse_row();
    } catch (Error& error) {
      findings_.push_back(to_finding(error.at(place_), "unreadable-row"));
    }
  }

  std::vector<Annotation> finish() && {
    report_same_boxes();
    if (boxes_ > 0 && polygons_ > 0)
      findings_.push_back(
          {"mixed-rows", Severity::warning, Place{file_, {}, {}},
           fmt::format("{} of boxes beside {} of polygons: here each is what it is; Ultralytics leaves "
                       "the image out, and its older releases take a box for two points",
                       counted(boxes_, "row"), counted(polygons_, "row")),
           "write it again with task=segment or task=detect"});
    return std::move(annotations_);
  }

 private:
  void parse_row() {
    const auto number = class_of(words_.front());
    if (!number)
      throw Error(Code::bad_value,
                  fmt::format("a row begins with a class number; found {}", in_quotes(words_.front())));
    numbers_.clear();
    for (std::size_t i = 1; i < words_.size(); ++i) {
      const auto value = parse_yolo_number(words_[i]);
      if (!value)
        throw Error(Code::bad_value,
                    fmt::format("{} is no number that a coordinate can be", in_quotes(words_[i])));
      numbers_.push_back(*value);
    }
    Annotation annotation;
    annotation.origin = place_;
    take_extra(annotation);
    take_shape(annotation, *number);
    set_label(annotation, *number);
    annotations_.push_back(std::move(annotation));
  }

  std::size_t pose_numbers() const {
    return rules_.keypoints ? kBoxNumbers + static_cast<std::size_t>(rules_.keypoints->numbers()) : 0;
  }

  /// Takes what stands behind the coordinates from the numbers.
  void take_extra(Annotation& annotation) {
    YoloExtra extra = rules_.extra;
    if (extra == YoloExtra::automatic) {
      if (numbers_.size() % 2 == 0) return;  // it could be a polygon
      if (numbers_.size() != kBoxNumbers + 1 && numbers_.size() != pose_numbers() + 1) return;
      const double last = numbers_.back().value;
      extra = last > 1 && last == std::floor(last) ? YoloExtra::track : YoloExtra::score;
    }
    if (extra == YoloExtra::none) return;
    const std::size_t count = extra == YoloExtra::score_track ? 2 : 1;
    if (numbers_.size() < kBoxNumbers + count)
      throw Error(Code::bad_value, fmt::format("{} behind the class, where a shape and {} are needed",
                                               counted(numbers_.size(), "number"),
                                               count == 2                  ? "a score and a track's number"
                                               : extra == YoloExtra::score ? "a score"
                                                                           : "a track's number"));
    if (extra != YoloExtra::score) {
      const double track = numbers_.back().value;
      numbers_.pop_back();
      if (track != std::floor(track) || std::abs(track) > 1e15)
        throw Error(Code::bad_value, fmt::format("{} is no number of a track", in_quotes(words_.back())))
            .hint("say what stands behind the coordinates, as --read extra=score");
      annotation.attributes.emplace_back("track", static_cast<std::int64_t>(track));
    }
    if (extra == YoloExtra::track) return;
    annotation.score = numbers_.back().value;
    numbers_.pop_back();
    if (*annotation.score < 0 || *annotation.score > 1)
      findings_.push_back({"score-outside-range", Severity::warning, place_,
                           fmt::format("the score {} is not between 0 and 1", *annotation.score), ""});
  }

  void take_shape(Annotation& annotation, std::int64_t number) {
    const std::size_t count = numbers_.size();
    if (rules_.keypoints && count == pose_numbers()) {
      take_box(annotation, number, false);
      take_keypoints(annotation);
    } else if (count == kBoxNumbers) {
      take_box(annotation, number, true);
    } else if (count >= kFewestPolygonNumbers && count % 2 == 0) {
      take_polygon(annotation, number);
    } else {
      throw wrong_count(count);
    }
  }

  Error wrong_count(std::size_t count) const {
    std::string wanted = "4 of a box, or an even number of 6 or more of a polygon";
    if (rules_.keypoints) wanted += fmt::format(", or {} of a box with keypoints", pose_numbers());
    Error error(Code::bad_value,
                fmt::format("{} behind the class, where {} are needed", counted(count, "number"), wanted));
    if (count > kFewestPolygonNumbers && count % 2 == 1 && rules_.extra == YoloExtra::automatic)
      error.hint("where the last is a score or a track's number, say so: --read extra=score or extra=track");
    return error;
  }

  void take_box(Annotation& annotation, std::int64_t number, bool is_whole_row) {
    const Extent x = extent_in_pixels(numbers_[0], numbers_[2], size_.width),
                 y = extent_in_pixels(numbers_[1], numbers_[3], size_.height);
    if (x.length < 0 || y.length < 0) throw Error(Code::bad_value, "a box has a negative width or height");
    report_outside(std::span(numbers_).first(kBoxNumbers));
    if (x.length == 0 || y.length == 0)
      findings_.push_back({"box-empty", Severity::warning, place_, "the box has no width or no height", ""});
    annotation.shape = Box{x.begin, y.begin, x.length, y.length};
    if (!is_whole_row) return;
    ++boxes_;
    add_key({static_cast<float>(number), as_float(0), as_float(1), as_float(2), as_float(3)});
  }

  float as_float(std::size_t index) const { return static_cast<float>(numbers_[index].value); }

  void take_keypoints(Annotation& annotation) {
    const auto values = static_cast<std::size_t>(rules_.keypoints->values);
    bool any = false;
    for (std::size_t at = kBoxNumbers; at + values <= numbers_.size(); at += values) {
      const YoloNumber &x = numbers_[at], &y = numbers_[at + 1];
      Keypoint keypoint{{in_pixels(x, size_.width), in_pixels(y, size_.height)}, 2};
      if (values == 2)
        keypoint.visibility = x.value < 0 || y.value < 0 ? 0 : 2;
      else
        keypoint.visibility = visibility_of(numbers_[at + 2].value);
      any |= keypoint.visibility != 0;
      annotation.keypoints.push_back(keypoint);
    }
    if (!any) annotation.keypoints.clear();
  }

  /// 0, 1 or 2; in predictions it is a confidence.
  static int visibility_of(double value) {
    if (value == 0 || value == 1 || value == 2) return static_cast<int>(value);
    if (value > 0 && value < 1) return value < 0.5 ? 1 : 2;
    throw Error(Code::bad_value,
                fmt::format("a keypoint's visibility is {}, where 0, 1 or 2 is needed", value));
  }

  void take_polygon(Annotation& annotation, std::int64_t number) {
    report_outside(numbers_);
    Ring ring;
    ring.reserve(numbers_.size() / 2);
    float left = std::numeric_limits<float>::infinity(), top = left, right = -left, bottom = -left;
    for (std::size_t i = 0; i < numbers_.size(); i += 2) {
      ring.push_back({in_pixels(numbers_[i], size_.width), in_pixels(numbers_[i + 1], size_.height)});
      left = std::min(left, as_float(i)), right = std::max(right, as_float(i));
      top = std::min(top, as_float(i + 1)), bottom = std::max(bottom, as_float(i + 1));
    }
    ++polygons_;
    add_key({static_cast<float>(number), (left + right) / 2, (top + bottom) / 2, right - left, bottom - top});
    if (rules_.obb && numbers_.size() == kObbNumbers)
      annotation.shape = turned_box(ring);
    else
      annotation.shape = Polygon{{{std::move(ring), {}}}};
  }

  void report_outside(std::span<const YoloNumber> coordinates) {
    const auto outside = std::ranges::find_if(coordinates, [](const YoloNumber& number) {
      return number.value < -kTolerance || number.value > 1 + kTolerance;
    });
    if (outside == coordinates.end()) return;
    findings_.push_back(
        {"outside-image", Severity::warning, place_,
         fmt::format("{:g} is no fraction of the image's side: Ultralytics leaves the image out",
                     outside->value),
         "cut the shape at the image's edge, or divide pixels by width and height"});
  }

  void set_label(Annotation& annotation, std::int64_t number) {
    if (const auto found = rules_.labels.find(number); found != rules_.labels.end()) {
      annotation.label = found->second;
      return;
    }
    annotation.attributes.emplace_back("class", number);
    findings_.push_back({"unknown-label", Severity::error, place_,
                         fmt::format("there is no class {}; Ultralytics leaves the image out", number),
                         "name it in data.yaml, or correct the row"});
  }

  void add_key(const RowKey& key) { keys_.emplace_back(key, *place_.line); }

  /// JSON2YOLO and Ultralytics drop them, even where the polygons differ: here they stay.
  void report_same_boxes() {
    std::ranges::sort(keys_);
    for (std::size_t i = 1; i < keys_.size(); ++i)
      if (keys_[i].first == keys_[i - 1].first)
        findings_.push_back(
            {"same-box", Severity::warning, Place{file_, keys_[i].second, {}},
             fmt::format(
                 "class and box are those of line {}: of equal rows Ultralytics keeps one, its older releases "
                 "also of equal boxes",
                 keys_[i - 1].second),
             "delete it if it is the same object"});
  }

  std::string file_;
  Size size_;
  const RowRules& rules_;
  std::vector<Finding>& findings_;
  std::vector<Annotation> annotations_;
  std::vector<std::pair<RowKey, std::size_t>> keys_;
  std::size_t boxes_ = 0, polygons_ = 0;
  // Of the current line:
  Place place_;
  std::vector<std::string_view> words_;
  std::vector<YoloNumber> numbers_;
};

}  // namespace

std::vector<Annotation> parse_yolo_rows(std::string_view text, const Path& file, std::optional<Size> size,
                                        const RowRules& rules, std::vector<Finding>& findings) {
  RowParser parser(file, size, rules, findings);
  for_each_line(text, [&](std::size_t line, std::string_view row) { parser.parse_line(line, row); });
  return std::move(parser).finish();
}

std::optional<bool> begins_with_row(std::string_view text) {
  std::optional<bool> found;
  std::vector<std::string_view> words;
  for_each_line(text, [&](std::size_t, std::string_view line) {
    if (found) return;
    split_words(line, words);
    if (words.empty()) return;
    found =
        words.size() > kBoxNumbers && class_of(words.front()) &&
        std::ranges::all_of(words, [](std::string_view word) { return parse_yolo_number(word).has_value(); });
  });
  return found;
}

std::vector<std::int64_t> class_numbers(std::string_view text) {
  std::vector<std::int64_t> numbers;
  std::vector<std::string_view> words;
  for_each_line(text, [&](std::size_t, std::string_view line) {
    split_words(line, words);
    if (words.size() <= kBoxNumbers) return;
    if (const auto number = class_of(words.front())) numbers.push_back(*number);
  });
  return numbers;
}

std::string RowWriter::box(int number, const Box& box) const {
  const auto [x, width] = extent_texts({box.x, box.width}, size.width, decimals);
  const auto [y, height] = extent_texts({box.y, box.height}, size.height, decimals);
  return fmt::format("{} {} {} {} {}\n", number, x, y, width, height);
}

std::string RowWriter::polygon(int number, const Ring& ring) const {
  std::string row = std::to_string(number);
  for (const Point& point : ring) {
    row += ' ' + fraction_text(point.x, size.width, decimals);
    row += ' ' + fraction_text(point.y, size.height, decimals);
  }
  return row + "\n";
}

std::string RowWriter::pose(int number, const Box& around, const std::vector<Keypoint>& keypoints,
                            int count) const {
  std::string row = box(number, around);
  row.pop_back();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    if (i >= keypoints.size()) {
      row += " 0 0 0";
      continue;
    }
    const Keypoint& keypoint = keypoints[i];
    row += ' ' + fraction_text(keypoint.at.x, size.width, decimals);
    row += ' ' + fraction_text(keypoint.at.y, size.height, decimals);
    row += ' ' + std::to_string(keypoint.visibility);
  }
  return row + "\n";
}

}  // namespace maskmill
