// SPDX-License-Identifier: Apache-2.0
// Compiled without fused multiply-add, so that all numbers are pycocotools' to the last bit.
#include "metrics/coco_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "base/parallel.h"
#include "base/text.h"
#include "metrics/text_table.h"

namespace maskmill {
namespace {

static_assert(kAreaRanges * kOverlapThresholds <= 40);

/// numpy's pairwise summation (umr_sum of its C sources), whose rounding the published numbers have.
double pairwise_sum(std::span<const double> values) {
  const std::size_t count = values.size();
  if (count < 8) return std::accumulate(values.begin(), values.end(), 0.);
  if (count > 128) {
    const std::size_t half = count / 2 / 8 * 8;
    return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
  }
  std::array<double, 8> sums;
  std::copy_n(values.begin(), 8, sums.begin());
  std::size_t i = 8;
  for (; i + 8 <= count; i += 8)
    for (std::size_t j = 0; j < 8; ++j) sums[j] += values[i + j];
  double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (; i < count; ++i) sum += values[i];
  return sum;
}

/// Of those that are defined.
std::optional<double> mean_of(std::vector<double> values) {
  std::erase_if(values, [](double value) { return value <= -1; });
  if (values.empty()) return std::nullopt;
  return pairwise_sum(values) / static_cast<double>(values.size());
}

struct Ranked {
  double score;
  std::uint64_t found, ignored;
  std::uint32_t rank;
};

/// One label's curves of one area range and one limit of detections.
class CurveMaker {
 public:
  CurveMaker(CocoCurves& curves, std::size_t label, std::size_t area, std::size_t most)
      : curves_(curves), label_(label), area_(area), most_(most) {}

  void run(const std::vector<Ranked>& all, std::size_t truths) {
    if (truths == 0) return;
    for (std::size_t threshold = 0; threshold < kOverlapThresholds; ++threshold) {
      find(all, std::uint64_t{1} << bit_of(area_, threshold));
      curves_.recall[curves_.recall_at(threshold, label_, area_, most_)] =
          static_cast<double>(right_.size()) / static_cast<double>(truths);
      sample(threshold, truths);
    }
  }

 private:
  /// A detection that is right, and the best precision from it on.
  struct Right {
    double score, precision;
  };

  /// Recall rises and precision peaks only where a detection is right: the others are only counted.
  void find(const std::vector<Ranked>& all, std::uint64_t bit) {
    right_.clear();
    best_score_ = 0;
    const std::size_t limit = curves_.most_detections[most_];
    double right = 0, wrong = 0;
    bool is_first = true;
    for (const Ranked& detection : all) {
      if (detection.rank >= limit) continue;
      if (std::exchange(is_first, false)) best_score_ = detection.score;
      if (detection.ignored & bit) continue;
      if (!(detection.found & bit)) {
        wrong += 1;
        continue;
      }
      right += 1;
      right_.push_back({detection.score, right / (wrong + right + std::numeric_limits<double>::epsilon())});
    }
    for (std::size_t i = right_.size(); i-- > 1;)
      right_[i - 1].precision = std::max(right_[i - 1].precision, right_[i].precision);
  }

  /// At the first detection that reaches each recall; 0 where none does. A recall of 0 is reached by the
  /// first detection, right or wrong.
  void sample(std::size_t threshold, std::size_t truths) {
    static const std::array<double, kRecallThresholds> thresholds = recall_thresholds();
    std::size_t at = 0;
    for (std::size_t level = 0; level < kRecallThresholds; ++level) {
      while (at < right_.size() &&
             static_cast<double>(at + 1) / static_cast<double>(truths) < thresholds[level])
        ++at;
      const bool is_reached = at < right_.size();
      const std::size_t place = curves_.sample_at(threshold, level, label_, area_, most_);
      curves_.precision[place] = is_reached ? right_[at].precision : 0;
      curves_.scores[place] = level == 0 ? best_score_ : is_reached ? right_[at].score : 0;
    }
  }

