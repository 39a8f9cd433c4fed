// SPDX-License-Identifier: Apache-2.0
#include "formats/voc/output_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.h"
#include "formats/voc/voc_labels.h"

namespace maskmill {
namespace {

/// The label that is void: the one of id 255 if it is ignored, else the first that is.
std::optional<int> void_of(const LabelMap& labels) {
  if (const auto label = labels.find_id(kVocVoid); label && labels.is_ignored(*label)) return label;
  for (int label = 0; label < labels.size(); ++label)
    if (labels.is_ignored(label)) return label;
  return std::nullopt;
}

Finding renumbering(const Label& label, std::int64_t id) {
  Finding finding;
  finding.rule = "label-renumbered";
  finding.severity = Severity::warning;
  finding.message = fmt::format("the label {} had the id {} and has {}, as a palette needs it",
                                in_quotes(label.name), *label.id, id);
  return finding;
}

std::vector<Label> renumbered(const LabelMap& labels, Findings& findings) {
  const auto void_label = void_of(labels), background = labels.background();
  std::vector<Label> out(labels.begin(), labels.end());
  std::set<std::int64_t> taken{kVocBackground, kVocVoid};
  std::vector<int> without;
  for (int i = 0; i < labels.size(); ++i) {
    Label& label = out[static_cast<std::size_t>(i)];
    if (i == background)
      label.id = kVocBackground;
    else if (i == void_label)
      label.id = kVocVoid;
    else if (!label.id || *label.id < kVocBackground || *label.id > kVocVoid ||
             !taken.insert(*label.id).second)
      without.push_back(i);
  }
  if (taken.size() + without.size() > 256) return {labels.begin(), labels.end()};
  std::int64_t next = 1;
  for (const int i : without) {
    while (taken.contains(next)) ++next;
    out[static_cast<std::size_t>(i)].id = next++;
  }
  for (int i = 0; i < labels.size(); ++i)
    if (const auto id = out[static_cast<std::size_t>(i)].id; labels[i].id && labels[i].id != id)
      findings.add(renumbering(labels[i], *id));
  return out;
}

}  // namespace

OutputLabels output_labels(const LabelMap& labels, Findings& findings) {
  std::vector<Label> plain = renumbered(labels, findings), with_masks = plain;
  add_mask_labels(with_masks);
  separate_colours(with_masks);
  const LabelMap separate(with_masks);
  for (Label& label : plain) label.colour = separate[*separate.find(label.name)].colour;
  std::vector<Label> painting = plain;
  for (const Label& label : with_masks)
    if (!labels.find(label.name)) painting.push_back(label);

  OutputLabels out{LabelMap(plain), separate, LabelMap(painting), {}, voc_palette(256)};
  for (int i = 0; i < out.painting.size(); ++i) {
    const std::int64_t id = out.painting[i].id.value_or(-1);
    const bool fits = id >= kVocBackground && id <= kVocVoid;
    out.values.push_back(fits ? static_cast<int>(id) : -1);
    if (fits) out.palette[static_cast<std::size_t>(id)] = out.painting.colour(i);
  }
  return out;
}

}  // namespace maskmill
