// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prepare/check/outliers.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr double kLeastDifference = 1.5;  // of the logits and logarithms below

double logit_of_gray(double gray) {
  const double share = std::clamp(gray / 255, 0.002, 0.998);
  return std::log(share / (1 - share));
}
double gray_of_logit(double logit) {
  return 255 / (1 + std::exp(-logit));
}

class ExposureOutliers : public AcrossItems {
 public:
  void observe(const Item&, const ItemFacts& facts, const Report& report) override {
    if (!facts.picture || facts.picture->is_flat()) return;  // flat-picture tells those
    brightness_.add(report.position(), logit_of_gray(facts.picture->brightness));
    contrast_.add(report.position(), std::log(std::max(0.5, facts.picture->contrast)));
  }

  void finish(const Report& report) override {
    const auto say = [&](std::size_t position, const char* what, double value, double usual) {
      report(
          {report.item_at(position).file, {}, {}},
          fmt::format("{} is {:.0f} gray values; the data set's median is {:.0f}, and this is more than {} "
                      "deviations away (MAD)",
                      what, value, usual, kOutlierDeviations),
          "");
    };
    brightness_.find(kLeastDifference, [&](std::size_t position, double value, const RobustSpread& spread) {
      say(position, "the mean brightness", gray_of_logit(value), gray_of_logit(spread.median));
    });
    contrast_.find(kLeastDifference, [&](std::size_t position, double value, const RobustSpread& spread) {
      say(position, "the contrast", std::exp(value), std::exp(spread.median));
    });
  }

 private:
  OutlierFinder brightness_, contrast_;
};

}  // namespace

extern const Rule exposure_outlier;
const Rule exposure_outlier{
    .id = "exposure-outlier",
    .severity = Severity::note,
    .title = "a picture far darker, brighter or flatter than the others",
    .harm =
        "A failed exposure or a wrong conversion: batch statistics are of something that never comes again.",
    .fix = "Look at it; export it again, or leave it out.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<ExposureOutliers>();
    }};

}  // namespace maskmill
