// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "prepare/check/rule.h"
#include "prepare/check/systematic.h"

namespace maskmill {
namespace {

std::string shift_in_words(double right_px, double down_px) {
  const auto part = [](double px, const char* ahead, const char* back) {
    const auto whole = static_cast<long>(std::lround(std::abs(px)));
    return whole == 0 ? std::string() : fmt::format("{} px {}", whole, px > 0 ? ahead : back);
  };
  const std::string across = part(right_px, "right", "left"), along = part(down_px, "down", "up");
  return across + (across.empty() || along.empty() ? "" : " and ") + along;
}

class ShiftedMasks : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
    if (!facts.alignment) return;
    const Alignment& alignment = *facts.alignment;
    sums_.add(item.subset, alignment.shifted, alignment.at(0, 0));
    drifts_.add(item.subset, alignment.near);
    Cells& cells = cells_[item.subset];
    cells.px += alignment.cell_px, ++cells.items;
    const auto placing = better_placing(alignment);
    if (!placing && !facts.picture->is_flat()) outliers_.add(report.position(), alignment);
    if (!placing || placing->turn != 1) return;
    report({facts.semantic->path.string(), {}, {}},
           fmt::format(
               "the mask's borders lie on the image's edges when it is moved {} (agreement {:.2f}; where "
               "it is, {:.2f})",
               shift_in_words(placing->right_px, placing->down_px), placing->agreement, placing->in_place),
           "");
  }

  void finish(const Report& report) override {
    tell_single_ones(report);
    std::set<std::string> told;
    for (const PlacingSums::Best& best : sums_.better()) {
      const auto index = static_cast<int>(best.placing);
      const int dx = index % Alignment::kShifts - Alignment::kReach;
      const int dy = index / Alignment::kShifts - Alignment::kReach;
      if (std::hypot(dx, dy) < kLeastSharedShift) continue;
      told.insert(best.subset);
      tell_shared(report, best.subset, best.items, dx, dy, best.agreement, best.in_place);
    }
    for (const DriftSums::Shift& shift : drifts_.shifts())
      if (!told.contains(shift.subset))
        tell_shared(report, shift.subset, shift.items, shift.peak.right, shift.peak.down,
                    shift.peak.agreement, shift.in_place);
  }

 private:
  struct Cells {
    double px = 0;
    std::size_t items = 0;
  };
  /// Three of 598 masks drawn by hand are told so, and none of them is shifted: a hint, where the item alone
  /// would say nothing.
  void tell_single_ones(const Report& report) const {
    outliers_.find([&](const DriftOutliers::Outlier& outlier) {
      report(
          {report.item_at(outlier.position).file, {}, {}},
          fmt::format(
              "the mask's borders fit the image's edges better when it is moved {} (agreement {:.2f}; where "
              "it is, {:.2f}; half of the data set's masks fit best within {:.1f} px of their place)",
              shift_in_words(outlier.right_px, outlier.down_px), outlier.agreement, outlier.in_place,
              outlier.usual_px),
          "look at it: it may be drawn loosely, too", Severity::note);
    });
  }

  void tell_shared(const Report& report, const std::string& subset, std::size_t items, double right,
                   double down, double agreement, double in_place) const {
    const Cells& cells = cells_.at(subset);
    const double cell_px = cells.px / static_cast<double>(cells.items);
    report(
        {{}, {}, subset},
        fmt::format("the masks of {} are shifted together: summed over {} of them, their borders lie on the "
                    "images' edges when they are moved about {} (agreement {:.2f}; where they are, {:.2f})",
                    subset_in_words(subset), items, shift_in_words(right * cell_px, down * cell_px),
                    agreement, in_place),
        "find the step that moved them, such as a crop or a padding of one of the two, and undo it");
  }

  PlacingSums sums_;
  DriftSums drifts_;
  DriftOutliers outliers_;
  std::map<std::string, Cells> cells_;
};

}  // namespace

extern const Rule shifted_mask;
const Rule shifted_mask{
    .id = "shifted-mask",
    .severity = Severity::warning,
    .title = "a mask that lies beside what it outlines",
    .harm = "The network learns borders where there are none, and scores are low everywhere along them.",
    .fix = "Look at it with maskmill show; export mask and image from the same crop.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<ShiftedMasks>();
    }};

}  // namespace maskmill
