// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// Formats count pixels from 0 or 1, include the last one or not, and round: a pixel each way.
constexpr double kTolerancePx = 2;

bool lies_outside(const Box& box, const Box& image) {
  return are_apart(box, image) || (box.area() > 0 && clipped(box, image).area() <= 0);
}

double px_outside(const Box& box, const Box& image) {
  return std::max(
      {image.x - box.x, image.y - box.y, box.x + box.width - image.width, box.y + box.height - image.height});
}

void find_outside(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  const std::optional<Size> size = facts.size_of(item);
  if (!size) return;
  const Box image = Window{0, 0, *size}.box();
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    const auto& box = facts.objects[i].box;
    if (!box || mask_pixels(annotation, facts.objects[i])) continue;
    const std::string shape = fmt::format("the {} {}", shape_name(annotation.shape), in_words(*box));
    if (lies_outside(*box, image))
      report(place_of(annotation, item),
             fmt::format("{} lies outside the image of {}", shape, to_string(*size)),
             "find out for which image or which size it was drawn", Severity::error);
    else if (const double beyond = px_outside(*box, image); beyond > kTolerancePx)
      report(place_of(annotation, item),
             fmt::format("{} reaches {:.6g} px beyond the image of {}", shape, beyond, to_string(*size)), "");
  }
}

}  // namespace

extern const Rule outside_image;
const Rule outside_image{
    .id = "outside-image",
    .severity = Severity::warning,
    .title = "a shape outside of its image, in part or (an error) wholly",
    .harm =
        "Some trainers clip it, some leave the image out, some fail; what lies outside wholly was drawn for "
        "another image or another size, as its neighbours may be.",
    .fix = "Cut it at the image's edge: maskmill transform --drop-invalid; or correct it.",
    .run = find_outside};

}  // namespace maskmill
