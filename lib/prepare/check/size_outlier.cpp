// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "prepare/check/outliers.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr double kDeviations = 6;
constexpr double kLeast = 2;  // of the logarithm to base 2 of the side: a quarter or four times

class SizeOutliers : public AcrossItems {
 public:
  void observe(const Item&, const ItemFacts& facts, const Report& report) override {
    if (facts.image && facts.image->header)
      sides_.add(report.position(), std::log2(static_cast<double>(facts.image->header->size().area())) / 2);
  }

  void finish(const Report& report) override {
    sides_.find(kDeviations, kLeast, [&](std::size_t position, double side, const RobustSpread& spread) {
      report({report.item_at(position).file, {}, {}},
             fmt::format(
                 "as many pixels as a square of {:.0f}; half of the data set lies within a factor of {:.2f} "
                 "of {:.0f} (median and MAD)",
                 std::exp2(side), std::exp2(spread.deviation / 1.4826), std::exp2(spread.median)),
             "");
    });
  }

 private:
  OutlierFinder sides_;
};

}  // namespace

extern const Rule size_outlier;
const Rule size_outlier{
    .id = "size-outlier",
    .severity = Severity::note,
    .title = "an image far larger or smaller than the others",
    .harm =
        "Scaled to the size of the others its objects are of another sharpness; a thumbnail teaches blur.",
    .fix = "Look whether it is a thumbnail or a scan of something else; fetch the original, or leave it out.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<SizeOutliers>();
    }};

}  // namespace maskmill
