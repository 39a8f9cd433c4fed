// SPDX-License-Identifier: Apache-2.0
#include "prepare/relabel.h"

#include <fmt/format.h>

#include "base/error.h"

namespace maskmill {

Relabelling::Relabelling(std::vector<int> new_index) : Relabelling(NewLabels{new_index, new_index, -1}) {}

Relabelling::Relabelling(NewLabels labels) : labels_(std::move(labels)) {
  same_ = labels_.unlabelled < 0;
  for (const std::vector<int>* numbers : {&labels_.pixels, &labels_.annotations})
    for (std::size_t i = 0; i < numbers->size(); ++i) same_ = same_ && (*numbers)[i] == static_cast<int>(i);
}

int Relabelling::renumbered(int label, const std::vector<int>& numbers) const {
  if (label < 0 || static_cast<std::size_t>(label) >= numbers.size())
    throw Error(Code::bug, fmt::format("the label {} of {} is renumbered", label, numbers.size()));
  return numbers[static_cast<std::size_t>(label)];
}

int Relabelling::renumbered_pixels(int label) const {
  return label < 0 ? labels_.unlabelled : renumbered(label, labels_.pixels);
}

void Relabelling::renumber(MaskRef& mask) const {
  if (!mask.coding) return;
  const std::lock_guard lock(mutex_);
  auto& [old, made] = codings_[mask.coding.get()];
  if (!made) {
    auto coding = std::make_shared<MaskCoding>(*mask.coding);
    for (auto& [value, label] : coding->values) label = renumbered_pixels(label);
    if (coding->kind != MaskCoding::Kind::instance)  // there colours are instance numbers
      for (auto& [colour, label] : coding->colours) label = renumbered_pixels(label);
    if (coding->kind == MaskCoding::Kind::non_zero) {
      coding->label = renumbered_pixels(coding->label);
      coding->zero_label = renumbered_pixels(coding->zero_label);
    }
    old = mask.coding;  // held, so that no other coding comes to lie at its address
    made = std::move(coding);
  }
  mask.coding = made;
}

void Relabelling::apply(Item& item) const {
  if (same_) return;
  if (item.semantic) renumber(*item.semantic);
  for (Annotation& annotation : item.annotations) {
    if (annotation.label) annotation.label = renumbered(*annotation.label, labels_.annotations);
    if (auto* mask = std::get_if<MaskRef>(&annotation.shape)) renumber(*mask);
  }
  std::erase_if(item.annotations, [](const Annotation& annotation) { return annotation.label == -1; });
}

}  // namespace maskmill
