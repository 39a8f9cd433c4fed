// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>
#include <set>

#include "base/error.h"
#include "dataset/masks.h"
#include "dataset/probability_files.h"
#include "metrics/boundary.h"
#include "prepare/check/contrast.h"
#include "prepare/check/regions.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostRegions = 100;
constexpr double kLevels = 65535;
constexpr double kRounding = 1e-9;
constexpr int kMostPairs = 65535;

/// What is at least a square of this side thick stays: 1 % of the diagonal, half of what boundary IoU takes
/// for a border.
int least_thickness(Size size) {
  return std::max(3, boundary_width(size) / 2 | 1);
}

/// An opening by a square; of each value by itself.
void drop_thin(cv::Mat& pairs, int side) {
  const cv::Mat square = cv::getStructuringElement(cv::MORPH_RECT, {side, side});
  cv::Mat least, most;
  cv::erode(pairs, least, square);
  cv::dilate(pairs, most, square);
  cv::Mat core = least;
  core.setTo(0, least != most);
  cv::dilate(core, most, square);
  pairs.setTo(0, most != pairs);
}

}  // namespace

PixelContrast::PixelContrast(const LabelMap& labels, const LabelMap& predicted,
                             const std::vector<int>& label_of, std::optional<Path> probabilities)
    : predicted_(predicted),
      masks_(labels, predicted, label_of, false),
      class_of_(static_cast<std::size_t>(masks_.labels().size()), -1),
      probabilities_(std::move(probabilities)) {
  for (int i = 0; i < predicted.size(); ++i)
    if (const int label = label_of[static_cast<std::size_t>(i)]; label >= 0)
      class_of_[static_cast<std::size_t>(label)] = i;
  if (const auto background = masks_.labels().background(); background && predicted.background())
    class_of_[static_cast<std::size_t>(*background)] = *predicted.background();
  for (int i = 0; i < masks_.labels().size(); ++i) is_ignored_.push_back(masks_.labels().is_ignored(i));
}

PixelContrast::Masks PixelContrast::masks_of(const Item& item, const Item& prediction) const {
  Masks masks{masks_.truth_mask(item), masks_.predicted_mask(prediction, item)};
  if (masks.truth.size() != masks.predicted.size())
    throw Error(Code::bad_value, fmt::format("the annotation is of {} and the prediction of {}",
                                             to_string(Size{masks.truth.cols, masks.truth.rows}),
                                             to_string(Size{masks.predicted.cols, masks.predicted.rows})));
  return masks;
}

cv::Mat PixelContrast::probabilities_of(int label, const Item& prediction, Size size) const {
  const int of = class_of_[static_cast<std::size_t>(label)];
  if (of < 0) return cv::Mat::zeros(size.height, size.width, CV_16UC1);  // the model does not know the label
  cv::Mat levels = read_probabilities(*probabilities_, predicted_, of, prediction.id);
  if (levels.cols != size.width || levels.rows != size.height)
    throw Error(Code::bad_value, fmt::format("probabilities of {} for a mask of {}",
                                             to_string(Size{levels.cols, levels.rows}), to_string(size)))
        .at_file(*probabilities_ / probability_file(predicted_, of, prediction.id));
  return levels;
}

PixelContrast::Sums PixelContrast::nothing() const {
  const auto labels = static_cast<std::size_t>(masks_.labels().size());
  return {ConfusionMatrix(masks_.labels().size()), std::vector<double>(labels),
          std::vector<std::int64_t>(labels)};
}

void PixelContrast::Sums::add(const Sums& other) {
  confusion.add(other.confusion);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    probabilities[i] += other.probabilities[i], pixels[i] += other.pixels[i];
}

