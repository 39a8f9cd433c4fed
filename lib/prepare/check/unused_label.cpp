// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::size_t kUnusedNamed = 10;

class UnusedLabels : public AcrossItems {
 public:
  explicit UnusedLabels(const Metadata& metadata) : labels_(metadata.labels) {}

  void observe(const Item& item, const ItemFacts& facts, const Report&) override {
    any_ |= item.annotated;
    used_.merge(facts.labels_in(item));
    for (const auto& [label, pixels] : facts.blended_labels) used_.insert(label);
  }

  void finish(const Report& report) override {
    if (!any_) return;
    std::vector<std::string> names;
    std::size_t unused = 0;
    for (int label = 0; label < labels_.size(); ++label) {
      if (labels_[label].role != Role::object || used_.contains(label)) continue;
      if (unused++ < kUnusedNamed) names.push_back(in_quotes(labels_[label].name));
    }
    if (unused == 0) return;
    if (unused > kUnusedNamed) names.push_back(fmt::format("and {} more", unused - kUnusedNamed));
    report({},
           fmt::format("{} of {} never occur: {}", unused,
                       counted(static_cast<std::size_t>(labels_.size()), "label"), joined(names, ", ")),
           "");
  }

 private:
  const LabelMap& labels_;
  bool any_ = false;
  std::set<int> used_;
};

}  // namespace

extern const Rule unused_label;
const Rule unused_label{
    .id = "unused-label",
    .severity = Severity::note,
    .title = "labels that no item has",
    .harm =
        "A network gets outputs that learn nothing, and a mean over labels counts them or not by the tool.",
    .fix = "Drop the labels, or find out where their annotations went.",
    .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<UnusedLabels>(metadata);
    }};

}  // namespace maskmill
