// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::int64_t kPartShare = 20;  // smaller parts than one in so many pixels of all do not count
constexpr double kFar = 2;               // times the larger part's extent: what hides that much shows

double gap_between(const Window& a, const Window& b) {
  const int x = std::max({0, a.x - b.right(), b.x - a.right()});
  const int y = std::max({0, a.y - b.bottom(), b.y - a.bottom()});
  return std::hypot(x, y);
}

double extent(const Window& window) {
  return std::hypot(window.size.width, window.size.height);
}

bool are_far(const Region& a, const Region& b) {
  return gap_between(a.window, b.window) > kFar * std::max(extent(a.window), extent(b.window));
}

struct FarParts {
  Region part, other;
  double gap_px = 0;
};

/// Parts that are not far from each other, or from the same third one, belong together; what does not belong
/// to the largest one is far. The nearest of those, with what it is nearest to.
std::optional<FarParts> far_parts_of(std::span<const Region> parts) {
  std::int64_t all = 0;
  for (const Region& part : parts) all += part.area;
  std::vector<Region> large;  // kPartShare at most
  for (const Region& part : parts)
    if (part.area * kPartShare >= all) large.push_back(part);
  if (large.size() < 2) return std::nullopt;
  std::ranges::stable_sort(large, std::ranges::greater(), &Region::area);
  std::vector<Region> together{large.front()};
  large.erase(large.begin());
  const auto belongs = [&](const Region& part) {
    return std::ranges::any_of(together, [&](const Region& other) { return !are_far(part, other); });
  };
  for (auto next = std::ranges::find_if(large, belongs); next != large.end();
       next = std::ranges::find_if(large, belongs)) {
    together.push_back(*next);
    large.erase(next);
  }
  std::optional<FarParts> nearest;
  for (const Region& part : large)
    for (const Region& other : together)
      if (const double gap = gap_between(part.window, other.window); !nearest || gap < nearest->gap_px)
        nearest = FarParts{part, other, gap};
  return nearest;
}

std::string in_words(const FarParts& parts) {
  return fmt::format("parts that lie {:.0f} px apart, {} and {}", parts.gap_px,
                     in_words(parts.other.window.box()), in_words(parts.part.window.box()));
}

void look_at_numbers(const ItemFacts& facts, const Report& report) {
  report.looks_for(-1);
  std::vector<Region> parts = facts.instance_parts;
  std::ranges::stable_sort(parts, {}, &Region::value);
  for (auto begin = parts.begin(); begin != parts.end();) {
    const auto end =
        std::find_if(begin, parts.end(), [&](const Region& part) { return part.value != begin->value; });
    if (const auto far = far_parts_of({begin, end}))
      report.unusual(-1, {facts.instances->path.string(), {}, {}},
                     fmt::format("the object {} has {}", begin->value, in_words(*far)),
                     {.region = around(far->part.window.box(), far->other.window.box())});
    begin = end;
  }
}

void find_far_parts(const Item& item, const ItemFacts& facts, const Metadata& metadata,
                    const Report& report) {
  if (!facts.instance_parts.empty()) look_at_numbers(facts, report);
  for (std::size_t i = 0; i < item.annotations.size(); ++i) {
    const Annotation& annotation = item.annotations[i];
    const bool is_stuff = annotation.label && (metadata.labels.is_ignored(*annotation.label) ||
                                               metadata.labels[*annotation.label].kind == LabelKind::stuff);
    if (!is_one_object(annotation) || is_stuff || facts.objects[i].regions.parts.empty()) continue;
    const int sort = annotation.label.value_or(-1);
    report.looks_for(sort);
    if (const auto far = far_parts_of(facts.objects[i].regions.parts))
      report.unusual(sort, place_of(annotation, item), "one object has " + in_words(*far),
                     {.region = around(far->part.window.box(), far->other.window.box())});
  }
}

}  // namespace

extern const Rule far_parts;
const Rule far_parts{
    .id = "far-parts",
    .severity = Severity::warning,
    .title = "one object in several parts far from each other",
    .harm =
        "Two objects under one number count as one: the network is told to find them together, and their box "
        "covers what lies between. A note where many of a label are so.",
    .fix = "Look whether they are two objects; then give each an annotation of its own.",
    .run = find_far_parts,
    .slip_share = 0.05};

}  // namespace maskmill
