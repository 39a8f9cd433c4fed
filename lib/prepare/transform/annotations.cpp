// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/annotations.h"

#include <algorithm>

#include "base/error.h"
#include "dataset/masks.h"

namespace maskmill {
namespace {

bool is_labelled(const Keypoint& keypoint) {
  return keypoint.visibility != 0;
}

void cut_keypoints(std::vector<Keypoint>& keypoints, const Window& window) {
  for (Keypoint& keypoint : keypoints) {
    const auto& [x, y] = keypoint.at;
    const bool inside = x >= window.x && y >= window.y && x <= window.right() && y <= window.bottom();
    if (is_labelled(keypoint) && inside)
      keypoint.at = {x - window.x, y - window.y};
    else
      keypoint = {};
  }
}

}  // namespace

void load_pixels(Annotation& annotation, Size image) {
  if (const auto* mask = std::get_if<MaskRef>(&annotation.shape)) try {
      annotation.shape = read_mask_shape(*mask, image);
    } catch (Error& error) {
      throw error.at(annotation.origin);
    }
}

void to_pixels(Annotation& annotation, Size image) {
  if (!has_area(annotation.shape) || std::holds_alternative<Rle>(annotation.shape)) return;
  try {
    annotation.shape = rasterise(annotation.shape, image);
  } catch (Error& error) {
    throw error.at(annotation.origin);
  }
}

std::vector<Annotation> cut(const Annotation& annotation, const Window& window) {
  std::vector<Annotation> pieces;
  const auto whole = bounding_box(annotation.shape);
  for (Shape& shape : cut(annotation.shape, window)) {
    Annotation piece = annotation;
    piece.shape = std::move(shape);
    const bool is_cut = whole && clipped(*whole, window.box()) != *whole;
    if (is_cut) piece.area.reset();
    if (is_cut && has_area(annotation.shape)) piece.box.reset();
    if (piece.box) {
      piece.box = clipped(*piece.box, window.box());
      piece.box->x -= window.x, piece.box->y -= window.y;
    }
    cut_keypoints(piece.keypoints, window);
    pieces.push_back(std::move(piece));
  }
  if (!whole && !annotation.keypoints.empty() && std::holds_alternative<std::monostate>(annotation.shape))
    std::erase_if(pieces, [&](const Annotation& piece) {
      return std::ranges::any_of(annotation.keypoints, is_labelled) &&
             std::ranges::none_of(piece.keypoints, is_labelled);
    });
  return pieces;
}

Annotation scaled(Annotation annotation, Size from, Size to) {
  annotation.shape = scaled(annotation.shape, from, to);
  annotation.area.reset();
  const double x = static_cast<double>(to.width) / from.width,
               y = static_cast<double>(to.height) / from.height;
  if (annotation.box) {
    const Box& box = *annotation.box;
    annotation.box = Box{box.x * x, box.y * y, box.width * x, box.height * y};
  }
  for (Keypoint& keypoint : annotation.keypoints) keypoint.at = {keypoint.at.x * x, keypoint.at.y * y};
  return annotation;
}

}  // namespace maskmill