  CocoCurves& curves_;
  const std::size_t label_, area_, most_;
  std::vector<Right> right_;
  double best_score_ = 0;  // of all detections, right or not
};

/// Means over parts of the curves.
class Summary {
 public:
  explicit Summary(const CocoCurves& curves) : curves_(curves) {}

  std::optional<double> precision(std::span<const std::size_t> labels, std::size_t first_threshold,
                                  std::size_t thresholds, std::size_t area) const {
    std::vector<double> values;
    const std::size_t most = curves_.most_detections.size() - 1;
    for (std::size_t t = first_threshold; t < first_threshold + thresholds; ++t)
      for (std::size_t r = 0; r < kRecallThresholds; ++r)
        for (const std::size_t label : labels)
          values.push_back(curves_.precision[curves_.sample_at(t, r, label, area, most)]);
    return mean_of(std::move(values));
  }
  std::optional<double> recall(std::span<const std::size_t> labels, std::size_t area,
                               std::size_t most) const {
    std::vector<double> values;
    for (std::size_t t = 0; t < kOverlapThresholds; ++t)
      for (const std::size_t label : labels)
        values.push_back(curves_.recall[curves_.recall_at(t, label, area, most)]);
    return mean_of(std::move(values));
  }
  /// AP, AP50, AP75, APs, APm, APl
  std::vector<CocoScores::Score> precisions(std::span<const std::size_t> labels) const {
    return {{"AP", precision(labels, 0, kOverlapThresholds, 0)},
            {"AP50", precision(labels, 0, 1, 0)},
            {"AP75", precision(labels, 5, 1, 0)},
            {"APs", precision(labels, 0, kOverlapThresholds, 1)},
            {"APm", precision(labels, 0, kOverlapThresholds, 2)},
            {"APl", precision(labels, 0, kOverlapThresholds, 3)}};
  }