PixelContrast::Sums PixelContrast::sums_of(const Item& item, const Item& prediction) const {
  Sums sums = nothing();
  const Masks masks = masks_of(item, prediction);
  sums.confusion.add(masks.predicted, masks.truth);
  if (!probabilities_) return sums;
  for (int label = 0; label < masks_.labels().size(); ++label) {
    std::int64_t& pixels = sums.pixels[static_cast<std::size_t>(label)];
    for (int predicted = 0; predicted < masks_.labels().size(); ++predicted)
      pixels += sums.confusion.count(label, predicted);
    pixels += sums.confusion.missed(label);
    if (pixels == 0 || is_ignored_[static_cast<std::size_t>(label)]) continue;
    const cv::Mat levels = probabilities_of(label, prediction, {masks.truth.cols, masks.truth.rows});
    std::int64_t sum = 0;
    for (int y = 0; y < levels.rows; ++y) {
      const auto* level = levels.ptr<std::uint16_t>(y);
      const auto* truth = masks.truth.ptr<std::uint16_t>(y);
      for (int x = 0; x < levels.cols; ++x) sum += truth[x] == label ? level[x] : 0;
    }
    sums.probabilities[static_cast<std::size_t>(label)] = static_cast<double>(sum) / kLevels;
  }
  return sums;
}

ModelHabits PixelContrast::habits(const Sums& sums) const {
  const int labels = masks_.labels().size();
  ModelHabits habits;
  habits.labels.resize(static_cast<std::size_t>(labels));
  if (probabilities_) {
    for (std::size_t i = 0; i < habits.labels.size(); ++i)
      if (sums.pixels[i] > 0)
        habits.labels[i].confidence = sums.probabilities[i] / static_cast<double>(sums.pixels[i]);
    return habits;
  }
  habits.shares.assign(static_cast<std::size_t>(labels),
                       std::vector<double>(static_cast<std::size_t>(labels)));
  for (int predicted = 0; predicted < labels; ++predicted) {
    std::int64_t all = 0;
    for (int label = 0; label < labels; ++label) all += sums.confusion.count(label, predicted);
    for (int label = 0; label < labels && all > 0; ++label)
      habits.shares[static_cast<std::size_t>(label)][static_cast<std::size_t>(predicted)] =
          static_cast<double>(sums.confusion.count(label, predicted)) / static_cast<double>(all);
  }
  for (int label = 0; label < labels; ++label) {
    std::int64_t pixels = 0;
    double sum = 0;
    for (int predicted = 0; predicted < labels; ++predicted) {
      pixels += sums.confusion.count(label, predicted);
      sum += static_cast<double>(sums.confusion.count(label, predicted)) *
             habits.shares[static_cast<std::size_t>(label)][static_cast<std::size_t>(predicted)];
    }
    if (pixels > 0)
      habits.labels[static_cast<std::size_t>(label)].confidence = sum / static_cast<double>(pixels);
  }
  return habits;
}

/// Pixels whose predicted label is not probable enough lose their number.
void PixelContrast::drop_unsure(cv::Mat& pairs, const std::vector<std::pair<int, int>>& labels,
                                const Item& prediction, const ModelHabits& habits) const {
  const auto confidence_in = [&](int label) {
    return habits.labels[static_cast<std::size_t>(label)].confidence;
  };
  std::set<int> predictions;
  for (const auto& [label, predicted] : labels) predictions.insert(predicted);
  for (const int predicted : predictions) {
    std::vector<bool> is_of(labels.size() + 1);
    for (std::size_t i = 0; i < labels.size(); ++i) is_of[i + 1] = labels[i].second == predicted;
    const auto least = confidence_in(predicted);
    const cv::Mat levels = least && probabilities_
                               ? probabilities_of(predicted, prediction, {pairs.cols, pairs.rows})
                               : cv::Mat();
    for (int y = 0; y < pairs.rows; ++y) {
      auto* pair = pairs.ptr<std::uint16_t>(y);
      const auto* level = levels.empty() ? nullptr : levels.ptr<std::uint16_t>(y);
      for (int x = 0; x < pairs.cols; ++x) {
        if (!is_of[pair[x]]) continue;
        const double probability =
            level ? level[x] / kLevels
            : least && !habits.shares.empty()
                ? habits.shares[static_cast<std::size_t>(predicted)][static_cast<std::size_t>(predicted)]
                : 0;
        if (!least || probability < *least - kRounding) pair[x] = 0;
      }
    }
  }
}

