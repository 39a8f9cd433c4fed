// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "prepare/check/contrast.h"
#include "prepare/check/objects.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// Of the smaller box; detections of one object differ in size more than in place.
bool are_one(const Box& a, const Box& b) {
  const double common = clipped(a, b).area();
  return common > 0 && common >= kSameObject * std::min(a.area(), b.area());
}

void find_overlooked(const Contrast& contrast, const ModelHabits& model, const Contradict& say) {
  const ObjectContrast& objects = contrast.objects;
  std::vector<bool> is_annotated(objects.detections.size());
  for (const ObjectContrast::Overlap& overlap : objects.overlaps)
    if (overlap.iou >= kApart) is_annotated[overlap.detection] = true;
  std::vector<const ContrastObject*> said;  // best score first
  for (std::size_t i = 0; i < objects.detections.size(); ++i) {
    const ContrastObject& detection = objects.detections[i];
    const auto& confidence = model.labels[static_cast<std::size_t>(detection.label)].confidence;
    if (is_annotated[i] || !confidence || detection.score < *confidence) continue;
    if (std::ranges::any_of(said, [&](const auto* one) { return are_one(one->box, detection.box); }))
      continue;
    said.push_back(&detection);
    say(detection.score, contrast.item.origin,
        fmt::format("nothing is annotated in {}, where the model finds {} (score {:.2f}; where it is right, "
                    "{:.2f} on average)",
                    in_words(detection.box), in_quotes(contrast.labels[detection.label].name),
                    detection.score, *confidence),
        {.region = detection.box, .related = {place_of(*detection.annotation, contrast.prediction)}});
  }
}

}  // namespace

extern const Rule overlooked_object;
const Rule overlooked_object{
    .id = "overlooked-object",
    .severity = Severity::warning,
    .title = "a place without an annotation where a trained model is sure of an object; with --against",
    .harm = "An object that nobody annotated is learnt as background, and finding it counts as wrong.",
    .fix = "Look at the place, the surest first, and annotate what is there.",
    .against = find_overlooked};

}  // namespace maskmill
