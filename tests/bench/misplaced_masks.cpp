// SPDX-License-Identifier: Apache-2.0
// misplaced_masks FOLDER FORMAT [key=value...]: how often check tells that a mask is shifted, mirrored or
// turned: on the data as they are, where each time is a false alarm unless the data are wrong, and on masks
// that are shifted or turned here. Prints rows of a Markdown table.
#include <cmath>
#include <cstdio>
#include <functional>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "base/parallel.h"
#include "base/random.h"
#include "dataset/masks.h"
#include "formats/registry.h"
#include "prepare/check/alignment.h"
#include "prepare/check/systematic.h"

using namespace maskmill;

namespace {

struct Pair {
  cv::Mat picture, labels;  // picture on its alignment grid
  Size size;
};

/// The pixels that come in from outside repeat the border's.
cv::Mat shifted(const cv::Mat& labels, int dx, int dy) {
  cv::Mat out;
  const double move[] = {1, 0, static_cast<double>(dx), 0, 1, static_cast<double>(dy)};
  cv::warpAffine(labels, out, cv::Mat(2, 3, CV_64F, const_cast<double*>(move)), labels.size(),
                 cv::INTER_NEAREST, cv::BORDER_REPLICATE);
  return out;
}

/// What undoes an orientation: all are their own inverse but the quarter turns.
int inverse(int orientation) {
  return orientation == 6 ? 8 : orientation == 8 ? 6 : orientation;
}

struct Count {
  int items = 0, told = 0, right = 0;
  void add(const std::optional<Placing>& placing, bool is_right) {
    ++items;
    if (placing) ++told, right += is_right;
  }
};

void print(const char* what, const Count& count) {
  std::printf("| %s | %d | %d | %d |\n", what, count.items, count.told, count.right);
}

class Bench {
 public:
  Bench(const LabelMap& labels, std::vector<Pair> pairs, std::vector<Pair> squares)
      : labels_(labels), pairs_(std::move(pairs)), squares_(std::move(squares)) {}

  void run() {
    std::printf("| mask | items | told | rightly |\n|---|---|---|---|\n");
    Count untouched;
    for (const Pair& pair : pairs_)
      if (const auto alignment = align(pair.picture, pair.size, pair.labels, labels_))
        untouched.add(better_placing(*alignment), false);
      else
        ++untouched.items;
    print("as it is", untouched);
    for (const Pair& pair : pairs_) in_place_.push_back(align(pair.picture, pair.size, pair.labels, labels_));
    for (const double percent : {2, 3, 5, 8, 12}) shifts(percent);
    for (int orientation = 2; orientation <= 4; ++orientation) turns(pairs_, orientation);
    for (int orientation = 5; orientation <= 8; ++orientation) turns(squares_, orientation);
    unrelated();
    for (const double percent : {0.6, 1.0, 1.6, 2.0, 3.0}) drifts(percent);
    for (const double percent : {0.0, 0.6, 1.0, 2.0, 3.0}) together(percent);
  }

 private:
  std::optional<Placing> placing_of(const Pair& pair, const cv::Mat& labels) const {
    const auto alignment = align(pair.picture, pair.size, labels, labels_);
    return alignment ? better_placing(*alignment) : std::nullopt;
  }

  void shifts(double percent) {
    Random random({7, static_cast<std::uint64_t>(percent)});
    Count count;
    for (const Pair& pair : pairs_) {
      const double length = percent / 100 * std::max(pair.size.width, pair.size.height);
      const double angle = random.uniform(0, 2 * std::numbers::pi);
      const int dx = static_cast<int>(std::lround(length * std::cos(angle)));
      const int dy = static_cast<int>(std::lround(length * std::sin(angle)));
      const auto placing = placing_of(pair, shifted(pair.labels, dx, dy));
      const double off = 0.015 * std::max(pair.size.width, pair.size.height);
      count.add(placing, placing && placing->turn == 1 &&
                             std::hypot(placing->right_px + dx, placing->down_px + dy) <= off);
    }
    char what[64];
    std::snprintf(what, sizeof what, "shifted by %g %% of the longer side", percent);
    print(what, count);
  }

  /// One mask in twenty is shifted, as a data set has it that is not all wrong.
  void drifts(double percent) {
    constexpr std::size_t every = 20;
    Count right_ones, shifted_ones;
    for (std::size_t start = 0; start < every; ++start) {
      Random random({9, static_cast<std::uint64_t>(10 * percent), start});
      DriftOutliers outliers;
      std::vector<cv::Point> moves(pairs_.size());
      const auto is_back = [&](std::size_t i, double right_px, double down_px) {
        return std::hypot(right_px + moves[i].x, down_px + moves[i].y) <=
               0.015 * std::max(pairs_[i].size.width, pairs_[i].size.height);
      };
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const Pair& pair = pairs_[i];
        const double length = percent / 100 * std::max(pair.size.width, pair.size.height);
        const double angle = random.uniform(0, 2 * std::numbers::pi);
        const bool is_shifted = i % every == start;
        if (is_shifted)
          moves[i] = {static_cast<int>(std::lround(length * std::cos(angle))),
                      static_cast<int>(std::lround(length * std::sin(angle)))};
        Count& count = is_shifted ? shifted_ones : right_ones;
        ++count.items;
        const auto alignment =
            is_shifted ? align(pair.picture, pair.size, shifted(pair.labels, moves[i].x, moves[i].y), labels_)
                       : in_place_[i];
        if (!alignment) continue;
        if (const auto placing = better_placing(*alignment))
          ++count.told, count.right += placing->turn == 1 && is_back(i, placing->right_px, placing->down_px);
        else
          outliers.add(i, *alignment);
      }
      outliers.find([&](const DriftOutliers::Outlier& outlier) {
        Count& count = outlier.position % every == start ? shifted_ones : right_ones;
        ++count.told, count.right += is_back(outlier.position, outlier.right_px, outlier.down_px);
      });
    }
    char what[96];
    std::snprintf(what, sizeof what, "one in 20 shifted by %g %%, by comparison", percent);
    print(what, shifted_ones);
    std::snprintf(what, sizeof what, "its neighbours in their place, 20 times each");
    print(what, right_ones);
  }

