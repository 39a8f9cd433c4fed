// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "prepare/check/rule.h"
#include "prepare/check/systematic.h"

namespace maskmill {
namespace {

constexpr std::size_t kTurns = 7;  // EXIF orientations 2..8

class TurnedMasks : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
    if (!facts.alignment) return;
    const Alignment& alignment = *facts.alignment;
    std::vector<float> agreements(kTurns, -1);
    for (std::size_t i = 0; i < kTurns; ++i) agreements[i] = alignment.turned[i + 2].value_or(-1);
    sums_.add(item.subset, agreements, alignment.in_place());
    const auto placing = better_placing(alignment);
    // A turn that the image's own orientation explains is exif-rotation's to say.
    if (!placing || placing->turn == 1 || placing->turn == facts.image->header->orientation) return;
    report(
        {facts.semantic->path.string(), {}, {}},
        fmt::format("the mask {}: turned back, its borders lie on the image's edges (agreement {:.2f}; as it "
                    "is, {:.2f})",
                    turn_in_words(placing->turn), placing->agreement, placing->in_place),
        "");
  }

  void finish(const Report& report) override {
    for (const PlacingSums::Best& best : sums_.better())
      if (best.in_place < kLeftOf * best.agreement)
        report(
            {{}, {}, best.subset},
            fmt::format("each mask of {} {}: summed over {} of them, turned back, their borders lie on the "
                        "images' edges (agreement {:.2f}; as they are, {:.2f})",
                        subset_in_words(best.subset), turn_in_words(static_cast<int>(best.placing) + 2),
                        best.items, best.agreement, best.in_place),
            "find the step that turned one of the two, such as a reader with another origin of rows, and undo "
            "it");
  }

 private:
  static constexpr double kLeftOf = 0.8;  // nearly symmetric scenes fit both ways
  PlacingSums sums_;
};

}  // namespace

extern const Rule turned_mask;
const Rule turned_mask{.id = "turned-mask",
                       .severity = Severity::warning,
                       .title = "a mask that is mirrored or turned against its image",
                       .harm = "What is learnt is where objects would be in another picture.",
                       .fix = "Look at it with maskmill show; turn the mask back.",
                       .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
                         return std::make_unique<TurnedMasks>();
                       }};

}  // namespace maskmill