 private:
  const CocoCurves& curves_;
};

}  // namespace

std::array<double, kRecallThresholds> recall_thresholds() {
  constexpr double step = 1. / (kRecallThresholds - 1);
  std::array<double, kRecallThresholds> thresholds{};
  for (std::size_t i = 0; i < kRecallThresholds; ++i) thresholds[i] = static_cast<double>(i) * step;
  thresholds.back() = 1;
  return thresholds;
}

std::vector<int> evaluated_labels(const LabelMap& labels) {
  std::vector<int> evaluated;
  for (int i = 0; i < labels.size(); ++i)
    if (labels[i].role == Role::object) evaluated.push_back(i);
  if (std::ranges::all_of(evaluated, [&](int label) { return labels[label].id.has_value(); }))
    std::ranges::sort(evaluated, {}, [&](int label) { return *labels[label].id; });
  return evaluated;
}

std::optional<double> DetectionCounts::f1() const {
  const std::size_t whole = 2 * found + wrong + missed;
  if (whole == 0) return std::nullopt;
  return 2 * static_cast<double>(found) / static_cast<double>(whole);
}

CocoEvaluation::CocoEvaluation(const LabelMap& labels, Protocol protocol, bool keeps_images)
    : labels_(labels),
      protocol_(protocol),
      keeps_images_(keeps_images),
      by_label_(static_cast<std::size_t>(labels.size())) {}

std::vector<CocoEvaluation::Part> CocoEvaluation::matched(const std::vector<Overlaps>& image) {
  std::vector<Part> parts;
  for (const Overlaps& overlaps : image) {
    Part part;
    part.label = overlaps.label;
    for (const Overlaps::Detection& detection : overlaps.detections)
      part.detections.push_back({detection.score, 0, 0});
    const Matcher matcher(overlaps);
    for (std::size_t area = 0; area < kAreaRanges; ++area) {
      const Matches matches = matcher.match(kAreas[area]);
      part.truths[area] = static_cast<std::uint32_t>(std::ranges::count(matches.truth_is_ignored, false));
      for (std::size_t d = 0; d < part.detections.size(); ++d)
        for (std::size_t t = 0; t < kOverlapThresholds; ++t) {
          const std::int32_t truth = matches.detections[d].truth[t];
          const bool is_found =
              truth != Matches::kNone && !overlaps.truths[static_cast<std::size_t>(truth)].has_id_0;
          part.detections[d].found |= std::uint64_t{is_found} << bit_of(area, t);
          part.detections[d].ignored |= std::uint64_t{matches.detections[d].is_ignored[t]} << bit_of(area, t);
        }
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

void CocoEvaluation::add(std::int64_t number, const std::vector<Part>& image) {
  for (const Part& part : image) {
    OfLabel& label = by_label_[static_cast<std::size_t>(part.label)];
    for (std::size_t area = 0; area < kAreaRanges; ++area) label.truths[area] += part.truths[area];
    if (keeps_images_) {
      label.places.resize(label.places.size() + part.detections.size(), images_);
      if (std::ranges::any_of(part.truths, [](std::uint32_t count) { return count > 0; }))
        truths_.push_back({images_, part.label, part.truths});
    }
    for (std::size_t rank = 0; rank < part.detections.size(); ++rank) {
      const Part::Detection& detection = part.detections[rank];
      label.detections.push_back({detection.score, number, detection.found, rank, detection.ignored});
    }
  }
  ++images_;
}

CocoCurves CocoEvaluation::curves() const {
  CocoCurves curves;
  curves.labels = evaluated_labels(labels_);
  curves.most_detections =
      protocol_ == Protocol::coco ? std::vector<std::size_t>{1, 10, 100} : std::vector<std::size_t>{300};
  const std::size_t settings =
      kOverlapThresholds * curves.labels.size() * kAreaRanges * curves.most_detections.size();
  curves.recall.assign(settings, -1);
  curves.precision.assign(settings * kRecallThresholds, -1);
  curves.scores = curves.precision;
  parallel_for(curves.labels.size(), [&](std::size_t k) {
    const OfLabel& label = by_label_[static_cast<std::size_t>(curves.labels[k])];
    std::vector<Kept> kept = label.detections;
    std::ranges::stable_sort(kept, precedes);
    std::vector<Ranked> ranked;
    for (const Kept& one : kept)
      ranked.push_back({one.score, one.found, one.ignored, static_cast<std::uint32_t>(one.rank)});
    for (std::size_t area = 0; area < kAreaRanges; ++area)
      for (std::size_t most = 0; most < curves.most_detections.size(); ++most)
        CurveMaker(curves, k, area, most).run(ranked, label.truths[area]);
  });
  return curves;
}

CocoScores CocoEvaluation::scores(const CocoCurves& curves, const std::vector<char>& frequency) const {
  const Summary summary(curves);
  std::vector<std::size_t> all(curves.labels.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const std::size_t most = curves.most_detections.size() - 1;
  CocoScores scores;
  scores.overall = summary.precisions(all);
  if (protocol_ == Protocol::coco) {
    scores.overall.insert(scores.overall.end(), {{"AR1", summary.recall(all, 0, 0)},
                                                 {"AR10", summary.recall(all, 0, 1)},
                                                 {"AR100", summary.recall(all, 0, 2)}});
  } else {
    for (const auto& [name, letter] : {std::pair("APr", 'r'), {"APc", 'c'}, {"APf", 'f'}}) {
      std::vector<std::size_t> group;
      for (const std::size_t k : all)
        if (const auto label = static_cast<std::size_t>(curves.labels[k]);
            label < frequency.size() && frequency[label] == letter)
          group.push_back(k);
      scores.overall.emplace_back(name, summary.precision(group, 0, kOverlapThresholds, 0));
    }
    scores.overall.emplace_back("AR300", summary.recall(all, 0, most));
  }
  scores.overall.insert(scores.overall.end(), {{"ARs", summary.recall(all, 1, most)},
                                               {"ARm", summary.recall(all, 2, most)},
                                               {"ARl", summary.recall(all, 3, most)}});
  for (const std::size_t k : all) {
    const OfLabel& label = by_label_[static_cast<std::size_t>(curves.labels[k])];
    if (label.truths[0] == 0 && label.detections.empty()) continue;
    CocoScores::OfLabel own{curves.labels[k], summary.precisions({{k}}), label.truths[0],
                            label.detections.size()};
    own.scores.emplace_back(protocol_ == Protocol::coco ? "AR100" : "AR300", summary.recall({{k}}, 0, most));
    scores.labels.push_back(std::move(own));
  }
  return scores;
}

std::optional<OperatingPoint> CocoEvaluation::best_f1() const {
  std::vector<std::pair<double, bool>> detections;  // score, found
  std::size_t truths = 0;
  for (const OfLabel& label : by_label_) {
    truths += label.truths[0];
    for (const Kept& kept : label.detections)
      if (!(kept.ignored & 1)) detections.emplace_back(kept.score, (kept.found & 1) != 0);
  }
  std::ranges::sort(detections, std::greater<>(), [](const auto& one) { return one.first; });
  std::optional<OperatingPoint> best;
  DetectionCounts counts{0, 0, truths};
  for (std::size_t i = 0; i < detections.size(); ++i) {
    const auto& [score, is_found] = detections[i];
    is_found ? (++counts.found, --counts.missed) : ++counts.wrong;
    if (i + 1 < detections.size() && detections[i + 1].first == score) continue;  // all of a score count
    if (counts.found > 0 && (!best || *counts.f1() > *best->counts.f1())) best = {score, counts};
  }
  return best;
}

std::vector<DetectionCounts> CocoEvaluation::counts_of_images(double least_score) const {
  std::vector<DetectionCounts> images(images_);
  for (const Truths& truths : truths_) images[truths.place].missed += truths.counts[0];
  for (const OfLabel& label : by_label_)
    for (std::size_t i = 0; i < label.places.size(); ++i) {
      const Kept& kept = label.detections[i];
      if ((kept.ignored & 1) || kept.score < least_score) continue;
      DetectionCounts& image = images[label.places[i]];
      kept.found & 1 ? (++image.found, --image.missed) : ++image.wrong;
    }
  return images;
}

Json to_json(const CocoScores& scores, const LabelMap& labels) {
  const auto add = [](Json& object, const std::vector<CocoScores::Score>& list) {
    for (const auto& [name, value] : list) object[std::string(name)] = json_of(value);
  };
  Json document = Json::object(), classes = Json::array();
  add(document, scores.overall);
  for (const CocoScores::OfLabel& own : scores.labels) {
    Json one{{"name", labels[own.label].name}, {"truths", own.truths}, {"detections", own.detections}};
    add(one, own.scores);
    classes.push_back(std::move(one));
  }
  document["classes"] = std::move(classes);
  return document;
}

std::string to_table(const CocoScores& scores, const LabelMap& labels, std::string_view title) {
  std::string table = fmt::format("{}\n", title);
  for (const auto& [name, value] : scores.overall)
    table += fmt::format("  {:<6} {:>7}\n", name, text_of(value));
  if (scores.labels.empty()) return table;
  std::size_t width = 5;
  for (const CocoScores::OfLabel& own : scores.labels)
    width = std::max(width, columns_of(labels[own.label].name));
  const auto padded = [&](std::string_view name) {
    return fmt::format("{}{}", name, std::string(width - columns_of(name), ' '));
  };
  table += fmt::format("\n{}  {:>9}  {:>10}", padded("class"), "truths", "detections");
  for (const auto& [name, value] : scores.labels.front().scores) table += fmt::format("  {:>7}", name);
  table += '\n';
  for (const CocoScores::OfLabel& own : scores.labels) {
    table += fmt::format("{}  {:>9}  {:>10}", padded(labels[own.label].name), with_thousands(own.truths),
                         with_thousands(own.detections));
    for (const auto& [name, value] : own.scores) table += fmt::format("  {:>7}", text_of(value));
    table += '\n';
  }
  return table;
}

}  // namespace maskmill
