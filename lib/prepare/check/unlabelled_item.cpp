// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "prepare/check/place_list.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// One without a label is wrong only where its subset has others with labels, and that may show after it.
class UnlabelledItems : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts&, const Report& report) override {
    Subset& subset = subsets_[item.subset];
    if (item.annotated)
      subset.has_labels = true;
    else if (subset.has_labels)
      say(item.origin, report);
    else if (!report.has_said(kId, item.origin))
      subset.before_any.add(item.origin);
  }

  void finish(const Report& report) override {
    for (const auto& [name, subset] : subsets_)
      if (subset.has_labels) subset.before_any.for_each([&](Place place) { say(std::move(place), report); });
  }

  static constexpr std::string_view kId = "unlabelled-item";

 private:
  struct Subset {
    bool has_labels = false;
    PlaceList before_any;  ///< items without labels, up to the first with
  };

  static void say(Place place, const Report& report) {
    report(std::move(place), "nobody has annotated this image; whether it shows anything is not known", "");
  }

  std::map<std::string, Subset> subsets_;
};

}  // namespace

extern const Rule unlabelled_item;
const Rule unlabelled_item{
    .id = UnlabelledItems::kId,
    .severity = Severity::error,
    .title = "an image that is not annotated, in a subset whose others are",
    .harm = "A trainer stops at it, leaves it out, or learns that everything in it is background.",
    .fix = "Annotate it, if only as empty, or leave it out.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<UnlabelledItems>();
    }};

}  // namespace maskmill
