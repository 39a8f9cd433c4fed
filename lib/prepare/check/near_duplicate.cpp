// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "base/record_file.h"
#include "base/text.h"
#include "prepare/check/rule.h"
#include "prepare/near_duplicates.h"

namespace maskmill {
namespace {

class NearDuplicateItems : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
    if (!facts.thumbnail) return;
    set_.add(*facts.thumbnail);
    const auto subset = subsets_.try_emplace(item.subset, static_cast<std::uint32_t>(subsets_.size())).first;
    items_.add({facts.image->content->low, static_cast<std::uint32_t>(report.position()), subset->second});
  }

  void finish(const Report& report) override {
    set_.find(
        [&](const NearPair& pair) {
          // Of files of the same bytes duplicate-content speaks.
          if (items_.at(pair.first).content != items_.at(pair.second).content) say(pair, report);
        },
        [&](std::uint32_t number) { return items_.at(number).subset; });
  }

 private:
  struct Seen {
    std::uint64_t content = 0;  // a hash of the file
    std::uint32_t position = 0, subset = 0;
  };

  void say(const NearPair& pair, const Report& report) const {
    const ItemPlaces::Entry first = report.item_at(items_.at(pair.first).position),
                            second = report.item_at(items_.at(pair.second).position);
    const bool leaks = first.subset != second.subset;
    std::string text =
        fmt::format("shows the same as {} (agreement {:.2f}", printable(first.file), pair.agreement);
    if (pair.is_mirrored) text += "; mirrored left to right";
    if (pair.is_cut) text += "; one shows a little more than the other";
    text += ")";
    if (leaks)
      text += fmt::format(
          ", which is in the subset {} and this one in {}: what is learnt in one is scored in the other",
          in_quotes(first.subset), in_quotes(second.subset));
    report({second.file, {}, {}}, std::move(text),
           leaks ? "keep one of them, or both in the same subset" : "",
           leaks ? Severity::warning : Severity::note, {.related = {{first.file, {}, {}}}});
  }

  NearDuplicates set_;
  RecordFile<Seen> items_;
  std::map<std::string, std::uint32_t> subsets_;
};

}  // namespace

extern const Rule near_duplicate;
const Rule near_duplicate{
    .id = "near-duplicate",
    .severity = Severity::warning,
    .title = "two images that show the same, though their files differ",
    .harm =
        "Across subsets the score is of pictures that were learnt; within one, what they show counts twice.",
    .fix = "Keep one of them where the second adds nothing.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<NearDuplicateItems>();
    }};

}  // namespace maskmill
