// SPDX-License-Identifier: Apache-2.0
#include "dataset/labels.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {

LabelMap::LabelMap(std::vector<Label> labels) {
  for (Label& label : labels) add(std::move(label));
}

int LabelMap::add(Label label) {
  const int index = size();
  if (index == kMostLabels)
    throw Error(Code::bad_value, fmt::format("there are more than {} labels", kMostLabels));
  if (label.name.empty()) throw Error(Code::bad_value, fmt::format("label {} has no name", index));
  if (find(label.name))
    throw Error(Code::bad_value, fmt::format("two labels have the name {}", in_quotes(label.name)));
  if (label.id) {
    if (const auto other = find_id(*label.id))
      throw Error(Code::bad_value,
                  fmt::format("the labels {} and {} have the same id {}", in_quotes((*this)[*other].name),
                              in_quotes(label.name), *label.id));
  }
  if (label.role == Role::background) {
    if (background_)
      throw Error(Code::bad_value, fmt::format("the labels {} and {} are both the background",
                                               in_quotes((*this)[*background_].name), in_quotes(label.name)));
    background_ = index;
  }
  by_name_.emplace(label.name, index);
  if (label.id) by_id_.emplace(*label.id, index);
  labels_.push_back(std::move(label));
  return index;
}

std::optional<int> LabelMap::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int> LabelMap::find_id(std::int64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

Rgb LabelMap::colour(int index) const {
  const Label& label = (*this)[index];
  constexpr int kColours = 0xffffff;  // VOC's map takes 24 bits of a number
  return label.colour.value_or(voc_colour(label.id ? static_cast<int>(*label.id & kColours) : index));
}

std::vector<int> LabelMap::mask_values() const {
  const bool by_id = std::all_of(
      begin(), end(), [](const Label& label) { return label.id && *label.id >= 0 && *label.id <= 65535; });
  std::vector<int> values;
  for (int index = 0; index < size(); ++index)
    values.push_back(by_id ? static_cast<int>(*(*this)[index].id) : index);
  return values;
}

LabelMap with_background(const LabelMap& labels) {
  if (labels.background()) return labels;
  std::vector<Label> all(labels.begin(), labels.end());
  const auto with_id =
      std::count_if(all.begin(), all.end(), [](const Label& label) { return label.id.has_value(); });
  Label background;
  background.name = labels.find("background") ? "uncovered" : "background";
  while (labels.find(background.name)) background.name += '_';
  background.colour = Rgb{0, 0, 0};
  background.role = Role::background;
  if (with_id == 0) {
    background.id = 0;
    for (std::size_t i = 0; i < all.size(); ++i) all[i].id = static_cast<std::int64_t>(i) + 1;
  } else if (with_id == std::ssize(all)) {
    background.id = 0;
    while (labels.find_id(*background.id)) ++*background.id;
  }
  all.push_back(std::move(background));
  return LabelMap(std::move(all));
}

}  // namespace maskmill
