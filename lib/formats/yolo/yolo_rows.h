// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/finding.h"
#include "dataset/item.h"

namespace maskmill {

/// What stands behind the coordinates in the rows of predictions (`save_txt`, `save_conf`).
enum class YoloExtra { automatic, none, score, track, score_track };
template <>
inline constexpr std::array<std::string_view, 5> enum_names<YoloExtra>{"auto", "none", "score", "track",
                                                                       "score-track"};

/// The keypoints of each row, as data.yaml's kpt_shape states them.
struct KeypointShape {
  int count = 0;
  int values = 0;  ///< 2, or 3 with the visibility
  int numbers() const { return count * values; }
  friend bool operator==(const KeypointShape&, const KeypointShape&) = default;
};

/// How rows are to be understood.
struct RowRules {
  std::map<std::int64_t, int> labels;  ///< by class number, the index in the LabelMap
  std::optional<KeypointShape> keypoints;
  bool obb = false;  ///< four points are a turned box
  YoloExtra extra = YoloExtra::automatic;
};

/// A label file larger than that is refused.
inline constexpr std::uint64_t kMostLabelBytes = std::uint64_t{64} << 20;

/// The annotations of a label file, in its order. Numbers behind the class: 4 are a box (centre, width,
/// height), 6 or more of an even number a polygon; with `keypoints`, as many as these need are a box and its
/// keypoints. YoloExtra::automatic takes one more behind a box or behind keypoints as a score or, where it is
/// a whole number above 1, as a track's; behind a polygon it could as well be a point cut short, and is an
/// error.
///
/// `size`: none leaves coordinates as fractions. A row that cannot be read costs itself: "unreadable-row".
/// Further findings: "unknown-label" (the class is kept as the attribute "class"), "outside-image",
/// "score-outside-range", "box-empty", "same-box" and "mixed-rows", for both of which Ultralytics reads less
/// or something else.
std::vector<Annotation> parse_yolo_rows(std::string_view text, const Path& file, std::optional<Size> size,
                                        const RowRules& rules, std::vector<Finding>& findings);

/// Whether the first line with anything in it can be a row; nothing for a text without one.
std::optional<bool> begins_with_row(std::string_view text);
/// The class numbers of rows, as often as they occur.
std::vector<std::int64_t> class_numbers(std::string_view text);

/// The rows of single annotations, with line ends.
struct RowWriter {
  Size size;
  std::optional<int> decimals;

  /// Throw Error(bad_value) as fraction_text.
  std::string box(int number, const Box& box) const;
  std::string polygon(int number, const Ring& ring) const;
  /// Keypoints that the annotation has not are written as not labelled.
  std::string pose(int number, const Box& box, const std::vector<Keypoint>& keypoints, int count) const;
};

}  // namespace maskmill
