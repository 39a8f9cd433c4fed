// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "dataset/item.h"
#include "prepare/check/regions.h"

namespace maskmill {

/// What there is to know of an annotation's shape; found once, whatever number of rules ask.
struct ObjectFacts {
  std::optional<Box> box;  ///< around the shape; nothing where it has no extent or a coordinate is no number
  std::optional<Rle> pixels;  ///< of a mask file, at the image's size where its format says so
  double pixel_px = 1;        ///< image pixels a pixel of the mask file
  /// Of masks, and of polygons of several rings, whose parts may touch and overlap.
  RleRegions regions;
};

/// The pixels of a mask, wherever they are kept; null for other shapes.
const Rle* mask_pixels(const Annotation& annotation, const ObjectFacts& facts);

/// `size` is the image's, where it is known. Not of mask files, which have to be read first.
ObjectFacts object_facts(const Annotation& annotation, std::optional<Size> size);
void set_pixels(ObjectFacts& facts, Rle pixels);

/// Whose shape stands for one object, or may do so: no crowd and no mask of all there is of a label.
bool is_one_object(const Annotation& annotation);

/// For a finding: where the annotation is stated.
const Place& place_of(const Annotation& annotation, const Item& item);

/// "the box from 1, 2 to 30, 40".
std::string in_words(const Box& box);

}  // namespace maskmill
