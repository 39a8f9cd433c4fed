// SPDX-License-Identifier: Apache-2.0
#include "prepare/advice/name_rule.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

namespace maskmill {
namespace {

constexpr std::size_t kSampledMasks = 64;

using Names = std::span<const std::string>;
using NameSet = std::unordered_set<std::string_view>;

std::string_view core_of(std::string_view stem, std::string_view prefix, std::string_view suffix) {
  const bool follows =
      stem.size() > prefix.size() + suffix.size() && stem.starts_with(prefix) && stem.ends_with(suffix);
  return follows ? stem.substr(prefix.size(), stem.size() - prefix.size() - suffix.size())
                 : std::string_view();
}

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

/// What all names begin with, but for digits at its end: those belong to a number that differs.
std::string common_prefix(Names names) {
  if (names.size() < 2) return {};
  std::string_view common = names.front();
  for (const std::string& name : names) {
    const auto differs = std::mismatch(common.begin(), common.end(), name.begin(), name.end()).first;
    common = common.substr(0, static_cast<std::size_t>(differs - common.begin()));
  }
  while (!common.empty() && is_digit(common.back())) common.remove_suffix(1);
  return std::string(common);
}

std::string common_suffix(Names names) {
  std::vector<std::string> reversed(names.begin(), names.end());
  for (std::string& name : reversed) std::ranges::reverse(name);
  std::string suffix = common_prefix(reversed);
  std::ranges::reverse(suffix);
  return suffix;
}

/// What masks have that their images have not, by how many of the sampled masks it would explain.
class Votes {
 public:
  void add(std::string_view addition) {
    // "1" and "10" are no image and its mask.
    if (!addition.empty() && !std::ranges::all_of(addition, is_digit)) ++count_[std::string(addition)];
  }
  std::string best() const {
    const auto most =
        std::ranges::max_element(count_, [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == count_.end() ? std::string() : most->first;
  }

 private:
  std::map<std::string, std::size_t> count_;
};

void count_matches(NameRule& rule, Names images, Names masks) {
  NameSet cores;
  for (const std::string& image : images) cores.insert(rule.core_of_image(image));
  cores.erase(std::string_view());
  if (images.data() == masks.data() && rule.is_identity()) return;
  rule.matches = static_cast<std::size_t>(std::ranges::count_if(
      masks, [&](const std::string& mask) { return cores.contains(rule.core_of_mask(mask)); }));
}

/// Masks named as their images with something before or behind.
void add_rules_by_containment(Names images, Names masks, std::vector<NameRule>& rules) {
  const NameSet known(images.begin(), images.end());
  Votes prefixes, suffixes;
  const std::size_t sampled = std::min(kSampledMasks, masks.size());
  for (std::size_t i = 0; i < sampled; ++i) {
    const std::string_view mask = masks[i * masks.size() / sampled];
    for (std::size_t length = 1; length < mask.size(); ++length) {
      if (known.contains(mask.substr(0, length))) suffixes.add(mask.substr(length));
      if (known.contains(mask.substr(length))) prefixes.add(mask.substr(0, length));
    }
  }
  rules.push_back(
      {.image_prefix = {}, .image_suffix = {}, .mask_prefix = {}, .mask_suffix = suffixes.best()});
  rules.push_back(
      {.image_prefix = {}, .image_suffix = {}, .mask_prefix = prefixes.best(), .mask_suffix = {}});
}

}  // namespace

std::string_view NameRule::core_of_image(std::string_view stem) const {
  return core_of(stem, image_prefix, image_suffix);
}

std::string_view NameRule::core_of_mask(std::string_view stem) const {
  return core_of(stem, mask_prefix, mask_suffix);
}

NameRule find_name_rule(Names images, Names masks) {
  std::vector<NameRule> rules{{}};
  add_rules_by_containment(images, masks, rules);
  if (images.data() != masks.data())
    rules.push_back({.image_prefix = common_prefix(images),
                     .image_suffix = common_suffix(images),
                     .mask_prefix = common_prefix(masks),
                     .mask_suffix = common_suffix(masks)});
  for (NameRule& rule : rules) count_matches(rule, images, masks);
  return *std::ranges::max_element(
      rules, [](const NameRule& a, const NameRule& b) { return a.matches < b.matches; });
}

}  // namespace maskmill
