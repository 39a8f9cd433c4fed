// SPDX-License-Identifier: Apache-2.0
#include "metrics/weighted_coco.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace maskmill {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kAllBits = (std::uint64_t{1} << kAreaRanges * kOverlapThresholds) - 1;
constexpr std::uint64_t kBitsOfAnArea = (std::uint64_t{1} << kOverlapThresholds) - 1;

/// The mean of what is added; undefined where nothing is.
struct Mean {
  double sum = 0;
  std::size_t count = 0;
  void add(double value) { sum += value, ++count; }
  void add(std::span<const double> values) {
    for (const double value : values) add(value);
  }
  double value() const { return count == 0 ? kUndefined : sum / static_cast<double>(count); }
};

/// How many of the objects have to be found to reach each recall level; none reaches the one behind the last.
using LevelCounts = std::array<std::uint64_t, kRecallThresholds + 1>;

LevelCounts level_counts(std::uint64_t truths) {
  static const std::array<double, kRecallThresholds> levels = recall_thresholds();
  LevelCounts counts;
  const auto whole = static_cast<double>(truths);
  for (std::size_t i = 0; i < kRecallThresholds; ++i) {
    auto count = static_cast<std::uint64_t>(levels[i] * whole);
    while (static_cast<double>(count) / whole < levels[i]) ++count;
    counts[i] = count;
  }
  counts.back() = std::numeric_limits<std::uint64_t>::max();
  return counts;
}

/// What was found so far at one threshold among objects of one area, and the best precision at the recalls
/// that were reached.
struct Curve {
  std::uint32_t right;
  std::uint32_t level;  // the last recall level that is reached; what lies above in `best` is not set
  std::array<double, kRecallThresholds> best;

  void clear() { right = level = 0, best[0] = 0; }

  void add(std::uint32_t weight, std::uint32_t wrong, const LevelCounts& levels) {
    right += weight;
    while (right >= levels[level + 1]) best[++level] = 0;
    const auto found = static_cast<double>(right);
    best[level] = std::max(best[level], found / (found + wrong + std::numeric_limits<double>::epsilon()));
  }

  /// The mean over the levels of the best precision from each on.
  double average() const {
    double sum = 0, precision = 0;
    for (std::size_t i = level + 1; i-- > 0;) sum += precision = std::max(precision, best[i]);
    return sum / kRecallThresholds;
  }
};

}  // namespace

WeightedCoco::WeightedCoco(const CocoEvaluation& evaluation, const std::vector<char>& frequency)
    : protocol_(evaluation.protocol_) {
  names_.overall = protocol_ == Protocol::coco
                       ? std::vector<std::string>{"AP",  "AP50", "AP75",  "APs", "APm", "APl",
                                                  "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"}
                       : std::vector<std::string>{"AP",  "AP50", "AP75",  "APs", "APm", "APl", "APr",
                                                  "APc", "APf",  "AR300", "ARs", "ARm", "ARl"};
  names_.of_label = "AP";
  std::unordered_map<std::uint64_t, std::uint32_t> lanes_of;
  std::vector<std::size_t> position(evaluation.by_label_.size(), evaluation.by_label_.size());
  for (const int index : evaluated_labels(evaluation.labels_)) {
    const auto at = static_cast<std::size_t>(index);
    const CocoEvaluation::OfLabel& label = evaluation.by_label_[at];
    if (label.detections.empty() && label.truths[0] == 0) continue;
    position[at] = labels_.size();
    names_.labels.push_back(evaluation.labels_[index].name);
    OfLabel& own = labels_.emplace_back();
    if (at < frequency.size()) own.frequency = frequency[at];
    std::vector<std::size_t> order(label.detections.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return CocoEvaluation::precedes(label.detections[a], label.detections[b]);
    });
    own.detections.reserve(order.size());
    for (const std::size_t i : order) {
      const CocoEvaluation::Kept& kept = label.detections[i];
      const std::uint64_t counts = ~kept.ignored & kAllBits, wrong = counts & ~std::uint64_t{kept.found};
      Detection& one = own.detections.emplace_back();
      one.right = counts & kept.found;
      one.rank = kept.rank;
      one.place = label.places.at(i);
      const auto [known, is_new] = lanes_of.emplace(wrong, static_cast<std::uint32_t>(lanes_.size()));
      one.wrong = known->second;
      if (!is_new) continue;
      Lanes& lanes = lanes_.emplace_back();
      for (std::size_t bit = 0; bit < kBits; ++bit)
        lanes[bit] = 0 - static_cast<std::uint32_t>(wrong >> bit & 1);
    }
  }
  for (const CocoEvaluation::Truths& truths : evaluation.truths_)
    if (const std::size_t at = position[static_cast<std::size_t>(truths.label)]; at < labels_.size())
      labels_[at].truths.push_back({truths.place, truths.counts});
}

