// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/against.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <memory>

#include "base/progress.h"
#include "base/text.h"
#include "dataset/item_pairs.h"
#include "dataset/masks.h"
#include "metrics/evaluate.h"
#include "prepare/check/contrast.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostOfRule = 10'000;

struct Contradiction {
  double weight = 0;
  std::size_t number = 0;  // of those with the same weight the first stays
  Finding finding;
};

/// The strongest contradictions of one rule.
class Ranking {
 public:
  void add(double weight, Finding&& finding) {
    if (heap_.size() == kMostOfRule) {
      ++too_many_;
      if (weight <= heap_.front().weight) return;
      std::ranges::pop_heap(heap_, is_stronger);
      heap_.pop_back();
    }
    heap_.push_back({weight, number_++, std::move(finding)});
    std::ranges::push_heap(heap_, is_stronger);
  }
  std::vector<Contradiction> finish() {
    std::ranges::sort_heap(heap_, is_stronger);
    return std::move(heap_);
  }
  std::size_t too_many() const { return too_many_; }

 private:
  static bool is_stronger(const Contradiction& a, const Contradiction& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.number < b.number;
  }
  std::vector<Contradiction> heap_;  // the weakest in front
  std::size_t number_ = 0, too_many_ = 0;
};

bool has_objects(const Item& item) {
  return std::ranges::any_of(item.annotations, [](const Annotation& one) { return !is_label_mask(one); });
}

bool has_scores(const Item& item) {
  return std::ranges::any_of(item.annotations,
                             [](const Annotation& one) { return score_of(one).has_value(); });
}

/// Whether an item is the first that holds anything and holds that.
bool first_has(Source& source, bool (*what)(const Item&)) {
  source.rewind();
  while (ReadItem read = source.next()) {
    std::vector<Finding> told_later;
    const std::optional<Item> item = read(told_later, Look::annotations);
    if (item && (!item->annotations.empty() || item->semantic)) return what(*item);
    throw_if_interrupted();
  }
  return false;
}

/// What is gathered over all models.
struct Gathered {
  AgainstReport report;
  std::vector<std::pair<const Rule*, Ranking>> rankings;
  std::vector<bool> is_predicted, is_annotated;  // by the item's number
  std::vector<Finding> not_compared;
};

void mark(std::vector<bool>& marks, std::size_t number) {
  if (number >= marks.size()) marks.resize(number + 1);
  marks[number] = true;
}

/// A data set beside what one model predicts.
class Comparison {
 public:
  Comparison(Source& source, const ModelPredictions& predictions, Gathered& gathered)
      : source_(source),
        predictions_(predictions.source),
        gathered_(gathered),
        label_of_(labels_by_name(labels(), predictions_.metadata().labels)),
        object_sums_(labels()) {
    if (first_has(source, has_objects) && first_has(predictions_, has_scores)) {
      by_ = AgainstReport::By::objects;
      return;
    }
    const auto& folder = predictions.folder;
    const bool has_probabilities = folder && fs::is_directory(*folder / "probabilities");
    if (has_probabilities) by_ = AgainstReport::By::probabilities;
    pixels_.emplace(labels(), predictions_.metadata().labels, label_of_,
                    has_probabilities ? folder : std::nullopt);
    pixel_sums_.emplace(pixels_->nothing());
  }

  AgainstReport::By by() const { return by_; }

  void run() {
    for_each_compared("comparing with the predictions",
                      [&](const Item& item, const Item& prediction) { return learn(item, prediction); });
    const ModelHabits habits = pixels_ ? pixels_->habits(*pixel_sums_) : object_sums_.habits();
    is_judging_ = true;
    for_each_compared("looking for contradictions", [&](const Item& item, const Item& prediction) {
      return judge(item, prediction, habits);
    });
  }

 private:
  using Taken = std::function<void()>;

  /// work(item, prediction) on any thread; what it returns in order. What could not be compared the first
  /// time is not tried again.
  void for_each_compared(const char* what,
                         const std::function<Taken(const Item& item, const Item& prediction)>& work) {
    Progress progress(what, source_.size());
    Findings said_by_the_check;
    const UnpairedItems unpaired =
        for_each_pair(source_, predictions_, said_by_the_check, [&](ItemPair&& pair) -> Taken {
          if (!pair.a) return [this] { gathered_.report.unknown += is_judging_; };
          const bool is_annotated = pair.a->annotated;
          Taken take;
          const bool has_failed = pair.number < failed_.size() && failed_[pair.number];
          if (is_annotated && pair.b && !has_failed) take = compared(pair, work);
          return [this, &progress, number = pair.number, is_annotated, take = std::move(take)] {
            progress.advance();
            if (is_annotated) mark(gathered_.is_annotated, number);
            if (!take) return;
            mark(gathered_.is_predicted, number);
            take();
          };
        });
    failed_ = failing_;
    if (is_judging_) gathered_.report.unreadable += unpaired.unreadable_b;
  }

  Taken compared(const ItemPair& pair,
                 const std::function<Taken(const Item& item, const Item& prediction)>& work) {
    try {
      return work(*pair.a, *pair.b);
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      Finding finding = to_finding(error, "not-compared");
      if (finding.place.empty()) finding.place = pair.a->origin;
      return [this, number = pair.number, finding = std::move(finding)] {
        mark(failing_, number);
        gathered_.not_compared.push_back(finding);
      };
    }
  }

