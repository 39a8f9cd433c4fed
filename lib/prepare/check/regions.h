// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "dataset/labels.h"
#include "dataset/shape_geometry.h"
#include "dataset/shapes.h"

namespace maskmill {

/// An 8-connected region of equal values.
struct Region {
  std::uint32_t value = 0;
  std::int64_t area = 0;  ///< pixels
  Window window;          ///< the smallest around it
};

/// Finds the regions of a mask line by line, rows or columns, from runs of equal values. Time is linear in
/// the runs; memory in those of two lines, since a region is handed out as soon as it has ended.
class RegionSweep {
 public:
  enum class Lines { rows, columns };
  RegionSweep(Lines lines, std::function<void(const Region&)> visit, int first_line = 0)
      : lines_(lines), visit_(std::move(visit)), line_(first_line) {}

  /// Pixels [begin, end) of the current line; in order, with or without gaps.
  void add(std::uint32_t begin, std::uint32_t end, std::uint32_t value) {
    here_.push_back({begin, end, value, kNone});
  }
  void end_line();
  /// After the last line.
  void finish() { end_line(); }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Run {
    std::uint32_t begin, end, value;
    std::uint32_t region;  // an index in open_
  };
  struct Open {
    Region region;  // its window as if lines were rows
    std::uint32_t parent;
    std::uint32_t goes_on_as = kNone;  // in the next line
  };

  std::uint32_t root_of(std::uint32_t region);
  std::uint32_t joined(std::uint32_t a, std::uint32_t b);
  void join_lines();
  void hand_out(Region region) const;

  Lines lines_;
  std::function<void(const Region&)> visit_;
  int line_;
  std::vector<Run> before_, here_;
  std::vector<Open> open_, next_;
};

/// CV_8UC1 or CV_16UC1.
void for_each_region(const cv::Mat& mask, const std::function<void(const Region&)>& visit);

/// The regions of a mask's pixels, and those outside that do not reach beyond the box around them.
struct RleRegions {
  std::vector<Region> parts, holes;
};
RleRegions regions_of(const Rle& rle);

/// Pixels up to which a region is a speck and no object: 2 x 2, in an image of more than 0.4 megapixels one in
/// 100,000, and never more than one in 1,000. What is drawn by hand at the size of a screen is larger; what a
/// slip of a brush or a rounding leaves is not.
std::int64_t largest_speck(Size image);
/// The same of a hole in an object or a label: 3 x 3 at least.
std::int64_t largest_pin_hole(Size image);
/// A speck is at most one in so many pixels of what else there is of the same.
inline constexpr std::int64_t kSpeckShare = 50;

/// Tiny regions of one kind in a mask.
struct Specks {
  std::size_t count = 0;
  std::int64_t pixels = 0;  ///< of all of them
  Window first;             ///< around the first
  void add(const Region& region);
};

/// What a label mask holds.
struct MaskRegions {
  std::map<std::int64_t, std::int64_t> pixels;  ///< by label
  std::map<int, Specks>
      specks;  ///< by label: tiny regions of it, each amid one other label but void, 3 px around
  std::map<int, Specks> pin_holes;  ///< by label: tiny regions of background, void or nothing amid it
};
/// `labels` is CV_16UC1 as SemanticMask has them. Void is no place for specks or holes: where a border is
/// vague, annotators leave crumbs, which nothing learns from.
MaskRegions regions_of(const cv::Mat& labels, const LabelMap& map);

}  // namespace maskmill