WeightedCoco::Measured WeightedCoco::measured(const OfLabel& label,
                                              std::span<const std::uint32_t> weights) const {
  std::array<std::uint64_t, kAreaRanges> truths{};
  for (const Truths& own : label.truths)
    if (const std::uint32_t weight = weights[own.place])
      for (std::size_t area = 0; area < kAreaRanges; ++area)
        truths[area] += std::uint64_t{weight} * own.counts[area];
  Measured result;
  std::uint64_t defined = 0;
  for (std::size_t area = 0; area < kAreaRanges; ++area) {
    result.is_defined[area] = truths[area] > 0;
    if (truths[area] > 0) defined |= kBitsOfAnArea << bit_of(area, 0);
  }
  if (defined == 0) return result;

  std::array<Curve, kBits> curves;
  for (Curve& curve : curves) curve.clear();
  Lanes wrong{};
  std::array<LevelCounts, kAreaRanges> levels;
  for (std::size_t area = 0; area < kAreaRanges; ++area)
    if (result.is_defined[area]) levels[area] = level_counts(truths[area]);
  std::uint64_t found_first = 0, found_of_10 = 0;
  for (const Detection& detection : label.detections) {
    const std::uint32_t weight = weights[detection.place];
    if (weight == 0) continue;
    const Lanes& lanes = lanes_[detection.wrong];
    for (std::size_t bit = 0; bit < kBits; ++bit) wrong[bit] += weight & lanes[bit];
    for (std::uint64_t right = detection.right & defined; right != 0; right &= right - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(right));
      curves[bit].add(weight, wrong[bit], levels[bit / kOverlapThresholds]);
    }
    const auto of_all = static_cast<std::uint64_t>(std::popcount(detection.right & kBitsOfAnArea));
    if (detection.rank < 1) found_first += of_all * weight;
    if (detection.rank < 10) found_of_10 += of_all * weight;
  }
  for (std::size_t area = 0; area < kAreaRanges; ++area)
    for (std::size_t threshold = 0; result.is_defined[area] && threshold < kOverlapThresholds; ++threshold) {
      const std::size_t bit = bit_of(area, threshold);
      result.precision[area][threshold] = curves[bit].average();
      result.recall[area][threshold] = curves[bit].right / static_cast<double>(truths[area]);
    }
  const double all = static_cast<double>(truths[0]) * kOverlapThresholds;
  result.recall_of_1 = static_cast<double>(found_first) / all;
  result.recall_of_10 = static_cast<double>(found_of_10) / all;
  return result;
}

std::vector<double> WeightedCoco::values(std::span<const std::uint32_t> weights) const {
  std::array<Mean, kAreaRanges> precision, recall;
  Mean at_50, at_75, recall_of_1, recall_of_10;
  std::array<Mean, 3> by_frequency;  // r, c, f
  std::vector<double> of_labels;
  for (const OfLabel& label : labels_) {
    const Measured own = measured(label, weights);
    for (std::size_t area = 0; area < kAreaRanges; ++area)
      if (own.is_defined[area]) precision[area].add(own.precision[area]), recall[area].add(own.recall[area]);
    of_labels.push_back(kUndefined);
    if (!own.is_defined[0]) continue;
    Mean ap;
    ap.add(own.precision[0]);
    of_labels.back() = ap.value();
    at_50.add(own.precision[0][0]), at_75.add(own.precision[0][5]);
    recall_of_1.add(own.recall_of_1), recall_of_10.add(own.recall_of_10);
    for (std::size_t i = 0; i < 3; ++i)
      if (label.frequency == "rcf"[i]) by_frequency[i].add(own.precision[0]);
  }
  std::vector<double> values{precision[0].value(), at_50.value(),        at_75.value(),
                             precision[1].value(), precision[2].value(), precision[3].value()};
  if (protocol_ == Protocol::coco)
    values.insert(values.end(), {recall_of_1.value(), recall_of_10.value()});
  else
    for (const Mean& group : by_frequency) values.push_back(group.value());
  for (const Mean& mean : recall) values.push_back(mean.value());
  values.insert(values.end(), of_labels.begin(), of_labels.end());
  return values;
}

}  // namespace maskmill
