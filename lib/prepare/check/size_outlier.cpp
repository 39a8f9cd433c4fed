// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "prepare/check/outliers.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr double kLeastFactorLog2 = 2;  // of the logarithms to base 2 below: a quarter or four times

class SizeOutliers : public AcrossItems {
 public:
  void observe(const Item&, const ItemFacts& facts, const Report& report) override {
    if (!facts.image || !facts.image->header) return;
    const Size size = facts.image->header->size();
    sides_.add(report.position(), std::log2(static_cast<double>(size.area())) / 2);
    proportions_.add(report.position(), std::log2(static_cast<double>(size.width) / size.height));
  }

  void finish(const Report& report) override {
    sides_.find(kLeastFactorLog2, [&](std::size_t position, double side, const RobustSpread& spread) {
      report({report.item_at(position).file, {}, {}},
             fmt::format(
                 "as many pixels as a square of {:.0f}; half of the data set lies within a factor of {:.2f} "
                 "of {:.0f} (median and MAD)",
                 std::exp2(side), std::exp2(spread.deviation / 1.4826), std::exp2(spread.median)),
             "");
    });
    proportions_.find(kLeastFactorLog2, [&](std::size_t position, double proportion,
                                            const RobustSpread& spread) {
      report({report.item_at(position).file, {}, {}},
             fmt::format(
                 "{:.3g} times as wide as high; the data set's median is {:.3g}, and this is more than {} "
                 "deviations away (MAD)",
                 std::exp2(proportion), std::exp2(spread.median), kOutlierDeviations),
             "");
    });
  }

 private:
  OutlierFinder sides_, proportions_;
};

}  // namespace

extern const Rule size_outlier;
const Rule size_outlier{
    .id = "size-outlier",
    .severity = Severity::note,
    .title = "an image far larger, smaller, longer or higher than the others",
    .harm =
        "Scaled to the size of the others its objects are of another sharpness or distorted; a thumbnail teaches "
        "blur.",
    .fix =
        "Look whether it is a thumbnail, a strip or a scan of something else; fetch the original, or leave it out.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<SizeOutliers>();
    }};

}  // namespace maskmill
