// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdint>

#include "base/record_file.h"
#include "prepare/check/outliers.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::size_t kFewest = 40;    // that say what is usual
constexpr double kUsualAtLeast = 0.2;  // else masks of this data set do not follow edges
constexpr double kPartOfUsual = 1. / 3;
constexpr float kSignificance = 2.5F;

class UnrelatedMasks : public AcrossItems {
 public:
  void observe(const Item&, const ItemFacts& facts, const Report& report) override {
    // A mask that fits elsewhere is told with the place; a flat picture has no edges, and is told too.
    if (!facts.alignment || better_placing(*facts.alignment)) return;
    if (facts.picture && facts.picture->is_flat()) return;
    seen_.add({static_cast<std::uint32_t>(report.position()), facts.alignment->in_place(),
               facts.alignment->significance()});
  }

  void finish(const Report& report) override {
    if (seen_.size() < kFewest) return;
    std::vector<float> agreements;
    seen_.for_each([&](const Seen& seen) { agreements.push_back(seen.agreement); });
    const double usual = robust_spread(agreements).median;
    if (usual < kUsualAtLeast) return;
    seen_.for_each([&](const Seen& seen) {
      if (seen.agreement >= kPartOfUsual * usual || seen.significance >= kSignificance) return;
      report({report.item_at(seen.position).file, {}, {}},
             fmt::format(
                 "the mask's borders lie on the image's edges no more than by chance (agreement {:.2f}; half "
                 "of the data set's masks have {:.2f} or more)",
                 seen.agreement, usual),
             "");
    });
  }

 private:
  struct Seen {
    std::uint32_t position = 0;
    float agreement = 0, significance = 0;
  };
  RecordFile<Seen> seen_;
};

}  // namespace

extern const Rule unrelated_mask;
const Rule unrelated_mask{
    .id = "unrelated-mask",
    .severity = Severity::warning,
    .title = "a mask that has nothing to do with its image",
    .harm = "It is probably another image's: the network learns noise from both.",
    .fix = "Look at it with maskmill show; find the image and the mask that belong together.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<UnrelatedMasks>();
    }};

}  // namespace maskmill
