// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::size_t kNamed = 8;

class LabelsBySubset : public AcrossItems {
 public:
  explicit LabelsBySubset(const Metadata& metadata) : labels_(metadata.labels) {}

  void observe(const Item& item, const ItemFacts& facts, const Report&) override {
    if (!item.annotated) return;
    std::map<int, std::size_t>& items_of = subsets_[item.subset];
    for (const int label : facts.labels_in(item))
      if (labels_[label].role == Role::object) ++items_of[label];
  }

  void finish(const Report& report) override {
    if (subsets_.size() < 2) return;
    // Labels that the same subsets have are told together.
    std::map<std::vector<std::string>, std::vector<int>> labels_of;
    for (int label = 0; label < labels_.size(); ++label) {
      std::vector<std::string> with;
      for (const auto& [subset, items_of] : subsets_)
        if (items_of.contains(label)) with.push_back(subset);
      if (!with.empty() && with.size() < subsets_.size()) labels_of[with].push_back(label);
    }
    for (const auto& [with, labels] : labels_of) {
      std::vector<std::string> without;
      for (const auto& [subset, items_of] : subsets_)
        if (std::ranges::find(with, subset) == with.end()) without.push_back(in_words(subset));
      report(
          {},
          fmt::format("only in {}, not in {}: {}", quoted(with), joined(without, ", "), counts(with, labels)),
          "");
    }
  }

 private:
  static std::string in_words(const std::string& subset) {
    return subset.empty() ? "the items of no subset" : in_quotes(subset);
  }
  static std::string quoted(const std::vector<std::string>& subsets) {
    std::vector<std::string> words;
    for (const std::string& subset : subsets) words.push_back(in_words(subset));
    return joined(words, " and ");
  }

  std::string counts(const std::vector<std::string>& subsets, const std::vector<int>& labels) const {
    std::vector<std::string> words;
    for (const int label : labels) {
      std::size_t items = 0;
      for (const std::string& subset : subsets) items += subsets_.at(subset).at(label);
      if (words.size() < kNamed)
        words.push_back(fmt::format("{} ({})", in_quotes(labels_[label].name), counted(items, "item")));
    }
    if (labels.size() > kNamed) words.push_back(fmt::format("and {} more", labels.size() - kNamed));
    return joined(words, ", ");
  }

  const LabelMap& labels_;
  std::map<std::string, std::map<int, std::size_t>> subsets_;  ///< of annotated items: label -> items
};

}  // namespace

extern const Rule label_in_some_subsets;
const Rule label_in_some_subsets{
    .id = "label-in-some-subsets",
    .severity = Severity::warning,
    .title = "labels that some subsets have and others lack",
    .harm = "What is in the training set alone is never scored; what is missing there is never learnt.",
    .fix = "Split again with --stratify, or merge rare labels into others.",
    .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<LabelsBySubset>(metadata);
    }};

}  // namespace maskmill
