// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "image/image.h"

namespace maskmill {

/// Values of a mask that are no labels of their own: they lie between the values of the regions on either
/// side of a border. Resizing with smoothing, drawing with antialiasing and JPEG leave them. Values are
/// stored ones; a colour is r << 16 | g << 8 | b.
struct Blends {
  struct Between {
    std::int64_t low = 0, high = 0;  ///< of the regions on either side
    std::int64_t pixels = 0;
  };
  std::vector<Between> borders;  ///< those with the most pixels first
  /// Value -> pixels: all of a value that forms no region of its own, else those that lie at such borders.
  std::map<std::int64_t, std::int64_t> pixels_of;
  std::int64_t pixels() const;
};

/// Nothing where the borders are sharp. Looks along lines of pixels: where a run of one value gives way to a
/// run of another, a sharp border has nothing in between; a smoothed one has a few pixels, and many of these
/// have values between the two. A mask is taken for smoothed where most of its borders are not sharp, many
/// have values in between, and these are at least three: so thin bands of one label whose number happens to
/// lie between its neighbours' pass, and so do thin objects. Smoothing that leaves fewer values, such as
/// between labels 1 and 3, cannot be told from such bands. Whether a mask is smoothed costs a fixed number of
/// lines; only a smoothed one is read whole.
///
/// `by_colour`: a palette's colours are compared, not its indices.
std::optional<Blends> find_blends(const RawImage& mask, bool by_colour);

}  // namespace maskmill