void PixelContrast::measure(std::vector<ContradictedRegion>& regions, const cv::Mat& pairs,
                            const std::vector<std::pair<int, int>>& labels, const Item& prediction,
                            const ModelHabits& habits) const {
  if (!probabilities_) {
    for (ContradictedRegion& region : regions) {
      const auto label = static_cast<std::size_t>(region.label),
                 predicted = static_cast<std::size_t>(region.predicted);
      region.probability = habits.shares[predicted][predicted];
      region.of_label = habits.shares[label][predicted];
    }
    return;
  }
  std::map<std::pair<int, int>, std::uint16_t> number_of;
  for (std::size_t i = 0; i < labels.size(); ++i) number_of[labels[i]] = static_cast<std::uint16_t>(i + 1);
  std::set<int> needed;
  for (const ContradictedRegion& region : regions) needed.insert({region.label, region.predicted});
  for (const int label : needed) {
    const cv::Mat levels = probabilities_of(label, prediction, {pairs.cols, pairs.rows});
    for (ContradictedRegion& region : regions) {
      if (region.label != label && region.predicted != label) continue;
      const std::uint16_t number = number_of.at({region.label, region.predicted});
      double sum = 0;
      std::int64_t pixels = 0;
      for (int y = region.window.y; y < region.window.bottom(); ++y) {
        const auto* pair = pairs.ptr<std::uint16_t>(y);
        const auto* level = levels.ptr<std::uint16_t>(y);
        for (int x = region.window.x; x < region.window.right(); ++x)
          if (pair[x] == number) sum += level[x], ++pixels;
      }
      (region.label == label ? region.of_label : region.probability) =
          sum / kLevels / static_cast<double>(pixels);
    }
  }
}

std::vector<ContradictedRegion> PixelContrast::regions(const Item& item, const Item& prediction,
                                                       const ModelHabits& habits) const {
  const Masks masks = masks_of(item, prediction);
  const Size size{masks.truth.cols, masks.truth.rows};
  cv::Mat pairs = cv::Mat::zeros(size.height, size.width, CV_16UC1);
  std::vector<std::pair<int, int>> labels;  // of the numbers from 1 on
  std::map<std::pair<int, int>, std::uint16_t> number_of;
  for (int y = 0; y < size.height; ++y) {
    const auto *truth = masks.truth.ptr<std::uint16_t>(y), *predicted = masks.predicted.ptr<std::uint16_t>(y);
    auto* pair = pairs.ptr<std::uint16_t>(y);
    for (int x = 0; x < size.width;) {
      const int a = truth[x], b = predicted[x];
      int end = x + 1;
      while (end < size.width && truth[end] == a && predicted[end] == b) ++end;
      if (a != b && a != kUnlabelled && b != kUnlabelled && !is_ignored_[static_cast<std::size_t>(a)] &&
          !is_ignored_[static_cast<std::size_t>(b)]) {
        const auto [known, is_new] =
            number_of.try_emplace({a, b}, static_cast<std::uint16_t>(labels.size() + 1));
        if (is_new && labels.size() == kMostPairs)
          throw Error(Code::unsupported, "more than 65,535 pairs of labels in one image");
        if (is_new) labels.emplace_back(a, b);
        std::fill(pair + x, pair + end, known->second);
      }
      x = end;
    }
  }
  if (labels.empty()) return {};
  drop_unsure(pairs, labels, prediction, habits);
  drop_thin(pairs, least_thickness(size));
  std::vector<ContradictedRegion> regions;
  for_each_region(pairs, [&](const Region& region) {
    if (region.value == 0) return;
    const auto& [label, predicted] = labels[region.value - 1];
    regions.push_back({label, predicted, region.window, region.area, 0, 0});
  });
  std::ranges::stable_sort(regions, std::ranges::greater(), &ContradictedRegion::pixels);
  if (regions.size() > kMostRegions) regions.resize(kMostRegions);
  measure(regions, pairs, labels, prediction, habits);
  return regions;
}

}  // namespace maskmill
