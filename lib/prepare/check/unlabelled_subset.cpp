// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "prepare/check/rule.h"
#include "prepare/check/systematic.h"

namespace maskmill {
namespace {

class UnlabelledSubsets : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts&, const Report&) override {
    Subset& subset = subsets_[item.subset];
    ++(item.annotated ? subset.labelled : subset.unlabelled);
  }

  void finish(const Report& report) override {
    for (const auto& [name, subset] : subsets_)
      if (subset.labelled == 0)
        report({{}, {}, name},
               fmt::format("none of the {} of {} is annotated", counted(subset.unlabelled, "item"),
                           subset_in_words(name)),
               "");
  }

 private:
  struct Subset {
    std::size_t labelled = 0, unlabelled = 0;
  };
  std::map<std::string, Subset> subsets_;
};

}  // namespace

extern const Rule unlabelled_subset;
const Rule unlabelled_subset{
    .id = "unlabelled-subset",
    .severity = Severity::note,
    .title = "a subset without any label, such as a test set whose truth is kept back",
    .harm = "None, if it is meant so: it can be predicted, but neither learnt from nor scored.",
    .fix = "Nothing, or add its annotations.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<UnlabelledSubsets>();
    }};

}  // namespace maskmill