  void turns(const std::vector<Pair>& pairs, int orientation) {
    Count count;
    for (const Pair& pair : pairs) {
      const auto placing = placing_of(pair, oriented(pair.labels, inverse(orientation)));
      count.add(placing, placing && placing->turn == orientation);
    }
    char what[96];
    std::snprintf(what, sizeof what, "%s%.*s", orientation > 4 ? "cut to a square; " : "",
                  static_cast<int>(turn_in_words(orientation).size()), turn_in_words(orientation).data());
    print(what, count);
  }

  void unrelated() {
    Count count;
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      count.add(placing_of(pairs_[i], resize_nearest(pairs_[(i + pairs_.size() / 2) % pairs_.size()].labels,
                                                     pairs_[i].size)),
                false);
    print("of another image", count);
  }

  /// Groups of 20 items whose masks are shifted alike.
  void together(double percent) {
    constexpr std::size_t group = 20;
    Random random({8, static_cast<std::uint64_t>(10 * percent)});
    Count count;
    for (std::size_t first = 0; first + group <= pairs_.size(); first += group) {
      const double angle = random.uniform(0, 2 * std::numbers::pi);
      PlacingSums sums;
      DriftSums near;
      for (std::size_t i = first; i < first + group; ++i) {
        const Pair& pair = pairs_[i];
        const double length = percent / 100 * std::max(pair.size.width, pair.size.height);
        const cv::Mat moved = shifted(pair.labels, static_cast<int>(std::lround(length * std::cos(angle))),
                                      static_cast<int>(std::lround(length * std::sin(angle))));
        if (const auto alignment = align(pair.picture, pair.size, moved, labels_))
          sums.add("", alignment->shifted, alignment->at(0, 0)), near.add("", alignment->near);
      }
      ++count.items;
      const double cells = percent / 100 * Alignment::kGridSide;
      const auto is_right = [&](double dx, double dy) {
        return std::hypot(dx + cells * std::cos(angle), dy + cells * std::sin(angle)) <= 1.8;
      };
      bool is_told = false;
      for (const PlacingSums::Best& best : sums.better()) {
        const int dx = static_cast<int>(best.placing) % Alignment::kShifts - Alignment::kReach;
        const int dy = static_cast<int>(best.placing) / Alignment::kShifts - Alignment::kReach;
        if (std::hypot(dx, dy) < kLeastSharedShift) continue;
        is_told = true;
        ++count.told, count.right += is_right(dx, dy);
      }
      for (const DriftSums::Shift& shift : near.shifts())
        if (!is_told) ++count.told, count.right += is_right(shift.peak.right, shift.peak.down);
    }
    char what[96];
    std::snprintf(what, sizeof what, "20 together shifted by %g %%", percent);
    print(what, count);
  }

  const LabelMap& labels_;
  std::vector<Pair> pairs_, squares_;
  std::vector<std::optional<Alignment>> in_place_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fputs("Usage: misplaced_masks FOLDER FORMAT [key=value...]\n", stderr);
    return 2;
  }
  const Jobs jobs(0);
  const formats::Opened opened = formats::open(argv[1], argv[2], {argv + 3, argv + argc});
  Findings findings;
  std::vector<Pair> pairs, squares;
  const LabelMap& map = opened.source->metadata().labels;
  for_each_item(*opened.source, findings, [&](Item&& item) {
    if (item.image.empty() || (!item.semantic && item.annotations.empty())) return;
    const cv::Mat picture = read_image(item.image);
    Pair pair;
    pair.size = {picture.cols, picture.rows};
    item.size = pair.size;
    pair.labels = semantic_of(item, map).labels;
    const auto grid = alignment_grid(pair.size);
    if (!grid) return;
    // As check decodes it.
    pair.picture = on_alignment_grid(read_image(item.image, {.at_least = *grid}), *grid);
    const int side = std::min(picture.cols, picture.rows);
    const cv::Rect middle((picture.cols - side) / 2, (picture.rows - side) / 2, side, side);
    Pair square;
    square.size = {side, side};
    square.labels = pair.labels(middle).clone();
    if (const auto cut = alignment_grid(square.size)) {
      square.picture = on_alignment_grid(picture(middle), *cut);
      squares.push_back(square);
    }
    pairs.push_back(pair);
  });
  Bench(map, std::move(pairs), std::move(squares)).run();
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "misplaced_masks: %s\n", error.what());
  return exit_code(error.code());
}
