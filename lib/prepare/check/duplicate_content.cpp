// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/hash_index.h"
#include "base/record_file.h"
#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// The first image of each content, on disk but for the index that finds it.
class Duplicates : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
    if (!facts.image || !facts.image->content) return;
    const Digest& content = *facts.image->content;
    const std::string path = facts.image->path.string();
    Seen before;
    const auto known = index_.find(content.low, [&](std::uint32_t number) {
      before = seen_.at(number);
      return before.content == content;
    });
    if (!known) {
      index_.add(content.low, static_cast<std::uint32_t>(seen_.size()));
      seen_.add({content, facts.annotations, report.position()});
      return;
    }
    const ItemPlaces::Entry first = report.item_at(before.position);
    const bool leaks = first.subset != item.subset;
    report({path, {}, {}},
           leaks
               ? fmt::format("the same picture as {}, which is in the subset {} and this one in {}: what is "
                             "learnt in one is scored in the other",
                             printable(first.file), in_quotes(first.subset), in_quotes(item.subset))
               : fmt::format("the same picture as {}", printable(first.file)),
           "keep one of them", {}, {.related = {{first.file, {}, {}}}});
    if (!leaks && before.annotations == facts.annotations) report.repairable();
  }
  void finish(const Report&) override {}

 private:
  struct Seen {
    Digest content;
    std::uint64_t annotations = 0;  ///< a hash
    std::uint64_t position = 0;
  };

  RecordFile<Seen> seen_;
  HashIndex index_;
};

}  // namespace

extern const Rule duplicate_content;
const Rule duplicate_content{
    .id = "duplicate-content",
    .severity = Severity::warning,
    .title = "two images of the same content",
    .harm = "Within a subset it counts twice; across subsets the score is of pictures that were learnt.",
    .fix = "Keep one of them, and split again.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> { return std::make_unique<Duplicates>(); },
    .repair_text = "left out, since another of its subset has the same picture and annotations",
    .repair = leave_out};

}  // namespace maskmill
