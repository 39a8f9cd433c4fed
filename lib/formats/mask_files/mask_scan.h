// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/path.h"
#include "formats/mask_files/label_files.h"
#include "image/image.h"

namespace maskmill {

/// What occurs in the masks of a data set.
struct MaskScan {
  bool any_colour = false;  ///< a mask has three or four channels
  std::set<int> values;     ///< samples of the masks that have one channel
  std::map<int, Rgb>
      palette;            ///< of values that occur: the colour in the first mask that has a palette with them
  std::set<Rgb> colours;  ///< of colour masks, of palettes, and of gray samples up to 255

  /// How these masks are coded: binary where nothing but 0 and 255, or black and white, occurs and 255 or
  /// white does.
  PixelCoding coding() const;
};

enum class ScanUntil { end, not_binary };

/// Takes the number of a mask that cannot be read, and why.
using UnreadableMask = std::function<void(std::size_t number, const Error& error)>;

/// Decodes masks on all threads, `mask_at(i)` for i in [0, count), up to the last or until one shows that the
/// coding is not binary. `unreadable` is called in order, on this thread. Throws Error(bad_value) where more
/// than 1024 different values occur in a scan to the end: those are no labels.
MaskScan scan_masks(std::size_t count, const std::function<Path(std::size_t)>& mask_at, ScanUntil until,
                    const UnreadableMask& unreadable);

}  // namespace maskmill
