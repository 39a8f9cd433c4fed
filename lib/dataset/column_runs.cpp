// SPDX-License-Identifier: Apache-2.0
#include "dataset/column_runs.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"

namespace maskmill {
namespace {

constexpr int kBlockBytes =
    1024;  // of a row: a few cache lines at a time, and the changes of a block stay few

}  // namespace

ColumnRuns::ColumnRuns(const cv::Mat& mask) : mask_(mask) {
  if (!mask.empty() && mask.type() != CV_8UC1 && mask.type() != CV_16UC1)
    throw Error(Code::bug, "the columns of a mask that has neither 8 nor 16 bits were asked for");
}

template <class Sample>
void ColumnRuns::scan_block() {
  // Most stretches of a row are those of the row above: they are compared several words at a time.
  constexpr std::size_t kWords = 4;
  constexpr int kPerWord = sizeof(std::uint64_t) / sizeof(Sample);
  constexpr int kPerStep = kWords * kPerWord;
  const int width = block_end_ - block_begin_;
  changes_.clear();
  first_row_.assign(static_cast<std::size_t>(width) + 1, 0);
  const auto note_change = [&](int column, int row) {
    changes_.push_back({static_cast<std::uint32_t>(column), static_cast<std::uint32_t>(row)});
    ++first_row_[static_cast<std::size_t>(column) + 1];
  };
  for (int row = 1; row < mask_.rows; ++row) {
    const Sample* const above = mask_.ptr<Sample>(row - 1) + block_begin_;
    const Sample* const here = mask_.ptr<Sample>(row) + block_begin_;
    int column = 0;
    for (; column + kPerStep <= width; column += kPerStep) {
      std::array<std::uint64_t, kWords> a, b;
      std::memcpy(a.data(), above + column, sizeof a);
      std::memcpy(b.data(), here + column, sizeof b);
      std::uint64_t differs = 0;
      for (std::size_t i = 0; i < kWords; ++i) differs |= a[i] ^ b[i];
      if (differs == 0) continue;
      for (std::size_t word = 0; word < kWords; ++word) {
        if (a[word] == b[word]) continue;
        const int first = column + static_cast<int>(word) * kPerWord;
        for (int i = first; i < first + kPerWord; ++i)
          if (above[i] != here[i]) note_change(i, row);
      }
    }
    for (; column < width; ++column)
      if (above[column] != here[column]) note_change(column, row);
  }

  // A counting sort by column keeps the rows of each in order.
  for (std::size_t i = 1; i < first_row_.size(); ++i) first_row_[i] += first_row_[i - 1];
  rows_.resize(changes_.size());
  for (const Change& change : changes_) rows_[first_row_[change.column]++] = change.row;
  std::copy_backward(first_row_.begin(), first_row_.end() - 1, first_row_.end());
  first_row_[0] = 0;
}

template <class Sample>
void ColumnRuns::collect_runs() {
  if (column_ == block_end_) {
    block_begin_ = block_end_;
    block_end_ = std::min(mask_.cols, block_begin_ + kBlockBytes / static_cast<int>(sizeof(Sample)));
    scan_block<Sample>();
  }
  const auto column = static_cast<std::size_t>(column_ - block_begin_);
  std::uint32_t top = 0;
  const auto add_run = [&](std::uint32_t bottom) {
    runs_.push_back({top, bottom, mask_.at<Sample>(static_cast<int>(top), column_)});
    top = bottom;
  };
  for (std::uint32_t i = first_row_[column]; i < first_row_[column + 1]; ++i) add_run(rows_[i]);
  add_run(static_cast<std::uint32_t>(mask_.rows));
  ++column_;
}

std::span<const ColumnRun> ColumnRuns::next() {
  runs_.clear();
  if (mask_.rows > 0 && column_ < mask_.cols) {
    if (mask_.depth() == CV_8U)
      collect_runs<std::uint8_t>();
    else
      collect_runs<std::uint16_t>();
  }
  return runs_;
}

}  // namespace maskmill
