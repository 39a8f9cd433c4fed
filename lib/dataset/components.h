// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace maskmill {

/// The 8-connected regions of equal labels, for all labels in one pass over the columns' runs: runs of
/// neighbouring columns that touch are joined by union-find (Rosenfeld and Pfaltz, "Sequential operations in
/// digital picture processing", 1966, on runs in place of pixels). Time and memory are linear in the runs.
class Components {
 public:
  struct Piece {
    std::uint32_t begin, end;  ///< column-major positions
    std::uint32_t label;
    std::uint32_t component;  ///< counted from 0 in the order of their first pieces
  };

  explicit Components(std::uint32_t height) : height_(height) {}

  void begin_column();
  /// Rows [top, bottom) of the current column; from top to bottom. Neighbours of one label become one piece.
  void add(std::uint32_t top, std::uint32_t bottom, std::uint32_t label);
  /// In the order in which they were added.
  std::vector<Piece> finish() &&;

 private:
  std::uint32_t root_of(std::uint32_t piece);
  /// The current column's pieces with those of the column before.
  void join_columns();

  std::uint32_t height_;
  std::uint32_t position_ = 0;              // of the column after the current one
  std::vector<Piece> pieces_;               // until finish(), `component` is the piece's parent
  std::size_t previous_ = 0, current_ = 0;  // where these columns' pieces begin
};

}  // namespace maskmill
