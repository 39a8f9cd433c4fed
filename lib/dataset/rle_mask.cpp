// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "dataset/column_runs.h"
#include "dataset/rle.h"
#include "dataset/rle_pieces.h"
#include "dataset/run_builder.h"

namespace maskmill {
namespace {

template <class Inside>
Rle rle_where(const cv::Mat& mask, Inside&& inside) {
  const Size size{mask.cols, mask.rows};
  validate(size);
  RunBuilder result;
  ColumnRuns columns(mask);
  std::uint32_t first = 0;
  for (auto runs = columns.next(); !runs.empty(); runs = columns.next()) {
    for (const ColumnRun& run : runs)
      if (inside(run.value)) result.add(first + run.top, first + run.bottom);
    first += static_cast<std::uint32_t>(size.height);
  }
  return std::move(result).finish(size);
}

/// Goes down the rows of the box around the runs with one flag a column, which is all ones inside. The flags
/// change seldom, and a row is written in one sweep.
template <class Sample>
void paint_rows(cv::Mat& mask, const Rle& rle, const cv::Rect& box, Sample value) {
  const auto left = static_cast<std::uint32_t>(box.x), top_row = static_cast<std::uint32_t>(box.y);
  const auto height = static_cast<std::size_t>(box.height);
  const auto for_each_change = [&](auto&& change) {
    for_each_piece(rle, [&](std::uint32_t column, std::uint32_t top, std::uint32_t bottom) {
      change(top - top_row, column - left);
      if (bottom - top_row < height) change(bottom - top_row, column - left);
    });
  };
  std::vector<std::uint32_t> ends(height + 1, 0);  // of the changes of a row, once they are sorted into it
  for_each_change([&](std::uint32_t row, std::uint32_t) { ++ends[row + 1]; });
  for (std::size_t i = 1; i <= height; ++i) ends[i] += ends[i - 1];
  std::vector<std::uint32_t> columns(ends[height]);
  for_each_change([&](std::uint32_t row, std::uint32_t column) { columns[ends[row]++] = column; });

  std::vector<Sample> inside(static_cast<std::size_t>(box.width), 0);
  std::size_t next = 0;
  for (std::size_t row = 0; row < height; ++row) {
    for (; next < ends[row]; ++next) inside[columns[next]] = static_cast<Sample>(~inside[columns[next]]);
    Sample* const pixels = mask.ptr<Sample>(box.y + static_cast<int>(row)) + box.x;
    for (std::size_t i = 0; i < inside.size(); ++i)
      pixels[i] = static_cast<Sample>((pixels[i] & ~inside[i]) | (value & inside[i]));
  }
}

}  // namespace

Rle rle_from_value(const cv::Mat& mask, int value) {
  return rle_where(mask,
                   [wanted = static_cast<std::uint32_t>(value)](std::uint32_t v) { return v == wanted; });
}

Rle rle_from_mask(const cv::Mat& mask) {
  return rle_where(mask, [](std::uint32_t value) { return value != 0; });
}

cv::Mat mask_from_rle(const Rle& rle) {
  validate(rle);
  cv::Mat mask = cv::Mat::zeros(rle.size.height, rle.size.width, CV_8UC1);
  paint(mask, rle, 1);
  return mask;
}

void paint(cv::Mat& mask, const Rle& rle, int value) {
  if (Size{mask.cols, mask.rows} != rle.size)
    throw Error(Code::bad_value, fmt::format("a mask of {} cannot be painted on one of {}",
                                             to_string(rle.size), to_string(Size{mask.cols, mask.rows})));
  const Box around = bounding_box(rle);
  const cv::Rect box(static_cast<int>(around.x), static_cast<int>(around.y), static_cast<int>(around.width),
                     static_cast<int>(around.height));
  if (mask.type() == CV_8UC1)
    paint_rows(mask, rle, box, static_cast<std::uint8_t>(value));
  else if (mask.type() == CV_16UC1)
    paint_rows(mask, rle, box, static_cast<std::uint16_t>(value));
  else
    throw Error(Code::bug, "only masks of 8 and of 16 bits are painted on");
}

}  // namespace maskmill
