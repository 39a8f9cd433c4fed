// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/alignment.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <span>

#include "dataset/masks.h"

namespace maskmill {
namespace {

constexpr int kSmallestSide = 64;  // of an image in pixels: below that a cell is no edge
constexpr int kReach = Alignment::kReach;
constexpr double kImageSigma = 0.7;  // cells
constexpr double kMaskSigma = 1.2;   // cells: bands of void up to about 4 cells are closed
constexpr float kFullySeen = 0.3F;   // share of pixels that are not void from which on a border counts whole
constexpr float kOfStrongest = 0.35F;    // weaker border cells are the flanks of stronger ones
constexpr std::size_t kMostCells = 400;  // of a border; more of them say no more
constexpr std::size_t kMostLabels = 24;  // those with the most pixels; the rest is still seen from their side
constexpr double kLeastBorder = 12;
constexpr std::size_t kBands = 4, kPartsOfBand = 3;  // of the border, of equal weight
constexpr double kBlurOfPlace = 0.5;                 // cells: of Drift::score

// Thresholds of better_placing, measured with tests/bench/misplaced_masks.
constexpr float kAgreement = 0.22F;
constexpr float kGain = 0.12F;
constexpr float kInPlaceAtMost = 0.6F;    // of the agreement there
constexpr float kElsewhereAtMost = 0.8F;  // of the agreement there
constexpr float kDeviations = 3.5F;       // of the agreements of all shifts

/// A vector a cell: an orientation, its angle doubled, and how strong it is.
struct Field {
  cv::Mat_<float> x, y;
  explicit Field(cv::Size size) : x(size, 0.F), y(size, 0.F) {}
};

/// One cell of a mask's border.
struct BorderCell {
  int column, row;
  float x, y;
};

/// std::hypot guards against overflow, which takes longer than all the rest.
float length(float x, float y) {
  return std::sqrt(x * x + y * y);
}

cv::Size cv_size(Size size) {
  return {size.width, size.height};
}

/// Unit vectors of the edges, less where the gradient is small beside the picture's median.
Field edges_of(const cv::Mat& picture, cv::Size grid) {
  cv::Mat small, across, down;
  cv::GaussianBlur(picture, small, {}, kImageSigma);
  cv::Scharr(small, across, CV_16S, 1, 0);
  cv::Scharr(small, down, CV_16S, 0, 1);
  Field field(grid);
  std::vector<float> strengths;
  strengths.reserve(static_cast<std::size_t>(grid.area()));
  for (int row = 0; row < grid.height; ++row) {
    const auto *dx = across.ptr<cv::Vec3s>(row), *dy = down.ptr<cv::Vec3s>(row);
    float *to_x = field.x[row], *to_y = field.y[row];
    for (int column = 0; column < grid.width; ++column) {
      float x = 0, y = 0;
      for (int channel = 0; channel < 3; ++channel) {
        const auto gx = static_cast<float>(dx[column][channel]), gy = static_cast<float>(dy[column][channel]);
        x += gx * gx - gy * gy;
        y += 2 * gx * gy;
      }
      to_x[column] = x, to_y[column] = y;
      strengths.push_back(std::sqrt(length(x, y)));
    }
  }
  std::vector<float> sorted;
  for (std::size_t i = 0; i < strengths.size(); i += 4) sorted.push_back(strengths[i]);
  const auto middle = sorted.begin() + std::ssize(sorted) / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  const float median = *middle;
  std::size_t next = 0;
  for (int row = 0; row < grid.height; ++row)
    for (int column = 0; column < grid.width; ++column) {
      const float strength = strengths[next++];
      const bool at_rim = row == 0 || column == 0 || row == grid.height - 1 || column == grid.width - 1;
      const float scale = strength > 0 && !at_rim ? 1 / (strength * (strength + median)) : 0;
      field.x(row, column) *= scale;
      field.y(row, column) *= scale;
    }
  return field;
}

/// Labels that occur, those with the most pixels first; void and pixels without a label left out.
std::vector<int> labels_in(const cv::Mat& labels, const LabelMap& map) {
  std::vector<std::size_t> pixels(static_cast<std::size_t>(map.size()), 0);
  for (int row = 0; row < labels.rows; ++row)
    for (const auto *label = labels.ptr<std::uint16_t>(row), *end = label + labels.cols; label != end;
         ++label)
      if (*label < pixels.size()) ++pixels[*label];
  std::vector<int> found;
  for (int label = 0; label < map.size(); ++label)
    if (pixels[static_cast<std::size_t>(label)] > 0 && !map.is_ignored(label)) found.push_back(label);
  std::ranges::sort(found, [&](int a, int b) {
    const auto count = [&](int label) { return pixels[static_cast<std::size_t>(label)]; };
    return count(a) != count(b) ? count(a) > count(b) : a < b;
  });
  if (found.size() > kMostLabels) found.resize(kMostLabels);
  return found;
}

/// The share of each cell that `inside` (0 or 255) covers, smoothed, as 0..255: 8 bits are enough, and fast.
cv::Mat coverage(const cv::Mat& inside, cv::Size grid) {
  cv::Mat share;
  cv::resize(inside, share, grid, 0, 0, cv::INTER_AREA);
  cv::GaussianBlur(share, share, {5, 5}, kMaskSigma);  // wider kernels are far slower
  return share;
}

/// Adds the doubled gradients of one label's coverage.
void add_gradients(const cv::Mat& share, Field& field) {
  constexpr float kUnit = 1 / (32.F * 255);  // Scharr's weights sum up to 32
  cv::Mat across, down;
  cv::Scharr(share, across, CV_16S, 1, 0);
  cv::Scharr(share, down, CV_16S, 0, 1);
  for (int row = 1; row < share.rows - 1; ++row) {
    const auto *dx = across.ptr<short>(row), *dy = down.ptr<short>(row);
    float *x = field.x[row], *y = field.y[row];
    for (int column = 1; column < share.cols - 1; ++column) {
      const float gx = kUnit * dx[column], gy = kUnit * dy[column];
      x[column] += gx * gx - gy * gy;
      y[column] += 2 * gx * gy;
    }
  }
}

/// At most kMostCells of them, evenly over the picture.
void thin_out(std::vector<BorderCell>& cells) {
  const std::size_t step = cells.size() / kMostCells + 1;
  for (std::size_t i = 0; i * step < cells.size(); ++i) cells[i] = cells[i * step];
  cells.resize((cells.size() + step - 1) / step);
}

/// The gradients of the labels' coverage; `seen` becomes the share of each cell that is not void.
Field gradients_of(const cv::Mat& labels, const LabelMap& map, cv::Size grid, cv::Mat& seen) {
  const cv::Mat sampled = resize_nearest(labels, {2 * grid.width, 2 * grid.height});
  cv::Mat is_seen = sampled != kUnlabelled;
  for (int label = 0; label < map.size(); ++label)
    if (map.is_ignored(label)) is_seen &= sampled != label;
  seen = coverage(is_seen, grid);
  const bool has_void = cv::countNonZero(is_seen) < is_seen.rows * is_seen.cols;
  Field field(grid);
  for (const int label : labels_in(sampled, map)) {
    cv::Mat share = coverage(sampled == label, grid);
    if (has_void) cv::divide(share, seen, share, 255);
    add_gradients(share, field);
  }
  return field;
}

std::vector<BorderCell> border_of(const cv::Mat& labels, const LabelMap& map, cv::Size grid) {
  cv::Mat seen;
  const Field field = gradients_of(labels, map, grid, seen);
  std::vector<BorderCell> cells;
  float strongest = 0;
  for (int row = 1; row < grid.height - 1; ++row)
    for (int column = 1; column < grid.width - 1; ++column) {
      const float x = field.x(row, column), y = field.y(row, column);
      if (x == 0 && y == 0) continue;
      const float share_seen = static_cast<float>(seen.at<std::uint8_t>(row, column)) / 255;
      const float scale = std::min(1.F, share_seen / kFullySeen) / std::sqrt(length(x, y));
      cells.push_back({column, row, x * scale, y * scale});
      strongest = std::max(strongest, length(cells.back().x, cells.back().y));
    }
  std::erase_if(cells,
                [&](const BorderCell& cell) { return length(cell.x, cell.y) < kOfStrongest * strongest; });
  return cells;
}

/// Where a cell comes to lie when its mask is turned as an EXIF orientation says.
BorderCell turned(const BorderCell& cell, int orientation, cv::Size grid) {
  const int right = grid.width - 1 - cell.column, bottom = grid.height - 1 - cell.row;
  switch (orientation) {
    case 2:
      return {right, cell.row, cell.x, -cell.y};
    case 3:
      return {right, bottom, cell.x, cell.y};
    case 4:
      return {cell.column, bottom, cell.x, -cell.y};
    case 5:
      return {cell.row, cell.column, -cell.x, cell.y};
    case 6:
      return {bottom, cell.column, -cell.x, -cell.y};
    case 7:
      return {bottom, right, -cell.x, cell.y};
    case 8:
      return {cell.row, right, -cell.x, -cell.y};
    default:
      return cell;
  }
}

/// The field in a frame of zeros, so that a cell may be looked for outside.
Field framed(const Field& field) {
  Field out(field.x.size() + cv::Size(2 * kReach, 2 * kReach));
  const cv::Rect inside(kReach, kReach, field.x.cols, field.x.rows);
  field.x.copyTo(out.x(inside));
  field.y.copyTo(out.y(inside));
  return out;
}

/// Agreements for all shifts up to `reach` cells, row by row; `edges` are framed.
std::vector<float> agreements(const Field& edges, std::span<const BorderCell> border, double weight,
                              int reach) {
  const int side = 2 * reach + 1;
  std::vector<float> sums(static_cast<std::size_t>(side) * static_cast<std::size_t>(side), 0.F);
  for (const BorderCell& cell : border)
    for (int shift = 0; shift < side; ++shift) {
      const int row = cell.row + kReach - reach + shift, column = cell.column + kReach - reach;
      const float* x = edges.x[row] + column;
      const float* y = edges.y[row] + column;
      float* sum = sums.data() + shift * side;
      for (int i = 0; i < side; ++i) sum[i] += cell.x * x[i] + cell.y * y[i];
    }
  for (float& sum : sums) sum = static_cast<float>(sum / weight);
  return sums;
}

/// Ends of `parts` runs of about equal weight.
std::vector<std::size_t> equal_runs(std::span<const BorderCell> cells, std::size_t parts) {
  double all = 0, so_far = 0;
  for (const BorderCell& cell : cells) all += length(cell.x, cell.y);
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    so_far += length(cells[i].x, cells[i].y);
    while (ends.size() + 1 < parts &&
           so_far * static_cast<double>(parts) >= all * static_cast<double>(ends.size() + 1))
      ends.push_back(i + 1);
  }
  ends.resize(parts, cells.size());
  return ends;
}

/// What one part of the border says of near shifts.
struct PartOfBorder {
  NearShifts::Agreements sums{};
  double weight = 0;
};

/// The border in parts that lie together: bands from top to bottom, each cut from left to right.
std::vector<PartOfBorder> parts_of(const Field& edges, std::vector<BorderCell> border) {
  std::vector<PartOfBorder> parts;
  std::size_t first = 0;
  for (const std::size_t end : equal_runs(border, kBands)) {  // it is in order of rows
    const std::span band = std::span(border).subspan(first, end - first);
    std::ranges::stable_sort(band, {}, &BorderCell::column);
    std::size_t begin = 0;
    for (const std::size_t stop : equal_runs(band, kPartsOfBand)) {
      PartOfBorder& part = parts.emplace_back();
      const auto cells = band.subspan(begin, stop - begin);
      std::ranges::copy(agreements(edges, cells, 1, NearShifts::kReach), part.sums.begin());
      for (const BorderCell& cell : cells) part.weight += length(cell.x, cell.y);
      begin = stop;
    }
    first = end;
  }
  return parts;
}

/// All parts but one; none: all.
NearShifts::Agreements agreements_without(const std::vector<PartOfBorder>& parts,
                                          const PartOfBorder* left_out) {
  NearShifts::Agreements sums{};
  double weight = 0;
  for (const PartOfBorder& part : parts) {
    if (&part == left_out) continue;
    weight += part.weight;
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += part.sums[i];
  }
  for (float& sum : sums) sum = weight > 0 ? static_cast<float>(sum / weight) : 0;
  return sums;
}

Drift drift_of(const std::vector<PartOfBorder>& parts, const NearShifts::Agreements& all) {
  const NearShifts::Peak peak = NearShifts::peak_of(all);
  std::vector<cv::Point2d> places;
  cv::Point2d sum;
  for (const PartOfBorder& part : parts) {
    const auto without = NearShifts::peak_of(agreements_without(parts, &part));
    places.emplace_back(without.right, without.down);
    sum += places.back();
  }
  const auto count = static_cast<double>(places.size());
  double squares = 0;
  for (const cv::Point2d& place : places) {
    const cv::Point2d off = place - sum / count;
    squares += off.dot(off);
  }
  return {peak.right, peak.down, std::sqrt((count - 1) / count * squares), static_cast<float>(peak.agreement),
          all[all.size() / 2]};
}

struct Peak {
  int dx = 0, dy = 0;
  float agreement = -1;
};

/// The best shift that lies more than `clear` cells from each of `others` in one direction.
Peak best_beyond(const Alignment& alignment, int clear, const std::vector<Peak>& others) {
  Peak best;
  for (int dy = -kReach; dy <= kReach; ++dy)
    for (int dx = -kReach; dx <= kReach; ++dx) {
      const bool is_near = std::ranges::any_of(others, [&](const Peak& other) {
        return std::abs(dx - other.dx) <= clear && std::abs(dy - other.dy) <= clear;
      });
      if (!is_near && alignment.at(dx, dy) > best.agreement) best = {dx, dy, alignment.at(dx, dy)};
    }
  return best;
}

/// The top of the parabola through three values, from the middle one.
double vertex(double before, double here, double after) {
  const double curvature = before - 2 * here + after;
  return curvature < 0 ? std::clamp(0.5 * (before - after) / curvature, -0.5, 0.5) : 0;
}

float deviation(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const float value : values) sum += value, squares += double{value} * value;
  const auto count = static_cast<double>(values.size());
  return static_cast<float>(std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count))));
}

}  // namespace

