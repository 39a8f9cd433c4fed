// SPDX-License-Identifier: Apache-2.0
#include "metrics/panoptic_quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostSegments = 65535;

bool is_void(const PanopticSegment& segment, const LabelMap& labels) {
  return !segment.label || labels.is_ignored(*segment.label);
}

/// CV_16UC1: 0 void, else a segment's number from 1.
cv::Mat painted(std::span<const PanopticSegment> segments, Size size, const LabelMap& labels) {
  if (segments.size() > kMostSegments)
    throw Error(Code::bad_value, fmt::format("{} are more than {} segments of one image",
                                             with_thousands(segments.size()), with_thousands(kMostSegments)));
  cv::Mat numbers = cv::Mat::zeros(size.height, size.width, CV_16UC1);
  for (std::size_t i = 0; i < segments.size(); ++i)
    paint(numbers, segments[i].pixels, is_void(segments[i], labels) ? 0 : static_cast<int>(i + 1));
  return numbers;
}

/// Pixels by pairs of numbers; neighbours are mostly alike, so they are counted in runs.
class SegmentOverlaps {
 public:
  SegmentOverlaps(const cv::Mat& truth, std::size_t truths, const cv::Mat& predicted, std::size_t predictions)
      : truth_area(truths + 1), predicted_area(predictions + 1) {
    for (int y = 0; y < truth.rows; ++y) {
      const auto* t = truth.ptr<std::uint16_t>(y);
      const auto* p = predicted.ptr<std::uint16_t>(y);
      for (int x = 0; x < truth.cols;) {
        const int start = x;
        while (x < truth.cols && t[x] == t[start] && p[x] == p[start]) ++x;
        truth_area[t[start]] += x - start;
        predicted_area[p[start]] += x - start;
        pixels[key(t[start], p[start])] += x - start;
      }
    }
  }

  std::int64_t of(std::size_t truth, std::size_t predicted) const {
    const auto found = pixels.find(key(truth, predicted));
    return found == pixels.end() ? 0 : found->second;
  }

  static std::uint32_t key(std::size_t truth, std::size_t predicted) {
    return static_cast<std::uint32_t>(truth << 16 | predicted);
  }

  std::vector<std::int64_t> truth_area, predicted_area;
  std::unordered_map<std::uint32_t, std::int64_t> pixels;
};

PanopticScore score_of(const PanopticCounts& counts) {
  const double whole = static_cast<double>(counts.matches) + 0.5 * static_cast<double>(counts.wrong) +
                       0.5 * static_cast<double>(counts.missed);
  if (whole == 0) return {};
  const auto matches = static_cast<double>(counts.matches);
  return {counts.iou / whole, counts.matches > 0 ? counts.iou / matches : 0, matches / whole};
}

template <class Accept>
PanopticScore mean_quality(const std::vector<PanopticScore>& scores, Accept&& accept) {
  double pq = 0, sq = 0, rq = 0;
  int defined = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i].pq && accept(static_cast<int>(i)))
      pq += *scores[i].pq, sq += *scores[i].sq, rq += *scores[i].rq, ++defined;
  if (defined == 0) return {};
  return {pq / defined, sq / defined, rq / defined};
}

Size size_of(const Item& truth, const Item* prediction) {
  if (truth.size) return *truth.size;
  if (prediction && prediction->size) return *prediction->size;
  throw Error(Code::bad_value, "the image's size is unknown");
}

template <class LabelOf>
ItemSegments segments_of(const Item& item, Size size, LabelOf&& label_of) {
  if (item.semantic)
    throw Error(Code::bad_value, "a mask of labels does not tell objects apart, which panoptic quality needs")
        .hint("convert to coco_panoptic makes segments of it");
  ItemSegments all;
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    if (!has_area(annotation.shape)) continue;
    all.segments.push_back(
        {label_of(annotation.label), annotation.flags.crowd == true, pixels_of(annotation, size)});
    all.annotations.push_back(i);
  }
  return all;
}

Json json_of(const PanopticScore& score) {
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"PQ", number(score.pq)}, {"SQ", number(score.sq)}, {"RQ", number(score.rq)}};
}

}  // namespace

void PanopticCounts::add(const PanopticCounts& other) {
  iou += other.iou;
  matches += other.matches, wrong += other.wrong, missed += other.missed;
}

