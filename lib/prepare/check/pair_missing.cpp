// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

void run(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  if (facts.image && !facts.image->exists)
    report({facts.image->path.string(), {}, {}}, "the image is not there", "add it, or leave the item out");
  if (!has_image(item)) report(item.origin, "the item has no image", "add it, or leave the item out");
  for (const auto& mask : {facts.semantic, facts.instances})
    if (mask && !mask->exists)
      report({mask->path.string(), {}, {}}, "the mask is not there", "add it, or leave the item out");
}

}  // namespace

extern const Rule pair_missing;
const Rule pair_missing{.id = "pair-missing",
                        .severity = Severity::error,
                        .title = "a file that belongs to an item and is not there",
                        .harm =
                            "A trainer that pairs by position shifts every pair after it; others stop, or "
                            "learn that there is nothing.",
                        .fix = "Add the missing file, or leave the item out.",
                        .run = run};

}  // namespace maskmill