  Taken learn(const Item& item, const Item& prediction) {
    if (pixels_) {
      auto sums = std::make_shared<PixelContrast::Sums>(pixels_->sums_of(item, prediction));
      return [this, sums] { pixel_sums_->add(*sums); };
    }
    auto sums = std::make_shared<ObjectHabits>(labels());
    sums->add(contrast_of_objects(item, prediction, labels(), label_of_));
    return [this, sums] { object_sums_.add(*sums); };
  }

  Taken judge(const Item& item, const Item& prediction, const ModelHabits& habits) {
    const std::optional<Size> size = item.size ? item.size : prediction.size;
    Contrast contrast{item, prediction, pixels_ ? pixels_->labels() : labels(), size.value_or(Size{}),
                      {},   {}};
    if (pixels_)
      contrast.regions = pixels_->regions(item, prediction, habits);
    else
      contrast.objects = contrast_of_objects(item, prediction, labels(), label_of_);
    struct Found {
      std::size_t ranking;
      double weight;
      Finding finding;
    };
    auto found = std::make_shared<std::vector<Found>>();
    for (std::size_t i = 0; i < gathered_.rankings.size(); ++i) {
      const Rule& rule = *gathered_.rankings[i].first;
      rule.against(contrast, habits, [&](double weight, Place place, std::string message, Evidence evidence) {
        found->push_back(
            {i, weight, finding_of(rule, std::move(place), std::move(message), {}, {}, std::move(evidence))});
      });
    }
    return [this, found] {
      ++gathered_.report.items;
      for (Found& one : *found)
        gathered_.rankings[one.ranking].second.add(one.weight, std::move(one.finding));
    };
  }

  const LabelMap& labels() const { return source_.metadata().labels; }

  Source &source_, &predictions_;
  Gathered& gathered_;
  const std::vector<int> label_of_;
  AgainstReport::By by_ = AgainstReport::By::masks;
  std::optional<PixelContrast> pixels_;
  std::optional<PixelContrast::Sums> pixel_sums_;
  ObjectHabits object_sums_;
  std::vector<bool> failed_, failing_;  // by the item's number: before, and in this reading as well
  bool is_judging_ = false;
};

constexpr std::array<std::string_view, 3> kBy{"probabilities", "masks", "objects"};

}  // namespace

AgainstReport check_against(Source& source, std::span<const ModelPredictions> predictions,
                            CheckReport& report) {
  Gathered gathered;
  for (const Rule* rule : rules())
    if (rule->against) gathered.rankings.emplace_back(rule, Ranking());
  for (const ModelPredictions& of_model : predictions) {
    Comparison comparison(source, of_model, gathered);
    if (&of_model == &predictions.front()) gathered.report.by = comparison.by();
    comparison.run();
  }
  AgainstReport& against = gathered.report;
  if (against.items == 0 && gathered.not_compared.empty())
    throw Error(Code::bad_value, "no item of the data set could be compared with a prediction")
        .hint("items meet by their ids, which --json of maskmill diff lists");
  const auto annotated = std::ranges::count(gathered.is_annotated, true);
  against.not_annotated = source.size() - report.left_out - static_cast<std::size_t>(annotated);
  against.not_predicted =
      static_cast<std::size_t>(annotated - std::ranges::count(gathered.is_predicted, true));
  against.left_out = gathered.not_compared.size();
  report.findings.add(std::move(gathered.not_compared));
  for (auto& [rule, ranking] : gathered.rankings) {
    against.too_many += ranking.too_many();
    for (Contradiction& one : ranking.finish()) report.findings.add(std::move(one.finding));
  }
  return against;
}

Json to_json(const AgainstReport& report) {
  return {{"by", kBy.at(static_cast<std::size_t>(report.by))},
          {"items", report.items},
          {"not_annotated", report.not_annotated},
          {"not_predicted", report.not_predicted},
          {"unknown", report.unknown},
          {"left_out", report.left_out},
          {"unreadable", report.unreadable},
          {"too_many", report.too_many}};
}

std::string to_text(const AgainstReport& report) {
  constexpr std::array<std::string_view, 3> by{"their probabilities", "their masks alone",
                                               "objects and scores"};
  std::string text = fmt::format("{} held against predictions, by {}\n", counted(report.items, "item"),
                                 by.at(static_cast<std::size_t>(report.by)));
  const auto remark = [&](std::size_t count, std::string_view what, std::string_view words) {
    if (count > 0) text += fmt::format("{} {}\n", counted(count, what), words);
  };
  remark(report.not_annotated, "item", "not annotated, and left out");
  remark(report.not_predicted, "item", "without a prediction");
  remark(report.unknown, "prediction", "of no item of the data set");
  remark(report.left_out, "item", "that cannot be compared");
  remark(report.unreadable, "prediction", "that cannot be read: maskmill check of the predictions says why");
  remark(report.too_many, "contradiction", "beyond the 10,000 strongest of a rule left out");
  return text;
}

}  // namespace maskmill
