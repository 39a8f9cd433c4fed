// SPDX-License-Identifier: Apache-2.0
#include "dataset/components.h"

#include <algorithm>

namespace maskmill {

void Components::begin_column() {
  join_columns();
  previous_ = current_;
  current_ = pieces_.size();
  position_ += height_;
}

void Components::add(std::uint32_t top, std::uint32_t bottom, std::uint32_t label) {
  const std::uint32_t column = position_ - height_;
  if (pieces_.size() > current_ && pieces_.back().label == label && pieces_.back().end == column + top)
    pieces_.back().end = column + bottom;
  else
    pieces_.push_back({column + top, column + bottom, label, static_cast<std::uint32_t>(pieces_.size())});
}

std::vector<Components::Piece> Components::finish() && {
  join_columns();
  std::uint32_t components = 0;
  for (std::uint32_t i = 0; i < pieces_.size(); ++i) {
    // A root comes before the pieces under it, and has its number by then.
    const std::uint32_t parent = pieces_[i].component;
    pieces_[i].component = parent == i ? components++ : pieces_[parent].component;
  }
  return std::move(pieces_);
}

std::uint32_t Components::root_of(std::uint32_t piece) {
  while (pieces_[piece].component != piece) {
    const std::uint32_t parent = pieces_[piece].component;
    pieces_[piece].component = pieces_[parent].component;
    piece = parent;
  }
  return piece;
}

void Components::join_columns() {
  std::size_t first = previous_;  // of the pieces on the left that may touch the piece at hand
  for (std::size_t i = current_; i < pieces_.size(); ++i) {
    // As if the piece lay in the column on the left.
    const std::uint32_t begin = pieces_[i].begin - height_, end = pieces_[i].end - height_;
    while (first < current_ && pieces_[first].end < begin) ++first;
    for (std::size_t k = first; k < current_ && pieces_[k].begin <= end; ++k) {
      if (pieces_[k].label != pieces_[i].label) continue;
      const std::uint32_t a = root_of(static_cast<std::uint32_t>(k)),
                          b = root_of(static_cast<std::uint32_t>(i));
      pieces_[std::max(a, b)].component = std::min(a, b);
    }
  }
}

}  // namespace maskmill
