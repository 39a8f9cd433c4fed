// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/object_masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/hash.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/item_files.h"

namespace maskmill {
namespace {

/// Masks have their images' proportions, but for the rounding of their sides and a little.
constexpr double kMostStretch = 0.02;
constexpr std::int64_t kMostBoxId = 0xFFFFFFFF;

void compare_proportions(const MaskRef& mask, Size stored, Size image, std::vector<Finding>& findings) {
  const double difference = std::abs(static_cast<double>(stored.width) * image.height -
                                     static_cast<double>(stored.height) * image.width);
  const double one_pixel = 1.5 * std::max(image.width, image.height);
  if (difference <= std::max(one_pixel, kMostStretch * stored.width * image.height)) return;
  findings.push_back({"mask-stretched", Severity::warning, Place{mask.file.string(), {}, {}},
                      fmt::format("the mask has {} pixels, the image {}: it is stretched to the image's size",
                                  to_string(stored), to_string(image)),
                      "find out whether the image was turned or cropped"});
}

}  // namespace

MaskRef object_mask(Path file) {
  MaskRef mask;  // without a coding: it is an object's own, and no mask of a label
  mask.file = std::move(file);
  mask.resize_to_image = true;
  return mask;
}

bool check_object_mask(MaskRef& mask, std::optional<Size>& image, Look look, std::vector<Finding>& findings) {
  try {
    const Size stored = probe_mask(mask, look).stored;
    if (!image) image = stored;
    compare_proportions(mask, stored, *image, findings);
    return true;
  } catch (Error& error) {
    findings.push_back(to_finding(error.at_file(mask.file), "unreadable-mask"));
    return false;
  }
}

std::string object_mask_png(const Shape& shape, std::optional<Size> image) {
  if (const auto* mask = std::get_if<MaskRef>(&shape)) {
    if (!mask->value && !mask->made) {
      const ImageInfo info = probe_mask(*mask);
      if (info.kind == FileKind::png && (mask->resize_to_image || info.stored == image))
        return bytes_of(*mask);
    }
    return object_mask_png(read_mask_shape(*mask, image), image);
  }
  const Rle& rle = std::get<Rle>(shape);
  if (rle.size != image)
    throw Error(Code::bad_value, fmt::format("a mask of {} pixels in an image of {}", to_string(rle.size),
                                             to_string(image.value_or(Size()))));
  return encode_png(mask_from_rle(rle) * 255);
}

bool has_pixel_mask(const Annotation& annotation) {
  return std::holds_alternative<MaskRef>(annotation.shape) || std::holds_alternative<Rle>(annotation.shape);
}

std::optional<Box> box_of_object(const Annotation& annotation, std::optional<Size> image) {
  if (const auto* box = std::get_if<Box>(&annotation.shape)) return *box;
  if (annotation.box || !has_pixel_mask(annotation)) return annotation.box;
  const auto* mask = std::get_if<MaskRef>(&annotation.shape);
  const Rle pixels = mask ? read_mask_shape(*mask, image) : std::get<Rle>(annotation.shape);
  if (area(pixels) == 0) return std::nullopt;
  return bounding_box(pixels);
}

OpenImagesBoxIds::OpenImagesBoxIds(const Item& item) : item_(item.id) {
  for (const Annotation& annotation : item.annotations)
    if (annotation.id && has_pixel_mask(annotation)) stated_.insert(*annotation.id);
}

std::uint32_t OpenImagesBoxIds::next(const Annotation& annotation) {
  if (annotation.id && *annotation.id >= 0 && *annotation.id <= kMostBoxId &&
      taken_.insert(*annotation.id).second)
    return static_cast<std::uint32_t>(*annotation.id);
  auto number = static_cast<std::uint32_t>(digest_of(fmt::format("{}\n{}", item_, taken_.size())).low);
  while (stated_.contains(number) || !taken_.insert(number).second) ++number;
  return number;
}

}  // namespace maskmill
