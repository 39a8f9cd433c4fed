// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

void find_missing_files(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  const auto require = [&](const std::optional<FileFacts>& file, const char* message) {
    if (!file || file->exists) return;
    report({file->path.string(), {}, {}}, message, "add it, or leave the item out");
    report.repairable();
  };
  require(facts.image, "the image is not there");
  if (!has_image(item)) report(item.origin, "the item has no image", "add it, or leave the item out");
  require(facts.semantic, "the mask is not there");
  require(facts.instances, "the mask is not there");
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
                        .run = find_missing_files,
                        .repair_text = "left out, since its image or mask is not there",
                        .repair = leave_out};

}  // namespace maskmill
