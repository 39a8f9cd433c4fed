// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/finding.h"
#include "dataset/item.h"

namespace maskmill {

/// COCO's ids are integers. Files in the wild also hold them as text ("12" is taken as 12) or not at all.
using CocoId = std::variant<std::monostate, std::int64_t, std::string>;
/// For messages: 12, "abc", "none".
std::string to_string(const CocoId& id);

struct ImageRecord {
  CocoId id;
  std::string file_name;    ///< empty if there is none
  bool is_address = false;  ///< the file name is a coco_url, which LVIS has instead
  std::string subset;       ///< as our writer puts it where one file holds all subsets
  std::string item;         ///< the item's id, as our writer puts it beside an absolute file name
  std::optional<Size> size;
  std::string size_problem;  ///< what is wrong with width and height where there is no size
  Attributes attributes;
};

struct AnnotationIds {
  CocoId id, image;
  CocoId category;  ///< where it is asked for
};

/// What a panoptic file says of one image.
struct PanopticRecord {
  struct Segment {
    std::string padded;    ///< its text, and the padding that json_elements.h asks for
    std::size_t line = 1;  ///< in the annotation's text
    std::string_view text() const;
  };
  std::string file_name;  ///< of the PNG; empty where there is none
  std::vector<Segment> segments;
};

/// What an annotation needs to know of its surroundings.
struct AnnotationContext {
  std::optional<Size> image_size;
  /// The index in the LabelMap; nothing for an id that no category has.
  std::function<std::optional<int>(const CocoId&)> label;
  bool zero_is_unknown_crowd = false;  ///< iscrowd 0 only says that the file states no such flag
  bool has_pixels_elsewhere = false;   ///< so that nothing is lost with a box that cannot be read
};

/// Reads elements of COCO's lists from text that is padded as json_elements.h says. One thread at a time.
///
/// Each throws Error(bad_format | bad_value | unsupported), with the field, and the line counted from 1 in
/// the text where it is known; problems that leave the rest usable go into `findings`, with the same kind of
/// place.
class RecordReader {
 public:
  RecordReader();
  ~RecordReader();
  RecordReader(RecordReader&&) noexcept;

  /// Of an image's text, its id alone.
  AnnotationIds annotation_ids(std::string_view text, bool with_category = false);
  ImageRecord image(std::string_view text, std::vector<Finding>& findings);
  /// A ring, box, area, score or list of keypoints that cannot be read is left out and found. It is thrown
  /// only where the annotation would be left without a shape and without keypoints, though it states some.
  Annotation annotation(std::string_view text, const AnnotationContext& context,
                        std::vector<Finding>& findings);
  /// Each segment is an annotation's text.
  PanopticRecord panoptic(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace maskmill
