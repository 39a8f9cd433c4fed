// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr int kSmallestSide = 16;           // pixels; smaller ones are hardly photographs
constexpr double kDark = 8, kBright = 247;  // gray values of the mean

void find_flat_pictures(const Item&, const ItemFacts& facts, const Metadata&, const Report& report) {
  if (!facts.picture) return;
  const Size size = facts.image->header->size();
  if (std::min(size.width, size.height) < kSmallestSide) return;
  const PictureFacts& picture = *facts.picture;
  const char* what = picture.is_flat()              ? "of nearly one colour"
                     : picture.brightness < kDark   ? "nearly black"
                     : picture.brightness > kBright ? "nearly white"
                                                    : nullptr;
  if (what)
    report({facts.image->path.string(), {}, {}},
           fmt::format("the picture is {}: gray values of {:.0f} on average, with a deviation of {:.1f}",
                       what, picture.brightness, picture.contrast),
           "");
}

}  // namespace

extern const Rule flat_picture;
const Rule flat_picture{.id = "flat-picture",
                        .severity = Severity::warning,
                        .title = "a picture that shows nothing: black, white or of one colour",
                        .harm = "What is annotated in it cannot be seen, so that only noise is learnt.",
                        .fix = "Export it again from the original, or leave it out.",
                        .run = find_flat_pictures};

}  // namespace maskmill
