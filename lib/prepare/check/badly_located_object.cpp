// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "prepare/check/contrast.h"
#include "prepare/check/objects.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

void find_badly_located(const Contrast& contrast, const ModelHabits& model, const Contradict& say) {
  const ObjectContrast& objects = contrast.objects;
  std::vector<bool> is_found(objects.truths.size()), finds_one(objects.detections.size());
  for (const ObjectContrast::Overlap& overlap : objects.overlaps)
    if (overlap.iou >= kSameObject) is_found[overlap.truth] = finds_one[overlap.detection] = true;
  std::map<std::uint32_t, ObjectContrast::Overlap> nearest;  // by truth
  for (const ObjectContrast::Overlap& overlap : objects.overlaps) {
    const ContrastObject &detection = objects.detections[overlap.detection],
                         &truth = objects.truths[overlap.truth];
    if (is_found[overlap.truth] || finds_one[overlap.detection] || overlap.iou < kApart || truth.is_crowd ||
        detection.label != truth.label)
      continue;
    const auto& confidence = model.labels[static_cast<std::size_t>(detection.label)].confidence;
    if (!confidence || detection.score < *confidence) continue;
    const auto [known, is_new] = nearest.try_emplace(overlap.truth, overlap);
    if (!is_new && overlap.iou > known->second.iou) known->second = overlap;
  }
  for (const auto& [number, overlap] : nearest) {
    const ContrastObject &truth = objects.truths[number], &detection = objects.detections[overlap.detection];
    say(detection.score * (1 - overlap.iou), place_of(*truth.annotation, contrast.item),
        fmt::format("{} is annotated in {}, and the model finds it in {} (IoU {:.2f}, score {:.2f})",
                    in_quotes(contrast.labels[truth.label].name), in_words(truth.box),
                    in_words(detection.box), overlap.iou, detection.score),
        {.region = truth.box, .related = {place_of(*detection.annotation, contrast.prediction)}});
  }
}

}  // namespace

extern const Rule badly_located_object;
const Rule badly_located_object{
    .id = "badly-located-object",
    .severity = Severity::warning,
    .title = "an object that a trained model is sure to lie otherwise; with --against",
    .harm =
        "Half an object, or two as one, teaches a detector wrong outlines, and right ones count as wrong.",
    .fix = "Look at it, the most contradicted first, and draw it again where the model is right.",
    .against = find_badly_located};

}  // namespace maskmill
