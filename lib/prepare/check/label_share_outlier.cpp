// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/record_file.h"
#include "base/text.h"
#include "prepare/check/outliers.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr double kLeastShareDifference = 0.1;  // of the mask
constexpr std::size_t kOftenEnough = 2;        // in one of so many items, for a share to be usual
constexpr double kLeastLogit = 2;              // by which the odds differ, so that 60 % is not far from 90 %

/// On disk while items are seen: a data set has many labels.
class LabelShares : public AcrossItems {
 public:
  explicit LabelShares(const Metadata& metadata)
      : labels_(metadata.labels), items_of_(static_cast<std::size_t>(metadata.labels.size()), 0) {}

  void observe(const Item&, const ItemFacts& facts, const Report& report) override {
    std::int64_t all = 0;
    for (const auto& [label, pixels] : facts.known_labels)
      if (!labels_.is_ignored(static_cast<int>(label))) all += pixels;
    if (all == 0) return;
    ++items_;
    for (const auto& [label, pixels] : facts.known_labels) {
      if (labels_.is_ignored(static_cast<int>(label))) continue;
      shares_.add({static_cast<std::uint32_t>(report.position()), static_cast<std::uint32_t>(label),
                   static_cast<float>(static_cast<double>(pixels) / static_cast<double>(all))});
      ++items_of_[static_cast<std::size_t>(label)];
    }
  }

  void finish(const Report& report) override {
    if (items_ < kFewestForOutliers) return;
    for (std::size_t label = 0; label < items_of_.size(); ++label)
      if (items_of_[label] * kOftenEnough >= items_) find(static_cast<int>(label), report);
  }

 private:
  struct Share {
    std::uint32_t position = 0, label = 0;
    float part = 0;
  };

  void find(int label, const Report& report) const {
    OutlierFinder finder;
    shares_.for_each([&](const Share& share) {
      if (share.label == static_cast<std::uint32_t>(label)) finder.add(share.position, share.part);
    });
    const auto logit = [](double part) {
      const double inside = std::clamp(part, 1e-4, 1 - 1e-4);
      return std::log(inside / (1 - inside));
    };
    finder.find(kLeastShareDifference, [&](std::size_t position, double part, const RobustSpread& spread) {
      if (std::abs(logit(part) - logit(spread.median)) < kLeastLogit) return;
      report(
          {report.item_at(position).file, {}, {}},
          fmt::format("{} covers {:.3g} % of the mask; where it occurs the median is {:.3g} %, and this is "
                      "more than {} deviations away (MAD)",
                      in_quotes(labels_[label].name), 100 * part, 100 * spread.median, kOutlierDeviations),
          "");
    });
  }

  const LabelMap& labels_;
  std::vector<std::size_t> items_of_;
  RecordFile<Share> shares_;
  std::size_t items_ = 0;
};

}  // namespace

extern const Rule label_share_outlier;
const Rule label_share_outlier{
    .id = "label-share-outlier",
    .severity = Severity::note,
    .title = "a mask in which a usual label covers far more or less than elsewhere",
    .harm = "An annotation that was begun and not finished, or filled over the whole picture, looks so.",
    .fix = "Look at it with maskmill show.",
    .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<LabelShares>(metadata);
    }};

}  // namespace maskmill
