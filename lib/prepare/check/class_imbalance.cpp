// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "prepare/check/outliers.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr double kRareItems = 0.01;    // of the items that are annotated
constexpr double kRarePixels = 0.001;  // of the pixels that have a label
constexpr std::size_t kRareNamed = 8;

class ClassImbalance : public AcrossItems {
 public:
  explicit ClassImbalance(const Metadata& metadata) : labels_(metadata.labels) {}

  void observe(const Item& item, const ItemFacts& facts, const Report&) override {
    if (!item.annotated) return;
    ++items_;
    for (const int label : facts.labels_in(item)) ++items_of_[label];
    for (const auto& [label, pixels] : facts.known_labels)
      if (!labels_.is_ignored(static_cast<int>(label)))
        pixels_of_[static_cast<int>(label)] += pixels, pixels_ += pixels;
  }

  void finish(const Report& report) override {
    if (items_ < kFewestForOutliers) return;
    std::vector<std::string> rare;
    std::size_t count = 0;
    for (const auto& [label, items] : items_of_) {
      if (labels_[label].role != Role::object) continue;
      const double of_items = static_cast<double>(items) / static_cast<double>(items_);
      const double of_pixels =
          pixels_ == 0 ? 0 : static_cast<double>(pixels_of_[label]) / static_cast<double>(pixels_);
      if (of_items >= kRareItems || of_pixels >= kRarePixels) continue;
      if (++count <= kRareNamed)
        rare.push_back(fmt::format(
            "{} ({}{})", in_quotes(labels_[label].name), counted(items, "item"),
            pixels_ == 0 ? std::string() : fmt::format(", {:.4f} % of the pixels", 100 * of_pixels)));
    }
    if (count == 0) return;
    if (count > kRareNamed) rare.push_back(fmt::format("{} more", with_thousands(count - kRareNamed)));
    report({},
           fmt::format("{} in less than {:g} % of {}{}: {}", counted(count, "label"), 100 * kRareItems,
                       counted(items_, "annotated item"),
                       pixels_ == 0 ? std::string()
                                    : fmt::format(", with less than {:g} % of the pixels", 100 * kRarePixels),
                       joined(rare, ", ")),
           "");
  }

 private:
  const LabelMap& labels_;
  std::size_t items_ = 0;
  std::int64_t pixels_ = 0;
  std::map<int, std::size_t> items_of_;
  std::map<int, std::int64_t> pixels_of_;
};

}  // namespace

extern const Rule class_imbalance;
const Rule class_imbalance{
    .id = "class-imbalance",
    .severity = Severity::note,
    .title = "labels that hardly ever occur",
    .harm = "A loss over all pixels hardly feels them: they are never predicted, and the score hides it.",
    .fix =
        "Weight the classes or sample their items more often in training; or join or leave out such labels.",
    .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<ClassImbalance>(metadata);
    }};

}  // namespace maskmill
