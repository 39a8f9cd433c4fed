// SPDX-License-Identifier: Apache-2.0
#include "prepare/relabel.h"

#include <fmt/format.h>

#include "base/error.h"

namespace maskmill {

Relabelling::Relabelling(std::vector<int> new_index) : new_index_(std::move(new_index)) {
  for (std::size_t i = 0; i < new_index_.size(); ++i) same_ = same_ && new_index_[i] == static_cast<int>(i);
}

int Relabelling::renumbered(int label) const {
  if (label < 0) return label;
  if (static_cast<std::size_t>(label) >= new_index_.size())
    throw Error(Code::bug, fmt::format("the label {} of {} is renumbered", label, new_index_.size()));
  return new_index_[static_cast<std::size_t>(label)];
}

void Relabelling::renumber(MaskRef& mask) const {
  if (!mask.coding) return;
  const std::lock_guard lock(mutex_);
  auto& [old, made] = codings_[mask.coding.get()];
  if (!made) {
    auto coding = std::make_shared<MaskCoding>(*mask.coding);
    for (auto& [value, label] : coding->values) label = renumbered(label);
    if (coding->kind != MaskCoding::Kind::instance)  // there colours are instance numbers
      for (auto& [colour, label] : coding->colours) label = renumbered(label);
    coding->label = renumbered(coding->label);
    coding->zero_label = renumbered(coding->zero_label);
    old = mask.coding;  // held, so that no other coding comes to lie at its address
    made = std::move(coding);
  }
  mask.coding = made;
}

void Relabelling::apply(Item& item) const {
  if (same_) return;
  if (item.semantic) renumber(*item.semantic);
  for (Annotation& annotation : item.annotations) {
    if (annotation.label) annotation.label = renumbered(*annotation.label);
    if (auto* mask = std::get_if<MaskRef>(&annotation.shape)) renumber(*mask);
  }
}

}  // namespace maskmill
