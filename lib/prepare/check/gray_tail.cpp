// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr double kLeastShare = 0.03, kMostShare = 0.95;  // of the height

void find_gray_tails(const Item&, const ItemFacts& facts, const Metadata&, const Report& report) {
  if (!facts.picture || facts.picture->gray_tail < kLeastShare || facts.picture->gray_tail > kMostShare)
    return;
  report({facts.image->path.string(), {}, {}},
         fmt::format(
             "the lower {:.0f} % of the picture are of one gray, as decoders fill in what a file that ended "
             "early did not have; it has been saved again since",
             100 * facts.picture->gray_tail),
         "");
}

}  // namespace

extern const Rule gray_tail;
const Rule gray_tail{
    .id = "gray-tail",
    .severity = Severity::warning,
    .title = "a picture whose lower part is gray, saved from a file that was cut off",
    .harm = "Its mask has objects where the picture shows gray: the network learns to guess them.",
    .fix = "Fetch the original again, or leave it out.",
    .run = find_gray_tails};

}  // namespace maskmill