NearShifts::Peak NearShifts::peak_of(const Agreements& agreements) {
  const auto at = [&](int dx, int dy) {
    return double{agreements[static_cast<std::size_t>((dy + kReach) * kSide + dx + kReach)]};
  };
  int x = 0, y = 0;
  for (int dy = 1 - kReach; dy < kReach; ++dy)
    for (int dx = 1 - kReach; dx < kReach; ++dx)
      if (at(dx, dy) > at(x, y)) x = dx, y = dy;
  const double here = at(x, y);
  const double along = 0.5 * (at(x + 1, y) - at(x - 1, y)), down = 0.5 * (at(x, y + 1) - at(x, y - 1));
  const double xx = at(x + 1, y) - 2 * here + at(x - 1, y), yy = at(x, y + 1) - 2 * here + at(x, y - 1);
  const double xy = 0.25 * (at(x + 1, y + 1) - at(x + 1, y - 1) - at(x - 1, y + 1) + at(x - 1, y - 1));
  const double determinant = xx * yy - xy * xy;
  if (xx >= 0 || yy >= 0 || determinant <= 0) return {double(x), double(y), here};
  constexpr double kMost = 0.7;  // a top farther away would be in another cell
  const double fx = std::clamp((xy * down - yy * along) / determinant, -kMost, kMost);
  const double fy = std::clamp((xy * along - xx * down) / determinant, -kMost, kMost);
  return {x + fx, y + fy, here + 0.5 * (along * fx + down * fy)};
}

