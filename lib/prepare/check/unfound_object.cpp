// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "prepare/check/contrast.h"
#include "prepare/check/objects.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::int64_t kFewest = 20;  // objects by which a model's recall is known
constexpr double kLeastRecall = 0.9;  // what it misses of labels that it often misses says nothing
constexpr std::array<const char*, kAreaRanges> kSizes{"any", "small", "medium", "large"};

void find_unfound(const Contrast& contrast, const ModelHabits& model, const Contradict& say) {
  const ObjectContrast& objects = contrast.objects;
  std::vector<bool> is_met(objects.truths.size());
  for (const ObjectContrast::Overlap& overlap : objects.overlaps)
    if (overlap.iou >= kApart) is_met[overlap.truth] = true;
  for (std::size_t i = 0; i < objects.truths.size(); ++i) {
    const ContrastObject& truth = objects.truths[i];
    if (is_met[i] || truth.is_crowd) continue;
    std::size_t range = 1;
    while (range + 1 < kAreaRanges && !kAreas[range].holds(truth.area)) ++range;
    const ModelHabits::OfLabel& label = model.labels[static_cast<std::size_t>(truth.label)];
    const auto all = static_cast<double>(label.objects[range]),
               found = static_cast<double>(label.found[range]);
    if (label.objects[range] < kFewest || found < kLeastRecall * all) continue;
    say(found / all, place_of(*truth.annotation, contrast.item),
        fmt::format(
            "{} is annotated in {}, and the model finds nothing there, though it finds {} of {} {} ones",
            in_quotes(contrast.labels[truth.label].name), in_words(truth.box),
            with_thousands(label.found[range]), with_thousands(label.objects[range]), kSizes[range]),
        {.region = truth.box});
  }
}

}  // namespace

extern const Rule unfound_object;
const Rule unfound_object{
    .id = "unfound-object",
    .severity = Severity::note,
    .title =
        "an object of which a trained model sees nothing, though it finds nearly all like it; with --against",
    .harm = "If nothing is there, the network is told to find an object in the background.",
    .fix = "Look at the place, and take the annotation out where nothing is there.",
    .against = find_unfound};

}  // namespace maskmill