std::vector<PanopticCounts> match_segments(std::span<const PanopticSegment> truth,
                                           std::span<const PanopticSegment> predicted, const LabelMap& labels,
                                           SegmentOutcomes* outcomes) {
  std::vector<PanopticCounts> counts(static_cast<std::size_t>(labels.size()));
  if (outcomes) *outcomes = {std::vector<Outcome>(truth.size()), std::vector<Outcome>(predicted.size())};
  if (truth.empty() && predicted.empty()) return counts;
  const Size size = (truth.empty() ? predicted : truth).front().pixels.size;
  const SegmentOverlaps overlaps(painted(truth, size, labels), truth.size(), painted(predicted, size, labels),
                                 predicted.size());
  const auto count_of = [&](const PanopticSegment& segment) -> PanopticCounts& {
    return counts[static_cast<std::size_t>(*segment.label)];
  };

  // In the order of the pairs, so that the sum of their IoU is the same each time.
  std::vector<std::pair<std::uint32_t, std::int64_t>> pairs(overlaps.pixels.begin(), overlaps.pixels.end());
  std::ranges::sort(pairs);
  std::vector<bool> truth_matched(truth.size()), predicted_matched(predicted.size());
  for (const auto& [key, pixels] : pairs) {
    const std::size_t t = key >> 16, p = key & 0xFFFF;
    if (t == 0 || p == 0 || truth[t - 1].crowd || truth[t - 1].label != predicted[p - 1].label) continue;
    const std::int64_t unions =
        overlaps.truth_area[t] + overlaps.predicted_area[p] - pixels - overlaps.of(0, p);
    const double iou = static_cast<double>(pixels) / static_cast<double>(unions);
    if (!(iou > 0.5)) continue;
    ++count_of(truth[t - 1]).matches;
    count_of(truth[t - 1]).iou += iou;
    truth_matched[t - 1] = predicted_matched[p - 1] = true;
    if (outcomes) outcomes->truth[t - 1] = outcomes->predicted[p - 1] = Outcome::found;
  }
  // Of several crowds of one label, panopticapi looks at the last.
  std::vector<std::size_t> crowd_of(counts.size(), 0);
  for (std::size_t t = 0; t < truth.size(); ++t) {
    if (truth_matched[t] || is_void(truth[t], labels)) continue;
    if (truth[t].crowd) {
      crowd_of[static_cast<std::size_t>(*truth[t].label)] = t + 1;
      continue;
    }
    ++count_of(truth[t]).missed;
    if (outcomes) outcomes->truth[t] = Outcome::missed;
  }
  for (std::size_t p = 0; p < predicted.size(); ++p) {
    if (predicted_matched[p] || is_void(predicted[p], labels)) continue;
    const std::int64_t own = overlaps.predicted_area[p + 1];
    std::int64_t excused = overlaps.of(0, p + 1);
    if (const std::size_t crowd = crowd_of[static_cast<std::size_t>(*predicted[p].label)])
      excused += overlaps.of(crowd, p + 1);
    if (own == 0 || 2 * excused > own) continue;
    ++count_of(predicted[p]).wrong;
    if (outcomes) outcomes->predicted[p] = Outcome::wrong;
  }
  return counts;
}

ItemSegments truth_segments(const Item& truth, const Item* prediction) {
  return segments_of(truth, size_of(truth, prediction),
                     [](const std::optional<int>& label) { return label; });
}

ItemSegments predicted_segments(const Item& truth, const Item* prediction, const std::vector<int>& label_of) {
  if (!prediction) return {};
  return segments_of(*prediction, size_of(truth, prediction),
                     [&](const std::optional<int>& label) -> std::optional<int> {
                       if (!label || label_of[static_cast<std::size_t>(*label)] < 0) return std::nullopt;
                       return label_of[static_cast<std::size_t>(*label)];
                     });
}

PanopticQuality quality_of(std::span<const PanopticCounts> counts, const LabelMap& labels) {
  PanopticQuality quality;
  for (const PanopticCounts& of_label : counts) quality.labels.push_back(score_of(of_label));
  const auto is = [&](LabelKind kind) { return [&, kind](int label) { return labels[label].kind == kind; }; };
  quality.all = mean_quality(quality.labels, [](int) { return true; });
  quality.things = mean_quality(quality.labels, is(LabelKind::thing));
  quality.stuff = mean_quality(quality.labels, is(LabelKind::stuff));
  return quality;
}

Json to_json(const PanopticQuality& quality, std::span<const PanopticCounts> counts, const LabelMap& labels) {
  Json document = json_of(quality.all);
  document["things"] = json_of(quality.things);
  document["stuff"] = json_of(quality.stuff);
  document["classes"] = Json::array();
  for (int i = 0; i < labels.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!quality.labels[at].pq) continue;
    Json row{{"name", labels[i].name}};
    row.update(json_of(quality.labels[at]));
    row["matches"] = counts[at].matches;
    row["wrong"] = counts[at].wrong;
    row["missed"] = counts[at].missed;
    document["classes"].push_back(std::move(row));
  }
  return document;
}

std::string to_table(const PanopticQuality& quality, std::span<const PanopticCounts> counts,
                     const LabelMap& labels) {
  std::size_t width = 6;
  for (const Label& label : labels) width = std::max(width, printable(label.name).size());
  std::string table = fmt::format("{:<{}}  {:>6}  {:>6}  {:>6}  {:>9} {:>9} {:>9}\n", "class", width, "PQ",
                                  "SQ", "RQ", "matches", "wrong", "missed");
  const auto scores = [](const PanopticScore& score) {
    return fmt::format("{:>6.4f}  {:>6.4f}  {:>6.4f}", *score.pq, *score.sq, *score.rq);
  };
  for (int i = 0; i < labels.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (quality.labels[at].pq)
      table +=
          fmt::format("{:<{}}  {}  {:>9} {:>9} {:>9}\n", printable(labels[i].name), width,
                      scores(quality.labels[at]), counts[at].matches, counts[at].wrong, counts[at].missed);
  }
  for (const auto& [name, mean] : {std::pair{"all", &quality.all}, std::pair{"things", &quality.things},
                                   std::pair{"stuff", &quality.stuff}})
    if (mean->pq) table += fmt::format("{:<{}}  {}\n", name, width, scores(*mean));
  return table;
}

}  // namespace maskmill