double Drift::score() const {
  return std::hypot(right, down) / (spread + kBlurOfPlace);
}

float Alignment::in_place() const {
  float best = -1;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) best = std::max(best, at(dx, dy));
  return best;
}

float Alignment::significance() const {
  constexpr double kFar = 6;  // cells: borders are smooth, so that places nearby agree alike
  std::vector<float> far;
  for (int dy = -kReach; dy <= kReach; ++dy)
    for (int dx = -kReach; dx <= kReach; ++dx)
      if (std::hypot(dx, dy) >= kFar) far.push_back(at(dx, dy));
  const double mean = std::accumulate(far.begin(), far.end(), 0.0) / static_cast<double>(far.size());
  constexpr float kLeastDeviation = 1e-6F;
  return (in_place() - static_cast<float>(mean)) / std::max(kLeastDeviation, deviation(far));
}

std::optional<Size> alignment_grid(Size image) {
  const int longest = std::max(image.width, image.height);
  if (longest < kSmallestSide) return std::nullopt;
  const double scale = std::min(1.0, static_cast<double>(Alignment::kGridSide) / longest);
  const auto cells = [&](int px) { return static_cast<int>(std::lround(px * scale)); };
  const Size grid{cells(image.width), cells(image.height)};
  return std::min(grid.width, grid.height) < kReach ? std::nullopt : std::optional(grid);
}

