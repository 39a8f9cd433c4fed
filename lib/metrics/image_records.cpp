// SPDX-License-Identifier: Apache-2.0
#include "metrics/image_records.h"

#include <limits>

namespace maskmill {
namespace {

double number(const std::optional<double>& score) {
  return score.value_or(std::numeric_limits<double>::quiet_NaN());
}

std::vector<std::string> names_of(const LabelMap& labels) {
  std::vector<std::string> names;
  for (const Label& label : labels) names.push_back(label.name);
  return names;
}

}  // namespace

SemanticRecords::SemanticRecords(const LabelMap& labels) {
  names_ = {{"mean_iou", "mean_dice", "pixel_accuracy", "mean_boundary_iou"}, "iou", names_of(labels)};
}

void SemanticRecords::add(const SemanticEvaluation::Image* image) {
  if (image) {
    const std::vector<LabelPixels> labels = SemanticEvaluation::pixels_of(*image);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const LabelPixels& own = labels[i];
      if (own.truth == 0 && own.predicted == 0 && own.boundary_either == 0) continue;
      const auto short_ = [](std::int64_t pixels) { return static_cast<std::uint32_t>(pixels); };
      records_.push_back({static_cast<std::uint32_t>(i), short_(own.right), short_(own.truth),
                          short_(own.predicted), short_(own.boundary_common), short_(own.boundary_either)});
    }
  }
  first_.push_back(static_cast<std::uint32_t>(records_.size()));
}

SemanticScores SemanticRecords::of_image(std::size_t place) const {
  std::vector<LabelPixels> labels(names_.labels.size());
  for (std::size_t i = first_[place]; i < first_[place + 1]; ++i)
    labels[records_[i].label] = records_[i].pixels();
  return scores_of(labels);
}

std::vector<double> SemanticRecords::values(std::span<const std::uint32_t> weights) const {
  std::vector<LabelPixels> labels(names_.labels.size());
  for (std::size_t place = 0; place + 1 < first_.size(); ++place)
    if (const std::uint32_t weight = weights[place])
      for (std::size_t i = first_[place]; i < first_[place + 1]; ++i)
        labels[records_[i].label].add(records_[i].pixels(), weight);
  const SemanticScores scores = scores_of(labels);
  std::vector<double> values{number(scores.mean_iou), number(scores.mean_dice), number(scores.pixel_accuracy),
                             number(scores.mean_boundary_iou)};
  for (const LabelScores& label : scores.labels) values.push_back(number(label.iou));
  return values;
}

PanopticRecords::PanopticRecords(const LabelMap& labels) : labels_(labels) {
  names_ = {{"PQ", "SQ", "RQ", "PQth", "SQth", "RQth", "PQst", "SQst", "RQst"}, "PQ", names_of(labels)};
}

void PanopticRecords::add(std::span<const PanopticCounts> image) {
  for (std::size_t i = 0; i < image.size(); ++i)
    if (const PanopticCounts& own = image[i]; own.matches + own.wrong + own.missed > 0)
      records_.push_back({own.iou, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(own.matches),
                          static_cast<std::uint32_t>(own.wrong), static_cast<std::uint32_t>(own.missed)});
  first_.push_back(static_cast<std::uint32_t>(records_.size()));
}

PanopticRecords::OfImage PanopticRecords::of_image(std::size_t place) const {
  std::vector<PanopticCounts> counts(static_cast<std::size_t>(labels_.size()));
  OfImage image;
  for (std::size_t i = first_[place]; i < first_[place + 1]; ++i) {
    counts[records_[i].label] = records_[i].counts();
    image.counts.add(records_[i].counts());
  }
  image.quality = quality_of(counts, labels_);
  return image;
}

std::vector<double> PanopticRecords::values(std::span<const std::uint32_t> weights) const {
  std::vector<PanopticCounts> counts(static_cast<std::size_t>(labels_.size()));
  for (std::size_t place = 0; place + 1 < first_.size(); ++place)
    if (const std::uint32_t weight = weights[place])
      for (std::size_t i = first_[place]; i < first_[place + 1]; ++i) {
        PanopticCounts& own = counts[records_[i].label];
        const Record& record = records_[i];
        own.iou += weight * record.iou;
        own.matches += std::int64_t{weight} * record.matches;
        own.wrong += std::int64_t{weight} * record.wrong;
        own.missed += std::int64_t{weight} * record.missed;
      }
  const PanopticQuality quality = quality_of(counts, labels_);
  std::vector<double> values;
  for (const PanopticScore* score : {&quality.all, &quality.things, &quality.stuff})
    values.insert(values.end(), {number(score->pq), number(score->sq), number(score->rq)});
  for (const PanopticScore& label : quality.labels) values.push_back(number(label.pq));
  return values;
}

}  // namespace maskmill
