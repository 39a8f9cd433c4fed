// SPDX-License-Identifier: Apache-2.0
#include "metrics/evaluated_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/csv.h"
#include "base/error.h"
#include "metrics/weighted_coco.h"

namespace maskmill {
namespace {

constexpr std::uint32_t kNoNumber = std::numeric_limits<std::uint32_t>::max();

std::string field_of(const std::optional<double>& score) {
  return score ? fmt::format("{:.6f}", *score) : std::string();
}

}  // namespace

std::vector<std::uint32_t> EvaluatedImages::in_order() const {
  std::vector<std::uint32_t> places(images_.size());
  std::iota(places.begin(), places.end(), std::uint32_t{0});
  std::ranges::stable_sort(places, {}, [&](std::uint32_t place) { return images_[place].number; });
  return places;
}

EvaluatedImages::Image EvaluatedImages::operator[](std::size_t place) const {
  const Kept& kept = images_[place];
  return {kept.number, kept.number_b == kNoNumber ? std::nullopt : std::optional<std::size_t>(kept.number_b),
          ids_[kept.id]};
}

void EvaluatedImages::add(std::size_t number, std::optional<std::size_t> number_b, std::string_view id) {
  images_.push_back({static_cast<std::uint32_t>(number),
                     static_cast<std::uint32_t>(number_b.value_or(kNoNumber)), ids_.add(id)});
}

std::vector<EvaluatedImages::Group> EvaluatedImages::groups() const {
  std::vector<Group> groups;
  if (semantic) groups.push_back({"semantic", nullptr, &*semantic});
  for (const Coco& own : coco) {
    auto made = std::make_unique<WeightedCoco>(own.evaluation, own.frequency);
    const WeightedScores* scores = made.get();
    groups.push_back({std::string(name_of(own.kind)), std::move(made), scores});
  }
  if (panoptic) groups.push_back({"panoptic", nullptr, &*panoptic});
  return groups;
}

double least_score_of(const EvaluatedImages::Coco& coco, std::optional<double> chosen) {
  if (chosen) return *chosen;
  const std::optional<OperatingPoint> best = coco.evaluation.best_f1();
  return best ? best->least_score : -std::numeric_limits<double>::infinity();
}

std::vector<double> scores_of_images(const EvaluatedImages& images, std::string_view group,
                                     std::optional<double> least_score) {
  std::vector<double> scores;
  for (const EvaluatedImages::Coco& coco : images.coco)
    if (name_of(coco.kind) == group)
      for (const DetectionCounts& counts :
           coco.evaluation.counts_of_images(least_score_of(coco, least_score)))
        scores.push_back(counts.f1().value_or(1));
  for (std::size_t place = 0; place < images.size(); ++place) {
    if (group == "semantic" && images.semantic)
      scores.push_back(images.semantic->takes_part(place)
                           ? images.semantic->of_image(place).mean_iou.value_or(1)
                           : std::numeric_limits<double>::quiet_NaN());
    if (group == "panoptic" && images.panoptic)
      scores.push_back(images.panoptic->of_image(place).quality.all.pq.value_or(1));
  }
  if (scores.size() != images.size()) throw Error(Code::bug, "a metric that was not measured");
  return scores;
}

void write_image_table(const EvaluatedImages& images, std::optional<double> least_score,
                       const std::function<void(std::string_view)>& write) {
  std::vector<std::string> row{"id"};
  std::vector<std::vector<DetectionCounts>> counts;
  for (const EvaluatedImages::Coco& coco : images.coco) {
    for (const char* what : {"found", "wrong", "missed"})
      row.push_back(fmt::format("{}_{}", name_of(coco.kind), what));
    counts.push_back(coco.evaluation.counts_of_images(least_score_of(coco, least_score)));
  }
  if (images.semantic) row.insert(row.end(), {"semantic_mean_iou", "semantic_pixel_accuracy"});
  if (images.panoptic)
    row.insert(row.end(), {"panoptic_pq", "panoptic_matches", "panoptic_wrong", "panoptic_missed"});
  write(to_csv_line(row));
  for (const std::uint32_t place : images.in_order()) {
    row = {std::string(images[place].id)};
    for (const std::vector<DetectionCounts>& of_kind : counts)
      for (const std::size_t count : {of_kind[place].found, of_kind[place].wrong, of_kind[place].missed})
        row.push_back(std::to_string(count));
    if (images.semantic) {
      const SemanticScores scores = images.semantic->of_image(place);
      row.insert(row.end(), {field_of(scores.mean_iou), field_of(scores.pixel_accuracy)});
    }
    if (images.panoptic) {
      const auto [quality, sums] = images.panoptic->of_image(place);
      row.insert(row.end(), {field_of(quality.all.pq), std::to_string(sums.matches),
                             std::to_string(sums.wrong), std::to_string(sums.missed)});
    }
    write(to_csv_line(row));
  }
}

}  // namespace maskmill
