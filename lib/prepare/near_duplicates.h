// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "base/record_file.h"
#include "image/perceptual_hash.h"

namespace maskmill {

/// Two pictures that show the same.
struct NearPair {
  std::uint32_t first = 0, second = 0;  ///< numbers as NearDuplicates::add gave them; first < second
  double agreement = 0;                 ///< as Overlay has it
  bool is_mirrored = false;             ///< one of them left to right
  bool is_cut = false;                  ///< one of them is a cut-out of the other
};

/// How far two thumbnails agree when one is laid upon the other, cut and mirrored as is best from where
/// `start` says: the correlation of their fine structure, 1 for the same picture. Registration is by
/// Gauss-Newton over shift and scale along both axes, brightness and contrast (Lucas and Kanade, "An
/// iterative image registration technique", IJCAI 1981).
struct Overlay {
  double agreement = -1;
  double cut = 0;  ///< the largest part of a side that only one of them shows
};
Overlay overlay_of(const GrayThumbnail& whole, const CropWindow& start, const GrayThumbnail& other);

/// Finds pictures that show the same though their files differ: saved again, resized, noisy, brighter, cut by
/// a few percent, mirrored. Their perceptual hashes lie near each other (prepare/hamming_index.h); what is
/// near is then compared by its pixels, so that pictures that are merely alike are no pair.
/// docs/performance.md says how many are found and how long it takes.
///
/// On disk 1 KB a picture; in memory nothing while they are added, and 50 bytes each while pairs are looked
/// for, besides at most 36 MB.
class NearDuplicates {
 public:
  /// Returns its number, from 0 on. One thread at a time. Throws Error(write_failed).
  std::uint32_t add(const GrayThumbnail& thumbnail);
  std::uint32_t size() const { return static_cast<std::uint32_t>(pictures_.size()); }

  /// What finding them took, for those who want to know how it grows.
  struct Effort {
    std::uint64_t hashes = 0;    ///< compared with another
    std::uint64_t pictures = 0;  ///< laid upon another
  };

  /// Visits enough pairs to connect all pictures that pairs connect, which are at most as many as there are
  /// pictures; and for a picture that has a partner of another kind (`kind_of` its number, such as its
  /// subset) one such pair, if its others are none and it is among those compared. On all threads of the
  /// current Jobs; the pairs and their order do not depend on their number. Visits on the calling thread.
  ///
  /// Compared by pixels with a picture are the sixteen with the nearest hashes, of those within
  /// HammingIndex::kRadius bits, four of one hash at most. The work for one picture is bounded, whatever the
  /// others are: where thousands of different hashes lie near its own, the sixteen are of the 262,144 that
  /// were looked at. Throws Error(write_failed) if the temporary file is lost.
  Effort find(const std::function<void(const NearPair&)>& visit,
              const std::function<std::uint32_t(std::uint32_t number)>& kind_of = {}) const;

 private:
  struct Picture {
    std::uint64_t hash = 0;
    GrayThumbnail thumbnail;
  };
  RecordFile<Picture> pictures_;
};

}  // namespace maskmill
