// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "dataset/masks.h"
#include "prepare/check/contrast.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

Place place_of_mask(const Item& item) {
  return item.semantic && !file_of(*item.semantic).empty() ? Place{file_of(*item.semantic).string(), {}, {}}
                                                           : item.origin;
}

/// Neighbouring pixels err together, so that a region tells as much as its diameter, not as its area.
double weight_of(const ContradictedRegion& region, Size size) {
  const double share = static_cast<double>(region.pixels) / static_cast<double>(size.area());
  return (region.probability - region.of_label) * std::sqrt(share);
}

void find_contradicted(const Contrast& contrast, const ModelHabits& model, const Contradict& say) {
  for (const ContradictedRegion& region : contrast.regions) {
    if (region.probability <= region.of_label) continue;
    const std::string label = in_quotes(contrast.labels[region.label].name),
                      predicted = in_quotes(contrast.labels[region.predicted].name);
    const std::string sure =
        model.shares.empty()
            ? fmt::format("mean probability {:.2f}; of {} {:.2f}", region.probability, label, region.of_label)
            : fmt::format("of all that it predicts as that, {:.0f} % is annotated so, and {:.1f} % as {}",
                          100 * region.probability, 100 * region.of_label, label);
    say(weight_of(region, contrast.size), place_of_mask(contrast.item),
        fmt::format("{} of {} around ({}, {}) where the model predicts {} ({})",
                    counted(static_cast<std::size_t>(region.pixels), "pixel"), label,
                    region.window.x + region.window.size.width / 2,
                    region.window.y + region.window.size.height / 2, predicted, sure),
        {.region = region.window.box(), .related = {place_of_mask(contrast.prediction)}});
  }
}

}  // namespace

extern const Rule contradicted_region;
const Rule contradicted_region{
    .id = "contradicted-region",
    .severity = Severity::warning,
    .title = "a region for which a trained model is sure of another label; with --against",
    .harm =
        "If the model is right, the annotation teaches what is false there, and counts right predictions as "
        "wrong.",
    .fix = "Look at the place, the most contradicted first: either the annotation or the model is wrong.",
    .against = find_contradicted};

}  // namespace maskmill
