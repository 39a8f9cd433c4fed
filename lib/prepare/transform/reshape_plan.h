// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "dataset/labels.h"
#include "formats/format.h"
#include "prepare/transform/reshape.h"

namespace maskmill {

/// Where the pixels of an item come from: a window of its image, resized.
struct Frame {
  Window crop;
  Size size;
  bool is_whole(Size image) const { return crop == Window{0, 0, image} && size == image; }
};

/// ReshapeSettings, checked, and what they mean for an image.
class ReshapePlan {
 public:
  /// Throws Error(usage) for settings that cannot be.
  ReshapePlan(const ReshapeSettings& settings, const PictureSettings& pictures, const Capabilities& target,
              const LabelMap& labels);

  /// Nothing where the crop lies outside the image. Throws Error(bad_value) for more than 2^30 pixels.
  std::optional<Frame> frame(Size image) const;

  bool tiles() const { return tile_.has_value(); }
  std::size_t tiles_of(Size frame) const { return tile_ ? grid(frame).size() : 1; }
  Window tile(Size frame, std::size_t index) const {
    return tile_ ? grid(frame)[index] : Window{0, 0, frame};
  }

  const PictureSettings picture_settings;
  const std::shared_ptr<const MaskCoding> label_coding, instance_coding;
  const bool numbers_objects;  ///< annotations of tiles get kTileObject
  bool cuts_pixels = false;    ///< what has an area becomes an RLE before it is cut

 private:
  void set_crop(const std::vector<int>& crop);
  TileGrid grid(Size frame) const { return {frame, *tile_, overlap_, edges_}; }
  Size resized_to(Size from) const;

  std::optional<Window> crop_;
  const std::optional<Size> centre_, resize_;
  const std::optional<int> longest_;
  const std::optional<double> scale_;
  const std::optional<Size> tile_;
  const int overlap_;
  const TileEdges edges_;
};

}  // namespace maskmill
