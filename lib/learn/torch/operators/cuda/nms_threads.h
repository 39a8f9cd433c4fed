// SPDX-License-Identifier: Apache-2.0
// Private to nms on CUDA: what its threads do. The kernels of nms.cu are loops over these, and so are the
// unit tests, on a CPU.
//
// Boxes lie by falling score in blocks of 64. Which of a block's boxes each box would suppress are the bits
// of a word, as in torchvision's kernel; unlike there, words are made for a slab of boxes at a time, kept is
// decided where they lie, and what is suppressed already is not looked at again.
#pragma once

#include <cstdint>

#include "learn/torch/operators/box_overlap.h"

namespace maskmill::learn::cuda {

/// A bit for each box of a block. Not std::uint64_t: CUDA's atomic operations take this one.
using Word = unsigned long long;
inline constexpr int kBlock = 64;
inline constexpr int kSlab = 64;  ///< blocks that are decided at once

/// Some blocks, to be decided; all before them have been.
template <class Value>
struct Slab {
  const Corners<Value>* boxes;
  const std::int64_t* categories;  ///< nullptr: all are one
  std::int64_t count;              ///< of all boxes
  std::int64_t total;              ///< of all blocks
  Value threshold;
  std::int64_t first;  ///< block
  int blocks;
  Word* suppressed;  ///< (total): by boxes of the slabs before
  Word* kept;        ///< (kSlab)
  Word* overlapped;  ///< (64 * blocks, total): not written where it does not matter

  MASKMILL_HOST_DEVICE int boxes_in(std::int64_t block) const {
    const std::int64_t left = count - block * kBlock;
    return static_cast<int>(left < kBlock ? left : kBlock);
  }
};

/// The boxes of one block, copied to where all threads that look at them have them near.
template <class Value>
struct NearBlock {
  const Corners<Value>* boxes;
  const std::int64_t* categories;
};

/// False where no box of the block `row` can suppress one of `column` that is not suppressed already.
template <class Value>
MASKMILL_HOST_DEVICE bool may_overlap(const Slab<Value>& slab, std::int64_t row, std::int64_t column) {
  return column >= row && slab.suppressed[column] != ~Word{0};
}

/// Writes which boxes of the block `column`, `others`, box `t` of the block `row` would suppress.
template <class Value>
MASKMILL_HOST_DEVICE void find_overlaps_of(const Slab<Value>& slab, std::int64_t row, std::int64_t column,
                                           int t, const NearBlock<Value>& others) {
  if (t >= slab.boxes_in(row) || (slab.suppressed[row] >> t & 1) != 0) return;
  const std::int64_t own = row * kBlock + t;
  const Corners<Value> box = slab.boxes[own];
  const Value area = area_of(box);
  const bool divided = slab.categories != nullptr;
  const std::int64_t category = divided ? slab.categories[own] : 0;
  const int count = slab.boxes_in(column);
  Word found = 0;
  for (int j = row == column ? t + 1 : 0; j < count; ++j) {
    if (divided && others.categories[j] != category) continue;
    const Corners<Value> other = others.boxes[j];
    if (suppresses(box, area, other, area_of(other), slab.threshold)) found |= Word{1} << j;
  }
  slab.overlapped[(own - slab.first * kBlock) * slab.total + column] = found;
}

/// Of the slab's block `b` the boxes behind box `t` that it would suppress.
template <class Value>
MASKMILL_HOST_DEVICE Word overlapped_within(const Slab<Value>& slab, int b, int t) {
  if (t >= slab.boxes_in(slab.first + b)) return 0;
  return slab.overlapped[static_cast<std::int64_t>(b * kBlock + t) * slab.total + slab.first + b];
}

/// Of the slab's block `b` the boxes that are kept: not among `suppressed`, nor suppressed by one before them
/// that is kept. overlapped[t]: overlapped_within(); of what is suppressed any number.
template <class Value>
MASKMILL_HOST_DEVICE Word kept_of(const Slab<Value>& slab, int b, Word suppressed, const Word* overlapped) {
  const int count = slab.boxes_in(slab.first + b);
  Word open = ~suppressed & (count < kBlock ? (Word{1} << count) - 1 : ~Word{0});
  for (int i = 0; i < kBlock; ++i) open &= ~((0 - (open >> i & 1)) & overlapped[i]);
  return open;
}

/// What the boxes first..end-1 of the slab's block `b`, those among `kept`, suppress of the block `column`.
template <class Value>
MASKMILL_HOST_DEVICE Word suppressed_by(const Slab<Value>& slab, int b, Word kept, std::int64_t column,
                                        int first, int end) {
  const Word* const words = slab.overlapped + static_cast<std::int64_t>(b * kBlock) * slab.total + column;
  Word found = 0;
  for (int i = first; i < end; ++i)
    if ((kept >> i & 1) != 0) found |= words[i * slab.total];
  return found;
}

}  // namespace maskmill::learn::cuda
