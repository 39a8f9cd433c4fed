// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "prepare/check/rule.h"
#include "prepare/check/stored_value.h"

namespace maskmill {
namespace {

constexpr std::size_t kShown = 3;

std::string pixels_in_words(std::int64_t pixels) {
  return counted(static_cast<std::size_t>(pixels), "pixel");
}

/// Readers name a label so where they took it from the masks.
bool is_named_by_value(const Label& label) {
  if (label.id) return label.name == std::to_string(*label.id);
  const Rgb colour = label.colour.value_or(Rgb{});
  return label.colour && label.name == fmt::format("#{:02x}{:02x}{:02x}", colour.r, colour.g, colour.b);
}

class ValuesBetween : public AcrossItems {
 public:
  explicit ValuesBetween(const Metadata& metadata) : labels_(metadata.labels) {}

  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
    for (const auto& [label, pixels] : facts.known_labels) own_[static_cast<int>(label)] += pixels;
    if (!facts.blends) return;
    for (const auto& [label, pixels] : facts.blended_labels) blended_[label] += pixels;
    const Blends& blends = *facts.blends;
    const MaskCoding& coding = *item.semantic->coding;
    std::string borders;
    for (std::size_t i = 0; i < std::min(kShown, blends.borders.size()); ++i) {
      const auto& [low, high, pixels] = blends.borders[i];
      borders += fmt::format("{} {} and {} ({})", i == 0 ? "" : ",", label_or_value(low, coding, labels_),
                             label_or_value(high, coding, labels_), pixels_in_words(pixels));
    }
    if (blends.borders.size() > kShown)
      borders += fmt::format(" and {} more pairs", blends.borders.size() - kShown);
    report({facts.semantic->path.string(), {}, {}},
           fmt::format("{} along the borders of regions hold {} that lie between the labels on either side: "
                       "between{}",
                       pixels_in_words(blends.pixels()), counted(blends.pixels_of.size(), "value"), borders),
           "");
  }

  /// Labels that were taken from the masks' values, and are none.
  void finish(const Report& report) override {
    std::vector<std::string> names;
    std::size_t number = 0;
    for (const auto& [label, pixels] : blended_) {
      if (!is_named_by_value(labels_[label])) continue;
      if (const auto own = own_.find(label); own != own_.end() && own->second > pixels) continue;
      if (number++ < kExamples) names.push_back(in_quotes(labels_[label].name));
    }
    if (number == 0) return;
    report(
        {},
        fmt::format("{} of the {} hardly occur but as such values between others: {}{}", number,
                    counted(static_cast<std::size_t>(labels_.size()), "label"), joined(names, ", "),
                    number > kExamples ? ", ..." : ""),
        "name the labels that are meant in a label file, and export the masks again without smoothing; where "
        "there is one label only, --read coding=binary takes every value above 0 for it");
  }

 private:
  static constexpr std::size_t kExamples = 5;
  const LabelMap& labels_;
  std::map<int, std::int64_t> own_, blended_;  ///< label -> pixels, over all masks
};

}  // namespace

extern const Rule values_between;
const Rule values_between{
    .id = "values-between",
    .severity = Severity::error,
    .title = "a smoothed mask: values between the labels on either side of a border",
    .harm = "Every border is learnt as a class of its own, or as whatever label has that number.",
    .fix = "Export the mask again as PNG, without antialiasing, and resize it with nearest neighbour only.",
    .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<ValuesBetween>(metadata);
    }};

}  // namespace maskmill
