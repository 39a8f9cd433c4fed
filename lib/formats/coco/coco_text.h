// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/enum_names.h"
#include "dataset/item.h"

namespace maskmill {

/// How an RLE is written: COCO's string, or its run lengths.
enum class RleText { compressed, uncompressed };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<RleText>{"compressed", "uncompressed"};

/// An image as the end of a JSON object, `,"file_name":...}` on one line: its id comes before. `subset` is
/// written if it is not empty, the item's id if the name is absolute.
std::string coco_image_text(const Item& item, const std::string& file_name, const std::string& subset);

/// An annotation as the end of a JSON object, `,"category_id":...}` on one line: id, image_id and iscrowd
/// come before. Area and box are computed where the annotation does not state them: of the mask, as
/// pycocotools has them; of the outline where the image's size is not known. Throws Error(bad_value) for
/// numbers that are not finite, rings of less than 3 points, RLEs that do not fill their size or have another
/// than the image, and annotations of the background; Error(bug) for shapes that the format does not hold.
std::string coco_annotation_text(const Annotation& annotation, std::optional<Size> image_size,
                                 std::span<const std::optional<std::int64_t>> label_ids, RleText rle);

/// A segment of a panoptic file.
struct CocoSegment {
  std::int64_t id = 0, category = 0;
  bool is_crowd = false;
  std::int64_t area = 0;
  Box box;
};
/// The whole object; of the annotation, what it says besides.
std::string coco_segment_text(const Annotation& annotation, const CocoSegment& segment);

/// A detection as the end of a JSON object, `,"category_id":...}` on one line: image_id comes before. Its
/// bbox comes apart, `,"bbox":[...]`: whether it is written depends on the other detections.
struct CocoResultText {
  std::string text, box;    ///< no box: keypoints alone
  bool states_box = false;  ///< the box is all there is, or, `with_boxes`, stated beside the mask
};
/// Throws Error as coco_annotation_text.
CocoResultText coco_result_text(const Annotation& annotation, std::optional<Size> image_size,
                                std::span<const std::optional<std::int64_t>> label_ids, RleText rle,
                                bool with_boxes);

}  // namespace maskmill
