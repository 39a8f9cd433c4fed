// SPDX-License-Identifier: Apache-2.0
#include "render/label_colours.h"

#include <utility>
#include <vector>

namespace maskmill {

LabelMap united(LabelMap labels, const LabelMap& others) {
  for (Label label : others) {
    if (labels.find(label.name)) continue;
    if (label.role == Role::background && labels.background()) label.role = Role::object;
    label.id.reset();
    labels.add(std::move(label));
  }
  return labels;
}

LabelMap recoloured(const LabelMap& labels, const LabelMap& all) {
  std::vector<Label> same(labels.begin(), labels.end());
  for (Label& label : same) label.colour = all.colour(*all.find(label.name));
  return LabelMap(std::move(same));
}

}  // namespace maskmill
