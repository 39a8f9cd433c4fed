// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <deque>

#include "base/hash_index.h"
#include "base/part_file.h"
#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// The first image of each content: 48 bytes each; where it lies is kept on disk, since few have a second.
class Duplicates : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
    if (!facts.image || !facts.image->content) return;
    const Digest& content = *facts.image->content;
    const std::string path = facts.image->path.string();
    const auto known =
        index_.find(content.low, [&](std::uint32_t number) { return seen_[number].content == content; });
    if (!known) {
      index_.add(content.low, static_cast<std::uint32_t>(seen_.size()));
      seen_.push_back({content, facts.annotations, places_.append(path + item.subset),
                       static_cast<std::uint32_t>(path.size()),
                       static_cast<std::uint32_t>(item.subset.size())});
      return;
    }
    const First first = first_of(seen_[*known]);
    const bool leaks = first.subset != item.subset;
    report({path, {}, {}},
           leaks
               ? fmt::format("the same picture as {}, which is in the subset {} and this one in {}: what is "
                             "learnt in one is scored in the other",
                             printable(first.path), in_quotes(first.subset), in_quotes(item.subset))
               : fmt::format("the same picture as {}", printable(first.path)),
           "keep one of them");
    if (!leaks && seen_[*known].annotations == facts.annotations) report.repairable();
  }
  void finish(const Report&) override {}

 private:
  struct First {
    std::string path, subset;
  };
  struct Seen {
    Digest content;
    std::uint64_t annotations = 0;  ///< a hash
    std::uint64_t place = 0;        ///< where `places_` has the path and then the subset
    std::uint32_t path_bytes = 0, subset_bytes = 0;
  };

  First first_of(const Seen& seen) const {
    std::string bytes;
    places_.read(seen.place, seen.path_bytes + seen.subset_bytes, bytes);
    return {bytes.substr(0, seen.path_bytes), bytes.substr(seen.path_bytes)};
  }

  std::deque<Seen> seen_;
  HashIndex index_;
  PartFile places_;
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
