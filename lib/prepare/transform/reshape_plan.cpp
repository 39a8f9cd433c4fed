// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/reshape_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"

namespace maskmill {
namespace {

constexpr int kMostPixels = 1 << 30;

Size size_from(const std::string& text, const char* setting) {
  const std::vector<std::string> parts = split_text(text, 'x');
  const auto width = parts.size() == 2 ? to_integer(parts[0]) : std::nullopt;
  const auto height = parts.size() == 2 ? to_integer(parts[1]) : std::nullopt;
  if (!width || !height || *width < 1 || *height < 1 || *width > kMostPixels || *height > kMostPixels)
    throw Error(Code::usage, "expected WIDTHxHEIGHT in pixels, such as 512x512, found " + in_quotes(text))
        .at_field(setting);
  return {static_cast<int>(*width), static_cast<int>(*height)};
}

std::optional<Size> size_from(const std::optional<std::string>& text, const char* setting) {
  return text ? std::optional(size_from(*text, setting)) : std::nullopt;
}

}  // namespace

ReshapePlan::ReshapePlan(const ReshapeSettings& settings, const PictureSettings& pictures,
                         const Capabilities& target, const LabelMap& labels)
    : picture_settings(pictures),
      label_coding(index_coding(labels.size())),
      instance_coding(number_coding()),
      numbers_objects(target.attributes),
      centre_(size_from(settings.centre_crop, "center-crop")),
      resize_(size_from(settings.resize, "resize")),
      longest_(settings.longest_side),
      scale_(settings.scale),
      tile_(size_from(settings.tile, "tile")),
      overlap_(settings.overlap),
      edges_(settings.edges) {
  set_crop(settings.crop);
  if (resize_.has_value() + longest_.has_value() + scale_.has_value() > 1)
    throw Error(Code::usage, "give one of resize, longest-side and scale");
  if (scale_ && !(*scale_ > 0 && std::isfinite(*scale_)))
    throw Error(Code::usage, fmt::format("must be above 0, found {}", *scale_)).at_field("scale");
  if (tile_ && (overlap_ < 0 || overlap_ >= std::min(tile_->width, tile_->height)))
    throw Error(Code::usage,
                fmt::format("tiles of {} cannot share {} pixels with the next", to_string(*tile_), overlap_))
        .at_field("overlap")
        .hint("it must be less than each side of a tile");
  if (!tile_ && overlap_ != 0) throw Error(Code::usage, "is of tiles only").at_field("overlap");
  const bool cuts = crop_ || centre_ || tile_;
  cuts_pixels = cuts && (settings.cut == CutOutlines::pixels ||
                         (settings.cut == CutOutlines::automatic && !target.polygon));
}

void ReshapePlan::set_crop(const std::vector<int>& crop) {
  if (crop.empty()) return;
  if (crop.size() != 4 || crop[0] < 0 || crop[1] < 0 || crop[2] < 1 || crop[3] < 1)
    throw Error(Code::usage, "expected X,Y,WIDTH,HEIGHT with a width and a height of 1 or more")
        .at_field("crop");
  if (centre_) throw Error(Code::usage, "give one of crop and center-crop");
  // So that the sums are numbers, too; no image has as many pixels in one row.
  const auto at_most = [](int value) { return std::min(value, kMostPixels - 1); };
  crop_ = Window{at_most(crop[0]), at_most(crop[1]), {at_most(crop[2]), at_most(crop[3])}};
}

std::optional<Frame> ReshapePlan::frame(Size image) const {
  Window crop{0, 0, image};
  if (crop_) crop = common(crop, *crop_);
  if (centre_) {
    const Size size{std::min(centre_->width, image.width), std::min(centre_->height, image.height)};
    crop = {(image.width - size.width) / 2, (image.height - size.height) / 2, size};
  }
  if (crop.size.area() == 0) return std::nullopt;
  return Frame{crop, resized_to(crop.size)};
}

Size ReshapePlan::resized_to(Size from) const {
  Size to = resize_.value_or(from);
  const double factor =
      longest_ ? static_cast<double>(*longest_) / std::max(from.width, from.height) : scale_.value_or(1);
  if (scale_ || longest_) {
    const auto side = [&](int length) {
      return static_cast<int>(std::clamp(std::round(length * factor), 1.0, 1e9));
    };
    to = {side(from.width), side(from.height)};
  }
  if (to.area() > kMostPixels)
    throw Error(Code::bad_value, fmt::format("it would have {} pixels, and 2^30 are the most", to_string(to)))
        .hint("resize to less");
  return to;
}

}  // namespace maskmill
