// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <span>
#include <vector>

namespace maskmill {

/// Rows [top, bottom) of one column that hold one value.
struct ColumnRun {
  std::uint32_t top = 0, bottom = 0;
  std::uint32_t value = 0;
};

/// The columns of a mask as runs of equal values, from left to right. Reads the mask row by row, a block of
/// columns at a time: a walk down each column of a row-major image would touch a cache line a pixel.
class ColumnRuns {
 public:
  /// `mask` is CV_8UC1 or CV_16UC1 and must outlive this object. Throws Error(bug) for other types.
  explicit ColumnRuns(const cv::Mat& mask);

  /// The next column, top to bottom and without gaps; after the last one, and for a mask without rows,
  /// nothing. Valid until the next call.
  std::span<const ColumnRun> next();

 private:
  struct Change {
    std::uint32_t column, row;
  };

  template <class Sample>
  void scan_block();
  template <class Sample>
  void collect_runs();

  const cv::Mat& mask_;
  int column_ = 0;
  int block_begin_ = 0, block_end_ = 0;
  std::vector<Change> changes_;           // of the block, in the order of rows
  std::vector<std::uint32_t> first_row_;  // by column of the block: where its rows begin in rows_
  std::vector<std::uint32_t> rows_;       // where a column's value changes, ordered by column, then row
  std::vector<ColumnRun> runs_;           // of the current column
};

}  // namespace maskmill
