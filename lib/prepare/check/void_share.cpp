// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <deque>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr double kMostOfItem = 0.9, kMostOfAll = 0.5;
constexpr std::size_t kRareShare = 10;  // one in so many items is told by itself

/// Void is what has a label of role ignore or none at all.
class VoidShares : public AcrossItems {
 public:
  explicit VoidShares(const Metadata& metadata) : labels_(metadata.labels) {}

  void observe(const Item&, const ItemFacts& facts, const Report& report) override {
    if (!facts.semantic_size || facts.semantic_size->area() == 0) return;
    std::int64_t labelled = 0;
    bool has_object = false;
    for (const auto& [label, pixels] : facts.known_labels) {
      const Role role = labels_[static_cast<int>(label)].role;
      if (role != Role::ignore) labelled += pixels;
      has_object |= role == Role::object;
    }
    for (const auto& [label, pixels] : facts.blended_labels) labelled += pixels;
    const auto pixels = static_cast<double>(facts.semantic_size->area());
    const double share = 1 - static_cast<double>(labelled) / pixels;
    ++items_;
    sum_ += share;
    // Of those without any object empty-item speaks.
    if (share > kMostOfItem && has_object)
      mostly_void_.push_back({static_cast<std::uint32_t>(report.position()), static_cast<float>(share)});
  }

  void finish(const Report& report) override {
    if (items_ == 0) return;
    const double mean = sum_ / static_cast<double>(items_);
    if (mean > kMostOfAll) {
      report({},
             fmt::format("{:.0f} % of the masks' area is void, over {}", 100 * mean, counted(items_, "item")),
             "if what is void there is background, say so: a label with the role background");
      return;
    }
    if (mostly_void_.size() * kRareShare > items_) return;
    for (const Share& item : mostly_void_)
      report({report.item_at(item.position).file, {}, {}},
             fmt::format("{:.1f} % of its mask is void; on average it is {:.1f} %", 100 * item.share,
                         100 * mean),
             "");
  }

 private:
  struct Share {
    std::uint32_t position = 0;
    float share = 0;
  };
  const LabelMap& labels_;
  std::deque<Share> mostly_void_;
  std::size_t items_ = 0;
  double sum_ = 0;
};

}  // namespace

extern const Rule void_share;
const Rule void_share{
    .id = "void-share",
    .severity = Severity::warning,
    .title = "masks that are mostly void",
    .harm =
        "Void counts neither in the loss nor in the score: such pictures cost time and teach next to nothing.",
    .fix = "Annotate what is void, or leave the item out.",
    .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<VoidShares>(metadata);
    }};

}  // namespace maskmill