cv::Mat on_alignment_grid(const cv::Mat& picture, Size grid) {
  // Averaging is slow between sizes that are nearly the same, and needless.
  const bool is_near = picture.cols < 2 * grid.width;
  cv::Mat small;
  cv::resize(picture, small, cv_size(grid), 0, 0, is_near ? cv::INTER_LINEAR : cv::INTER_AREA);
  return small;
}

std::optional<Alignment> align(const cv::Mat& picture, Size image, const cv::Mat& labels,
                               const LabelMap& map) {
  const auto size = alignment_grid(image);
  if (!size || picture.empty() || labels.empty()) return std::nullopt;
  const cv::Size grid = cv_size(*size);
  std::vector<BorderCell> border = border_of(labels, map, grid);
  Alignment out;
  for (const BorderCell& cell : border) out.border += length(cell.x, cell.y);
  if (out.border < kLeastBorder) return std::nullopt;
  const Field edges = framed(edges_of(picture, grid));
  const std::vector<PartOfBorder> parts = parts_of(edges, border);
  out.near = agreements_without(parts, nullptr);
  out.drift = drift_of(parts, out.near);

  thin_out(border);
  double sampled = 0;
  for (const BorderCell& cell : border) sampled += length(cell.x, cell.y);
  out.cell_px = static_cast<double>(std::max(image.width, image.height)) / std::max(grid.width, grid.height);

  out.shifted = agreements(edges, border, sampled, kReach);
  for (int orientation = 2; orientation <= 8; ++orientation) {
    if (orientation >= 5 && image.width != image.height) continue;
    std::vector<BorderCell> cells;
    cells.reserve(border.size());
    for (const BorderCell& cell : border) cells.push_back(turned(cell, orientation, grid));
    out.turned.at(static_cast<std::size_t>(orientation)) =
        std::ranges::max(agreements(edges, cells, sampled, 1));
  }
  return out;
}

