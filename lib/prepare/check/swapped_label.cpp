// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "prepare/check/contrast.h"
#include "prepare/check/objects.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

struct Swap {
  std::uint32_t detection = 0;
  double iou = 0, weight = 0;
};

void find_swapped(const Contrast& contrast, const ModelHabits& model, const Contradict& say) {
  const ObjectContrast& objects = contrast.objects;
  std::vector<double> score_of_label(objects.truths.size(), 0);  // the best with the annotated label
  std::vector<bool> finds_its_own(objects.detections.size());    // an object of the predicted label
  for (const ObjectContrast::Overlap& overlap : objects.overlaps) {
    const ContrastObject& detection = objects.detections[overlap.detection];
    if (overlap.iou < kSameObject || detection.label != objects.truths[overlap.truth].label) continue;
    double& best = score_of_label[overlap.truth];
    best = std::max(best, detection.score);
    finds_its_own[overlap.detection] = true;
  }
  std::map<std::uint32_t, Swap> swaps;  // by truth
  for (const ObjectContrast::Overlap& overlap : objects.overlaps) {
    const ContrastObject &detection = objects.detections[overlap.detection],
                         &truth = objects.truths[overlap.truth];
    if (overlap.iou < kSameObject || truth.is_crowd || finds_its_own[overlap.detection]) continue;
    const auto& confidence = model.labels[static_cast<std::size_t>(detection.label)].confidence;
    const double weight = detection.score - score_of_label[overlap.truth];
    if (!confidence || detection.score < *confidence || weight <= 0) continue;
    Swap& swap = swaps[overlap.truth];
    if (weight > swap.weight) swap = {overlap.detection, overlap.iou, weight};
  }
  for (const auto& [number, swap] : swaps) {
    const ContrastObject &truth = objects.truths[number], &detection = objects.detections[swap.detection];
    const std::string label = in_quotes(contrast.labels[truth.label].name);
    say(swap.weight, place_of(*truth.annotation, contrast.item),
        fmt::format(
            "annotated as {}, and the model finds {} there (score {:.2f}, IoU {:.2f}; {} with {:.2f})", label,
            in_quotes(contrast.labels[detection.label].name), detection.score, swap.iou, label,
            score_of_label[number]),
        {.region = truth.box, .related = {place_of(*detection.annotation, contrast.prediction)}});
  }
}

}  // namespace

extern const Rule swapped_label;
const Rule swapped_label{
    .id = "swapped-label",
    .severity = Severity::warning,
    .title = "an object that a trained model is sure to be another; with --against",
    .harm = "If the model is right, one class learns another's look, and loses an example of its own.",
    .fix = "Look at it, the most contradicted first: either the annotation or the model is wrong.",
    .against = find_swapped};

}  // namespace maskmill
