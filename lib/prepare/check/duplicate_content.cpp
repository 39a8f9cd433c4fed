// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

struct DigestHash {
  std::size_t operator()(const Digest& digest) const { return digest.low; }
};

class Duplicates : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
    if (!facts.image || !facts.image->content) return;
    const auto [seen, is_new] =
        first_.try_emplace(*facts.image->content, First{facts.image->path.string(), item.subset});
    if (is_new) return;
    const First& first = seen->second;
    const bool leaks = first.subset != item.subset;
    report({facts.image->path.string(), {}, {}},
           leaks
               ? fmt::format("the same picture as {}, which is in the subset {} and this one in {}: what is "
                             "learnt in one is scored in the other",
                             printable(first.path), in_quotes(first.subset), in_quotes(item.subset))
               : fmt::format("the same picture as {}", printable(first.path)),
           "keep one of them");
  }
  void finish(const Report&) override {}

 private:
  struct First {
    std::string path, subset;
  };
  std::unordered_map<Digest, First, DigestHash> first_;
};

}  // namespace

extern const Rule duplicate_content;
const Rule duplicate_content{
    .id = "duplicate-content",
    .severity = Severity::warning,
    .title = "two images of the same content",
    .harm = "Within a subset it counts twice; across subsets the score is of pictures that were learnt.",
    .fix = "Keep one of them, and split again.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> { return std::make_unique<Duplicates>(); }};

}  // namespace maskmill
