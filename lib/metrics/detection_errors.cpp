// SPDX-License-Identifier: Apache-2.0
#include "metrics/detection_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "base/parallel.h"
#include "base/text.h"
#include "metrics/coco_evaluation.h"
#include "metrics/coco_matching.h"
#include "metrics/text_table.h"

namespace maskmill {
namespace {

constexpr double kForeground = .5, kBackground = .1;
constexpr std::int8_t kRight = -1;
constexpr std::int32_t kNone = -1;

/// Puts the errors of one image into words, best detection first.
class Explainer {
 public:
  explicit Explainer(const std::vector<Overlaps>& image) : image_(image) {
    for (const Overlaps& overlaps : image) {
      const Matches matches = Matcher(overlaps).match(kAreas[0]);
      const std::size_t first = truths_.size();
      for (std::size_t i = 0; i < overlaps.truths.size(); ++i)
        truths_.push_back({overlaps.label, overlaps.truths[i].annotation, !matches.truth_is_ignored[i]});
      for (std::size_t d = 0; d < overlaps.detections.size(); ++d) {
        const Matches::Detection& match = matches.detections[d];
        if (match.truth[0] != Matches::kNone)
          truths_[first + static_cast<std::size_t>(match.truth[0])].is_found = true;
        if (!match.is_ignored[0]) detections_.push_back({&overlaps, d, match.truth[0] != Matches::kNone});
      }
    }
    std::ranges::stable_sort(detections_, std::greater<>(), [](const Detection& one) { return one.score(); });
  }

  DetectionErrors::Image run() {
    DetectionErrors::Image explained;
    std::uint32_t rank = 0;
    for (const Detection& one : detections_) {
      DetectionErrors::Entry entry{one.score(), 0, rank++, one.overlaps->label, kNone, kRight};
      if (!one.is_right) explain(one, entry);
      explained.entries.push_back(entry);
    }
    for (const Truth& truth : truths_) {
      if (!truth.counts) continue;
      if (explained.truths.empty() || explained.truths.back().label != truth.label)
        explained.truths.push_back({truth.label});
      DetectionErrors::Image::Truths& own = explained.truths.back();
      ++own.all;
      own.not_found += !truth.is_found;
      own.missed += !truth.is_found && !truth.is_claimed;
    }
    return explained;
  }

 private:
  struct Truth {
    int label;
    std::uint32_t annotation;
    bool counts;
    bool is_found = false;
    bool is_claimed = false;  // an error put right would find it
  };
  struct Detection {
    const Overlaps* overlaps;
    std::size_t index;
    bool is_right;
    double score() const { return overlaps->detections[index].score; }
  };
  /// Of equal ones the first in the data set's order.
  struct Nearest {
    double iou = 0;
    std::size_t truth = 0;
    bool is_any = false;
  };
  void see(Nearest& nearest, double iou, std::size_t truth) const {
    if (!nearest.is_any || iou > nearest.iou ||
        (iou == nearest.iou && truths_[truth].annotation < truths_[nearest.truth].annotation))
      nearest = {iou, truth, true};
  }

  void explain(const Detection& one, DetectionErrors::Entry& entry) {
    Nearest own, other;
    const double* ious = one.overlaps->ious_of_all.data() + one.index * truths_.size();
    for (std::size_t i = 0; i < truths_.size(); ++i)
      if (truths_[i].counts) see(truths_[i].label == one.overlaps->label ? own : other, ious[i], i);
    const auto is = [&](DetectionError error) { entry.error = static_cast<std::int8_t>(error); };
    if (own.is_any && own.iou >= kBackground && own.iou <= kForeground) {
      is(DetectionError::loc);
      claim(own.truth, entry);
    } else if (other.is_any && other.iou >= kForeground) {
      is(DetectionError::cls);
      claim(other.truth, entry);
    } else if (own.iou >= kForeground) {
      is(DetectionError::dupe);
    } else {
      is(std::max(own.iou, other.iou) <= kBackground ? DetectionError::bkg : DetectionError::both);
    }
  }

  /// The first, and so the best, has it.
  void claim(std::size_t truth, DetectionErrors::Entry& entry) {
    Truth& claimed = truths_[truth];
    if (!claimed.is_found && !claimed.is_claimed) entry.fixed_label = claimed.label;
    claimed.is_claimed = true;
  }

  const std::vector<Overlaps>& image_;
  std::vector<Truth> truths_;  // label after label, as ious_of_all has them
  std::vector<Detection> detections_;
};

/// Average precision of detections, best first, that are right or wrong.
class AveragePrecision {
 public:
  void add(bool is_right) {
    is_right ? ++right_ : ++wrong_;
    if (is_right) precisions_.push_back(right_ / (right_ + wrong_));
  }
  double of(std::size_t truths) {
    static const std::array<double, kRecallThresholds> levels = recall_thresholds();
    for (std::size_t i = precisions_.size(); i-- > 1;)
      precisions_[i - 1] = std::max(precisions_[i - 1], precisions_[i]);
    double sum = 0;
    std::size_t at = 0;
    for (const double level : levels) {
      while (at < precisions_.size() && static_cast<double>(at + 1) / static_cast<double>(truths) < level)
        ++at;
      if (at < precisions_.size()) sum += precisions_[at];
    }
    return sum / kRecallThresholds;
  }