std::optional<Placing> better_placing(const Alignment& alignment) {
  const Peak here{0, 0, alignment.in_place()};
  const Peak moved = best_beyond(alignment, 2, {here});
  Placing placing{.agreement = moved.agreement, .in_place = here.agreement};
  for (int orientation = 2; orientation <= 8; ++orientation)
    if (const auto turned = alignment.turned.at(static_cast<std::size_t>(orientation));
        turned && *turned > placing.agreement)
      placing.turn = orientation, placing.agreement = *turned;

  const bool is_moved = placing.turn == 1;
  const float elsewhere = is_moved ? best_beyond(alignment, 4, {here, moved}).agreement : moved.agreement;
  if (placing.agreement < kAgreement || placing.agreement - placing.in_place < kGain ||
      placing.in_place > kInPlaceAtMost * placing.agreement ||
      elsewhere > kElsewhereAtMost * placing.agreement ||
      placing.agreement < kDeviations * deviation(alignment.shifted))
    return std::nullopt;
  if (is_moved) {
    const int dx = moved.dx, dy = moved.dy;
    if (std::max(std::abs(dx), std::abs(dy)) == kReach) return std::nullopt;  // the peak lies farther out
    const auto px = [&](int cells, float before, float after) {
      return alignment.cell_px * (cells + vertex(before, moved.agreement, after));
    };
    placing.right_px = px(dx, alignment.at(dx - 1, dy), alignment.at(dx + 1, dy));
    placing.down_px = px(dy, alignment.at(dx, dy - 1), alignment.at(dx, dy + 1));
  }
  return placing;
}

std::string_view turn_in_words(int orientation) {
  switch (orientation) {
    case 2:
      return "is mirrored left to right";
    case 3:
      return "is turned by 180 degrees";
    case 4:
      return "is mirrored top to bottom";
    case 5:
      return "is mirrored about the diagonal from the top left";
    case 6:
      return "is turned by 90 degrees counterclockwise";
    case 7:
      return "is mirrored about the diagonal from the top right";
    case 8:
      return "is turned by 90 degrees clockwise";
    default:
      return "is as it should be";
  }
}

}  // namespace maskmill
