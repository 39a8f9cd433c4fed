// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "dataset/labels.h"
#include "image/image.h"

namespace maskmill {

/// Agreements for shifts of a few cells, row by row from (-kReach, -kReach), and where between them the best
/// lies.
struct NearShifts {
  static constexpr int kReach = 7;  ///< cells in each direction; a best shift is looked for within one less
  static constexpr int kSide = 2 * kReach + 1;
  using Agreements = std::array<float, std::size_t{kSide} * kSide>;

  struct Peak {
    double right = 0, down = 0;  ///< cells, with fractions: the top of the paraboloid through nine agreements
    double agreement = 0;
  };
  static Peak peak_of(const Agreements& agreements);
};

/// By how much a mask lies beside its place, as far as it can be told for shifts of a few cells.
struct Drift {
  double right = 0, down = 0;  ///< cells by which it would have to be moved to fit best
  /// Standard deviation of that place, in cells, by leaving out one part of the border after another (the
  /// delete-a-group jackknife: Shao and Wu, "A general theory for jackknife variance estimation", Annals of
  /// Statistics 1989): small where all parts of the border want the same, and sharply.
  double spread = 0;
  float agreement = 0, in_place = 0;  ///< there, and exactly where it is

  /// How far out of place it is for one as certain as this. Half a cell is what a border may be off by
  /// although all of its parts agree.
  double score() const;
};

/// How well the borders of a mask's regions lie on the edges of its image, where the mask is and where it
/// would be if it were moved, mirrored or turned.
///
/// Method: orientation correlation (Fitch, Kadyrov, Christmas and Kittler, "Orientation correlation", BMVC
/// 2002) between the edges of the colour image (Di Zenzo, "A note on the gradient of a multi-image", 1986)
/// and the gradients of each label's coverage. Angles are doubled (Granlund, 1978), because either side of a
/// border may be the brighter one. Void is filled from around by normalised convolution (Knutsson and Westin,
/// 1993), so that a band of void between two labels counts as one border. All of it on a grid of at most
/// kGridSide cells a side, whatever the image's size.
///
/// An agreement is the mean over the border of the cosine between the two doubled angles, weighted by how
/// strong the edge is: 1 where edges run along the whole border, 0 where there is no relation.
struct Alignment {
  static constexpr int kGridSide = 120;
  static constexpr int kReach = 16;  ///< cells a shift is looked for in each direction
  static constexpr int kShifts = 2 * kReach + 1;

  double cell_px = 1;  ///< image pixels a cell
  double border = 0;   ///< how much border there is: about the number of cells that a sharp one crosses
  /// By dy and dx, row by row from (-kReach, -kReach): the agreement if the mask were moved by that many
  /// cells, right and down.
  std::vector<float> shifted;
  /// By EXIF orientation 2..8, up to a cell beside: the agreement if the mask were turned as that says.
  /// Nothing for those that would change the mask's size. [0] and [1] are not used.
  std::array<std::optional<float>, 9> turned;
  NearShifts::Agreements near{};  ///< of all cells of the border, where `shifted` takes some
  Drift drift;

  float at(int dx, int dy) const {
    return shifted[static_cast<std::size_t>((dy + kReach) * kShifts + dx + kReach)];
  }
  /// Of the mask where it is, up to a cell beside.
  float in_place() const;
  /// How many standard deviations in_place() lies above the agreements of places so far away that they are
  /// chance.
  float significance() const;
};

/// The size at which a picture is compared: that of its grid. Nothing where the picture is too small for it
/// to mean anything.
std::optional<Size> alignment_grid(Size image);

/// A picture (CV_8UC3) of any size from the grid's on, reduced to it.
cv::Mat on_alignment_grid(const cv::Mat& picture, Size grid);

/// `picture` is on its grid; `labels` as SemanticMask has them, of the image's size or meant to be resized to
/// it. Nothing where the image is too small for a grid or the mask has too little border.
std::optional<Alignment> align(const cv::Mat& picture, Size image, const cv::Mat& labels,
                               const LabelMap& map);

/// Where the mask would fit.
struct Placing {
  int turn = 1;                       ///< EXIF orientation that would turn it into place; 1: none
  double right_px = 0, down_px = 0;   ///< how far it would have to be moved
  float agreement = 0, in_place = 0;  ///< there, and where it is
};

/// Only where the evidence of this one item is strong: the border lies on edges there, hardly where it is,
/// and nowhere else. docs/performance.md says how often that is wrong.
std::optional<Placing> better_placing(const Alignment& alignment);

/// What happened to a mask which this EXIF orientation would put right: "is turned by 180 degrees".
std::string_view turn_in_words(int orientation);

}  // namespace maskmill
