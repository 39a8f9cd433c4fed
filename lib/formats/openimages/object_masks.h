// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/finding.h"
#include "dataset/dataset.h"
#include "formats/openimages/mask_names.h"

namespace maskmill {

/// A mask file of one object: every pixel that is not 0 is the object's, at the image's exact size.
MaskRef object_mask(Path file);

/// Looks at the mask's header, and fills in the size of an image whose size nothing says. False, with a
/// finding "unreadable-mask", where it cannot be read. A warning, "mask-stretched", where its proportions are
/// not the image's.
bool check_object_mask(MaskRef& mask, std::optional<Size>& image, Look look, std::vector<Finding>& findings);

/// The PNG for an annotation's pixels: the file itself where it is one, else 8 bits of 0 and 255. `shape` is
/// a MaskRef or an Rle. Throws Error as read_mask_shape, and Error(bad_value) for an Rle of another size than
/// the image's.
std::string object_mask_png(const Shape& shape, std::optional<Size> image);

/// True for a shape of pixels: a MaskRef or an Rle.
bool has_pixel_mask(const Annotation& annotation);
/// The annotation's box: its shape, or what it states, or that around its pixels; nothing where there are
/// none. Throws Error as read_mask_shape.
std::optional<Box> box_of_object(const Annotation& annotation, std::optional<Size> image);

/// Gives the masks of one image their BoxIDs: an annotation's own number where it fits, else one made from
/// the image's id and the mask's place in it.
class OpenImagesBoxIds {
 public:
  explicit OpenImagesBoxIds(const Item& item);
  std::uint32_t next(const Annotation& annotation);

 private:
  std::string item_;
  std::set<std::int64_t> stated_, taken_;
};

}  // namespace maskmill
