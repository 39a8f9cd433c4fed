// SPDX-License-Identifier: Apache-2.0
#include "prepare/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "prepare/split/audit.h"
#include "prepare/split/counts.h"
#include "prepare/split/division.h"
#include "prepare/split/survey.h"

namespace maskmill {
namespace {

using Stratify = SplitSettings::Stratify;

Error do_not_go_together(const std::string& what) {
  return Error(Code::usage, what);
}

void validate(const SplitSettings& settings) {
  const int ways =
      !settings.ratios.empty() + !settings.counts.empty() + !settings.lists.empty() + (settings.folds > 0);
  if (ways != 1)
    throw do_not_go_together("subsets are said by one of ratios, counts, lists and a number of folds");
  if (settings.folds == 1) throw Error(Code::usage, "1 fold leaves nothing to train on").at_field("folds");
  const bool stratified = settings.stratify != Stratify::no;
  if (stratified && !settings.lists.empty())
    throw do_not_go_together("lists say each item's subset: there is nothing to spread");
  if (!settings.by_hash) return;
  if (!settings.counts.empty() || !settings.lists.empty())
    throw do_not_go_together("by a hash, subsets have ratios, and no counts or lists");
  if (stratified)
    throw do_not_go_together("by a hash, an item's subset depends on its name alone: nothing can be spread");
  if (settings.groups.count() > settings.groups.names())
    throw do_not_go_together("by a hash, groups have names: which images are alike depends on the data");
  if (settings.groups.count() > 1)
    throw Error(Code::usage, "by a hash, groups have one criterion: what several join depends on the data")
        .hint("name the groups in a table");
}

/// The items that have a subset, each with it.
class SplitSource : public Source {
 public:
  /// `subset_of`: by position in the source; `names`: what each of these subsets is called here; `subsets`:
  /// the same names, each once and in order.
  SplitSource(std::shared_ptr<Source> source, std::shared_ptr<const std::vector<int>> subset_of,
              std::vector<std::string> names, std::vector<std::string> subsets)
      : source_(std::move(source)),
        metadata_(source_->metadata()),
        subset_of_(std::move(subset_of)),
        names_(std::move(names)),
        size_(subset_of_->size() - static_cast<std::size_t>(std::ranges::count(*subset_of_, kNowhere))) {
    metadata_.subsets = std::move(subsets);
    source_->rewind();
  }

  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return size_; }
  const Findings& findings() const override { return source_->findings(); }
  void rewind() override {
    source_->rewind();
    position_ = 0;
  }
  ReadItem next() override {
    for (;;) {
      ReadItem read = source_->next();
      if (!read) return read;
      const int subset = subset_of_->at(position_++);
      if (subset == kNowhere) continue;
      return [read = std::move(read), name = names_[static_cast<std::size_t>(subset)]](
                 std::vector<Finding>& findings, Look look) {
        std::optional<Item> item = read(findings, look);
        if (item) item->subset = name;
        return item;
      };
    }
  }