 private:
  double right_ = 0, wrong_ = 0;
  std::vector<double> precisions_;
};

/// What is put right: nothing, one kind of error, all that is wrong, all that is not found.
constexpr int kNothing = -1, kFalsePositives = kDetectionErrors, kFalseNegatives = kDetectionErrors + 1;
constexpr std::size_t kFixes = kDetectionErrors + 3;

}  // namespace

DetectionErrors::DetectionErrors(const LabelMap& labels)
    : by_label_(static_cast<std::size_t>(labels.size())) {}

DetectionErrors::Image DetectionErrors::explained(const std::vector<Overlaps>& image) {
  return Explainer(image).run();
}

void DetectionErrors::add(std::int64_t number, Image image) {
  for (Entry& entry : image.entries) {
    entry.image = number;
    by_label_[static_cast<std::size_t>(entry.label)].entries.push_back(entry);
    if (entry.error == kRight) continue;
    ++counts_[static_cast<std::size_t>(entry.error)];
    if (entry.fixed_label != kNone && entry.fixed_label != entry.label)
      by_label_[static_cast<std::size_t>(entry.fixed_label)].entries.push_back(entry);
  }
  for (const Image::Truths& truths : image.truths) {
    OfLabel& label = by_label_[static_cast<std::size_t>(truths.label)];
    label.truths += truths.all, label.not_found += truths.not_found, label.missed += truths.missed;
    counts_[static_cast<std::size_t>(DetectionError::miss)] += truths.missed;
  }
}

ErrorScores DetectionErrors::scores() const {
  std::vector<std::array<std::optional<double>, kFixes>> by_label(by_label_.size());
  parallel_for(by_label_.size(), [&](std::size_t label) {
    const OfLabel& own = by_label_[label];
    if (own.truths == 0) return;
    std::vector<Entry> entries = own.entries;
    std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
      return std::tuple(-a.score, a.image, a.rank) < std::tuple(-b.score, b.image, b.rank);
    });
    for (std::size_t i = 0; i < kFixes; ++i) {
      const int fix = static_cast<int>(i) - 1;
      const std::size_t truths = own.truths - (fix == static_cast<int>(DetectionError::miss) ? own.missed
                                               : fix == kFalseNegatives                      ? own.not_found
                                                                                             : 0);
      if (truths == 0) continue;
      AveragePrecision precision;
      for (const Entry& entry : entries) {
        const bool is_fixed = entry.error != kRight && (entry.error == fix || fix == kFalsePositives);
        const bool is_own = entry.label == static_cast<std::int32_t>(label);
        if (is_fixed && fix != kFalsePositives) {
          if (entry.fixed_label == static_cast<std::int32_t>(label)) precision.add(true);
        } else if (is_own && !is_fixed) {
          precision.add(entry.error == kRight);
        }
      }
      by_label[label][i] = precision.of(truths);
    }
  });
  const auto mean = [&](int fix) {
    double sum = 0;
    std::size_t defined = 0;
    for (const auto& own : by_label)
      if (const auto& value = own[static_cast<std::size_t>(fix + 1)]) sum += *value, ++defined;
    return defined == 0 ? std::nullopt : std::optional(sum / static_cast<double>(defined));
  };
  ErrorScores scores;
  scores.ap50 = mean(kNothing);
  const auto gain = [&](int fix) -> std::optional<double> {
    if (!scores.ap50) return std::nullopt;
    const std::optional<double> fixed = mean(fix);
    return fixed ? std::max(0., *fixed - *scores.ap50) : 0;
  };
  for (std::size_t i = 0; i < kDetectionErrors; ++i)
    scores.errors[i] = {counts_[i], gain(static_cast<int>(i))};
  for (const OfLabel& label : by_label_) scores.false_negatives.count += label.not_found;
  for (std::size_t i = 0; i < kDetectionErrors; ++i)
    if (i != static_cast<std::size_t>(DetectionError::miss)) scores.false_positives.count += counts_[i];
  scores.false_positives.d_ap = gain(kFalsePositives);
  scores.false_negatives.d_ap = gain(kFalseNegatives);
  return scores;
}

Json to_json(const ErrorScores& scores) {
  const auto one = [](const ErrorScores::Error& error) {
    return Json{{"count", error.count}, {"dAP", json_of(error.d_ap)}};
  };
  Json document{{"AP50", json_of(scores.ap50)}};
  for (std::size_t i = 0; i < kDetectionErrors; ++i)
    document[std::string(enum_names<DetectionError>[i])] = one(scores.errors[i]);
  document["FalsePos"] = one(scores.false_positives);
  document["FalseNeg"] = one(scores.false_negatives);
  return document;
}

std::string to_table(const ErrorScores& scores) {
  std::string table = fmt::format("{:<8}  {:>10}  {:>7}\n", "error", "count", "dAP");
  const auto line = [&](std::string_view name, const ErrorScores::Error& error) {
    table += fmt::format("{:<8}  {:>10}  {:>7}\n", name, with_thousands(error.count), text_of(error.d_ap));
  };
  for (std::size_t i = 0; i < kDetectionErrors; ++i) line(enum_names<DetectionError>[i], scores.errors[i]);
  line("FalsePos", scores.false_positives);
  line("FalseNeg", scores.false_negatives);
  return table;
}

}  // namespace maskmill
