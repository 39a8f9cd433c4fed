// SPDX-License-Identifier: Apache-2.0
#include "formats/subset_folders.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 8> kUsual{"train", "training",   "trainval", "val",
                                                 "valid", "validation", "test",     "testing"};

auto rank(std::string_view name) {
  return std::ranges::find(kUsual, lower_case(name)) - kUsual.begin();
}

}  // namespace

bool is_usual_subset(std::string_view folder) {
  return std::ranges::find(kUsual, lower_case(folder)) != kUsual.end();
}

void sort_subsets(std::vector<std::string>& subsets) {
  std::ranges::sort(subsets, {}, [](const std::string& name) { return std::pair(rank(name), name); });
  subsets.erase(std::unique(subsets.begin(), subsets.end()), subsets.end());
}

std::string_view first_folder(std::string_view name) {
  const std::size_t end = name.find('/');
  return end == std::string_view::npos ? std::string_view() : name.substr(0, end);
}

}  // namespace maskmill