 private:
  std::shared_ptr<Source> source_;
  Metadata metadata_;
  std::shared_ptr<const std::vector<int>> subset_of_;
  std::vector<std::string> names_;
  std::size_t position_ = 0;
  std::size_t size_;
};

std::string cannot_be_read(const SplitReport& report) {
  if (report.left_out == 0) return "";
  return fmt::format("; {} could not be read", counted(report.left_out, "more item"));
}

void require_items_everywhere(const SplitReport& report, const SplitSettings& settings) {
  const SubsetRatios ratios = ratios_of(settings);  // none with counts, which are above 0
  for (std::size_t i = 0; i < report.subsets.size(); ++i) {
    if (report.subsets[i].items > 0 || (!ratios.empty() && ratios[i].second <= 0)) continue;
    const std::size_t number = report.groups ? report.groups->count : report.items;
    throw Error(Code::bad_value,
                fmt::format("{} {} too few: the subset {} would get none{}",
                            counted(number, report.groups ? "group" : "item"), number == 1 ? "is" : "are",
                            in_quotes(report.subsets[i].name), cannot_be_read(report)))
        .hint(settings.folds > 0 ? "ask for fewer folds" : "give it a larger ratio, or leave it out");
  }
}

void require_strata(const SplitReport& report, const SplitSettings& settings) {
  const auto is_spread = [&](const SplitReport::Stratum& stratum) {
    if (settings.stratify == Stratify::pixels) return stratum.pixels > 0;
    return stratum.is_label == (settings.stratify == Stratify::labels);
  };
  if (settings.stratify == Stratify::no || std::ranges::any_of(report.strata, is_spread)) return;
  throw Error(Code::bad_value,
              "there is nothing to stratify over: no item has " +
                  (settings.stratify == Stratify::attribute ? "the attribute " + in_quotes(settings.attribute)
                   : settings.stratify == Stratify::pixels  ? "pixels of a label"
                                                            : "a label"));
}

struct Outcome {
  std::shared_ptr<const std::vector<int>> subset_of;  // by position in the source
  std::vector<std::string> names;
};

Outcome split_items(const std::shared_ptr<Source>& source, const SplitSettings& settings, SplitReport& report,
                    Findings& findings) {
  validate(settings);
  const GroupKeys keys(settings.groups);
  ItemSurvey known = survey_all(*source, keys, settings, findings);
  report.left_out = known.is_readable.size() - known.size();
  if (known.size() == 0 && report.left_out > 0)
    throw nothing_left("none of the items could be read", findings);
  std::optional<GroupTable> table;
  if (settings.groups.table) {
    table = read_group_table(*settings.groups.table, settings.groups.column, known.names, findings);
    join_rows(*table, settings, known, findings);
  }
  const std::vector<std::uint32_t> group_of =
      settings.groups.count() > 0 ? numbered(known.sets) : std::vector<std::uint32_t>();
  const Division division = divide(known, group_of, settings, findings);

  auto subset_of = std::make_shared<std::vector<int>>();
  std::vector<std::uint32_t> item_at;
  std::uint32_t item = 0;
  for (const bool is_readable : known.is_readable) {
    subset_of->push_back(is_readable ? division.subset_of[item] : kNowhere);
    if (subset_of->back() != kNowhere) item_at.push_back(item);
    item += is_readable;
  }
  for (std::size_t i = 0; i < division.names.size(); ++i)
    report.subsets.push_back({division.names[i], 0, division.wanted[i], 0, {}});
  for (const int subset : division.subset_of)
    if (subset == kNowhere)
      ++report.unused;
    else
      ++report.subsets[static_cast<std::size_t>(subset)].items;
  report.items = known.size() - report.unused;
  report.unused_lines = division.unused_lines;
  count_strata(known, division, source->metadata().labels, report);
  require_strata(report, settings);
  if (!group_of.empty()) count_groups(group_of, division, known.without_group, report);
  if (!settings.by_hash && settings.lists.empty()) require_items_everywhere(report, settings);
  report.items_deviation = largest_deviation(report, false);
  if (settings.stratify == Stratify::pixels) report.pixels_deviation = largest_deviation(report, true);
  if (report.groups) {
    SplitSource divided(source, subset_of, division.names, division.names);
    GroupAudit audit(keys, table ? 1 : 0);
    audit.run(divided, item_at, table ? &*table : nullptr, known.links, findings);
    report.groups->crossing = audit.crossing();
    if (audit.crossing() > 0 && settings.lists.empty())
      throw Error(Code::bug, "a group came into two subsets: " + findings.examples().back().message);
  }
  return {std::move(subset_of), division.names};
}

}  // namespace

double SplitReport::Deviation::size() const {
  return std::abs(share - of_all);
}

std::unique_ptr<Source> split(std::shared_ptr<Source> source, const SplitSettings& settings,
                              SplitReport& report, Findings& findings) {
  Outcome outcome = split_items(source, settings, report, findings);
  return std::make_unique<SplitSource>(std::move(source), std::move(outcome.subset_of), outcome.names,
                                       outcome.names);
}

std::vector<std::unique_ptr<Source>> split_into_folds(std::shared_ptr<Source> source,
                                                      const SplitSettings& settings, SplitReport& report,
                                                      Findings& findings) {
  const Outcome outcome = split_items(source, settings, report, findings);
  std::vector<std::unique_ptr<Source>> folds;
  for (std::size_t fold = 0; fold < outcome.names.size(); ++fold) {
    std::vector<std::string> names(outcome.names.size(), "train");
    names[fold] = "val";
    folds.push_back(std::make_unique<SplitSource>(source, outcome.subset_of, std::move(names),
                                                  std::vector<std::string>{"train", "val"}));
  }
  return folds;
}

}  // namespace maskmill
