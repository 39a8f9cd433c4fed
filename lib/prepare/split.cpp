// SPDX-License-Identifier: Apache-2.0
#include "prepare/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>

#include "base/progress.h"
#include "base/random.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "image/image.h"
#include "prepare/split/given_lists.h"
#include "prepare/split/item_names.h"
#include "prepare/split/item_strata.h"
#include "prepare/split/picture_links.h"
#include "prepare/stratify.h"

namespace maskmill {
namespace {

using Stratify = SplitSettings::Stratify;

constexpr int kNowhere = -1;
constexpr std::uint32_t kNone = 0xFFFFFFFF;

// --- settings

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

SubsetRatios ratios_of(const SplitSettings& settings) {
  SubsetRatios ratios = settings.ratios;
  for (int fold = 1; fold <= settings.folds; ++fold) ratios.emplace_back(fmt::format("fold-{}", fold), 1);
  return ratios;
}

// --- what is known of the items

struct Surveyed {
  bool is_readable = false;
  std::string id;
  std::vector<HeldLabel> labels;
  std::optional<std::string> value;  // of the attribute that is spread
  std::vector<std::optional<std::string>> keys;
  PictureTraits picture;
  Place origin;
  std::vector<Finding> findings;
};

Surveyed survey(ReadItem& read, const LabelMap& labels, const GroupKeys& keys,
                const SplitSettings& settings) {
  Surveyed result;
  std::optional<Item> item = read(result.findings, Look::masks);
  if (!item) return result;
  try {
    if (settings.with_images) probe_image(item->image);
    if (item->instances) read_instances(*item->instances);
    result.labels = held_labels(*item, labels, settings.stratify == Stratify::pixels);
    if (settings.stratify == Stratify::attribute)
      if (const AttributeValue* value = find_attribute(item->attributes, settings.attribute))
        result.value = text_of(*value);
    result.keys = keys.of(*item);
    result.picture = picture_traits(*item, settings.groups);
    result.id = std::move(item->id);
    result.origin = std::move(item->origin);
    result.is_readable = true;
  } catch (const Error& error) {
    if (error.code() == Code::bug || error.code() == Code::interrupted || error.code() == Code::usage) throw;
    result.findings.push_back(to_finding(error, "unreadable-item"));
  }
  return result;
}

// Of the readable items, by their numbers.
struct Known {
  std::vector<bool> is_readable;  // by position in the source
  std::vector<std::size_t> begin{0};
  std::vector<HeldLabel> labels;
  KeyNumbers values;
  std::vector<std::uint32_t> value_of;  // kNone without one; empty unless an attribute is spread
  ItemNames names;                      // filled where lists or a table name items
  std::vector<std::uint64_t> hashes;    // of what places an item by_hash
  DisjointSets sets;                    // joined where there are groups
  std::vector<ItemLink> links;          // that pictures make
  std::size_t without_group = 0;

  std::size_t size() const { return begin.size() - 1; }
  std::span<const HeldLabel> labels_of(std::size_t item) const {
    return std::span(labels).subspan(begin[item], begin[item + 1] - begin[item]);
  }
};

/// Puts items together by keys as they come.
class KeyedGroups {
 public:
  explicit KeyedGroups(const std::vector<std::string>& criteria)
      : criteria_(criteria), first_of_(criteria.size()), numbers_(criteria.size()) {}

  void add(std::uint32_t item, const Surveyed& surveyed, DisjointSets& sets, std::size_t& without,
           Findings& findings) {
    for (std::size_t i = 0; i < criteria_.size(); ++i) {
      if (!surveyed.keys[i]) {
        ++without;
        findings.add(without_group(surveyed.id, criteria_[i], surveyed.origin));
        continue;
      }
      const std::uint32_t key = numbers_[i].number_of(*surveyed.keys[i]);
      if (key == first_of_[i].size())
        first_of_[i].push_back(item);
      else
        sets.join(first_of_[i][key], item);
    }
  }
  void require_some() const {
    for (std::size_t i = 0; i < criteria_.size(); ++i)
      if (numbers_[i].size() == 0)
        throw Error(Code::bad_value, "no item has a group: " + criteria_[i] + " is that of none");
  }

  static Finding without_group(const std::string& id, const std::string& criterion, const Place& origin) {
    return {"no-group", Severity::warning, origin,
            fmt::format("{} has no group by {}: it stands alone", in_quotes(id), criterion), ""};
  }

 private:
  const std::vector<std::string>& criteria_;
  std::vector<std::vector<std::uint32_t>> first_of_;  // by criterion and key
  std::vector<KeyNumbers> numbers_;
};

Known survey_all(Source& source, const GroupKeys& keys, const SplitSettings& settings, Findings& findings) {
  Known known;
  KeyedGroups groups(keys.criteria());
  PictureLinks pictures(settings.groups);
  const LabelMap& labels = source.metadata().labels;
  source.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  Progress progress("reading", source.size());
  map_items(
      source, [&](ReadItem&& read) { return survey(read, labels, keys, settings); },
      [&](Surveyed&& item) {
        progress.advance();
        findings.add(std::move(item.findings));
        known.is_readable.push_back(item.is_readable);
        if (!item.is_readable) return;
        const auto number = static_cast<std::uint32_t>(known.size());
        known.labels.insert(known.labels.end(), item.labels.begin(), item.labels.end());
        known.begin.push_back(known.labels.size());
        if (settings.stratify == Stratify::attribute)
          known.value_of.push_back(item.value ? known.values.number_of(*item.value) : kNone);
        if (!settings.lists.empty() || settings.groups.table) known.names.add(item.id);
        if (settings.by_hash)
          known.hashes.push_back(stable_hash(item.keys.empty() || !item.keys[0] ? item.id : *item.keys[0]));
        if (settings.groups.count() == 0) return;
        known.sets.add();
        groups.add(number, item, known.sets, known.without_group, findings);
        pictures.add(number, item.picture);
        if (!settings.groups.seconds || item.picture.capture) return;
        ++known.without_group;
        findings.add(KeyedGroups::without_group(item.id, "the time of its image", item.origin));
      });
  if (known.size() > 0) groups.require_some();
  if (known.size() > 0 && settings.groups.seconds && !pictures.knows_a_time())
    throw Error(Code::bad_value, "no image says when and with what camera it was taken")
        .at_field("group-by-time")
        .hint("programs that save pictures again often leave EXIF out; group by names or a table instead");
  known.links = pictures.find();
  for (const ItemLink& link : known.links) known.sets.join(link.first, link.second);
  return known;
}

/// Joins what the table's rows say.
void join_rows(const GroupTable& table, const SplitSettings& settings, Known& known, Findings& findings) {
  std::vector<std::uint32_t> first_of(table.keys.size(), kNone), key_of(known.size(), kNone);
  for (const auto& [item, key] : table.rows) {
    if (settings.by_hash && key_of[item] != kNone && key_of[item] != key)
      throw Error(Code::bad_value,
                  fmt::format("{} is in two groups, {} and {}: by a hash it can have one",
                              in_quotes(known.names[item]), in_quotes(table.keys[key_of[item]]),
                              in_quotes(table.keys[key])))
          .at_file(*settings.groups.table);
    key_of[item] = key;
    if (first_of[key] == kNone) first_of[key] = item;
    known.sets.join(first_of[key], item);
    if (settings.by_hash) known.hashes[item] = stable_hash(table.keys[key]);
  }
  for (std::uint32_t item = 0; item < known.size(); ++item)
    if (key_of[item] == kNone) {
      ++known.without_group;
      findings.add(KeyedGroups::without_group(std::string(known.names[item]), "the table",
                                              {*settings.groups.table, std::nullopt, ""}));
    }
}

// --- which subset

/// Units of the strata that are asked for: one an item, or one a group.
class UnitMaker {
 public:
  UnitMaker(const Known& known, Stratify stratify) : known_(known), stratify_(stratify) {}

  Units of_items() const {
    Units units;
    std::vector<Units::Holding> own;
    for (std::size_t item = 0; item < known_.size(); ++item) {
      own.clear();
      hold(item, own);
      units.add(1, own);
    }
    return units;
  }

  Units of_groups(const std::vector<std::uint32_t>& group_of) const {
    std::vector<std::uint32_t> order(known_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, {}, [&](std::uint32_t item) { return group_of[item]; });
    Units units;
    std::vector<Units::Holding> own;
    for (std::size_t begin = 0; begin < order.size();) {
      own.clear();
      std::size_t end = begin;
      for (; end < order.size() && group_of[order[end]] == group_of[order[begin]]; ++end)
        hold(order[end], own);
      units.add(static_cast<std::uint32_t>(end - begin), merged(own));
      begin = end;
    }
    return units;
  }

 private:
  void hold(std::size_t item, std::vector<Units::Holding>& own) const {
    if (stratify_ == Stratify::attribute) {
      if (known_.value_of[item] != kNone) own.push_back({known_.value_of[item], 1});
    } else if (stratify_ != Stratify::no) {
      for (const HeldLabel& held : known_.labels_of(item))
        if (stratify_ == Stratify::labels)
          own.push_back({held.label, 1});
        else if (held.pixels > 0)
          own.push_back({held.label, static_cast<float>(held.pixels)});
    }
  }

  /// Of each stratum once.
  static std::span<const Units::Holding> merged(std::vector<Units::Holding>& own) {
    std::ranges::stable_sort(own, {}, &Units::Holding::stratum);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < own.size(); ++i)
      if (kept > 0 && own[kept - 1].stratum == own[i].stratum)
        own[kept - 1].amount += own[i].amount;
      else
        own[kept++] = own[i];
    return std::span(own).first(kept);
  }

  const Known& known_;
  Stratify stratify_;
};

/// By thresholds on a number that depends on the key and the seed alone.
std::vector<int> split_by_hash(const std::vector<std::uint64_t>& hashes, const SubsetRatios& ratios,
                               std::uint64_t seed) {
  double sum = 0;
  std::vector<double> ends;
  for (const auto& [name, ratio] : ratios) ends.push_back(sum += ratio);
  std::vector<int> subset_of;
  for (const std::uint64_t hash : hashes) {
    const double at = Random({seed, 3, hash}).uniform() * sum;
    const auto end = std::ranges::upper_bound(ends, at);
    subset_of.push_back(static_cast<int>(std::min(end, ends.end() - 1) - ends.begin()));
  }
  return subset_of;
}

struct Division {
  std::vector<std::string> names;
  std::vector<std::optional<std::size_t>> wanted;
  std::vector<int> subset_of;  // by readable item; kNowhere
  std::size_t unused_lines = 0;
};

/// `group_of`: empty without groups.
std::vector<int> drawn(const Known& known, const std::vector<std::uint32_t>& group_of,
                       const std::vector<std::size_t>& sizes, const SplitSettings& settings) {
  const UnitMaker maker(known, settings.stratify);
  if (group_of.empty())
    return settings.stratify == Stratify::no ? split_at_random(sizes, settings.seed)
                                             : split_stratified(maker.of_items(), sizes, settings.seed);
  const std::vector<int> of_group = split_stratified(maker.of_groups(group_of), sizes, settings.seed);
  std::vector<int> subset_of;
  for (const std::uint32_t group : group_of) subset_of.push_back(of_group[group]);
  return subset_of;
}

Division divide(Known& known, const std::vector<std::uint32_t>& group_of, const SplitSettings& settings,
                Findings& findings) {
  Division division;
  if (!settings.lists.empty()) {
    Findings of_lists;
    GivenSubsets given = read_lists(settings.lists, known.names, of_lists);
    division.unused_lines = of_lists.count(Severity::error);
    of_lists.for_each([&](const Finding& finding) { findings.add(finding); });
    division.names = std::move(given.names);
    division.subset_of = std::move(given.subset_of);
    division.wanted.resize(division.names.size());
    for (std::uint32_t item = 0; item < known.size(); ++item)
      if (division.subset_of[item] == kNowhere)
        findings.add({"unlisted",
                      Severity::warning,
                      {"", std::nullopt, std::string(known.names[item])},
                      "no list names it: it is left out",
                      ""});
    return division;
  }
  std::vector<std::size_t> sizes;
  if (!settings.counts.empty()) {
    for (const auto& [name, count] : settings.counts) division.names.push_back(name);
    sizes = sizes_of(settings.counts, known.size());
  } else {
    std::vector<double> shares;
    for (const auto& [name, ratio] : ratios_of(settings)) {
      division.names.push_back(name);
      shares.push_back(ratio);
    }
    sizes = apportioned(known.size(), shares);
  }
  division.wanted.assign(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(division.names.size()));
  division.subset_of = settings.by_hash ? split_by_hash(known.hashes, ratios_of(settings), settings.seed)
                                        : drawn(known, group_of, sizes, settings);
  for (int& subset : division.subset_of)
    if (subset == static_cast<int>(division.names.size())) subset = kNowhere;
  return division;
}

// --- what comes out

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

/// Looks for groups in several subsets, among items as they come out: it knows nothing of how they were
/// divided.
class Audit {
 public:
  Audit(const GroupKeys& keys, std::size_t tables)
      : keys_(keys), numbers_(keys.criteria().size()), seen_(keys.criteria().size() + tables) {}

  /// `item_at`: the number of each item that comes out.
  void run(Source& divided, const std::vector<std::uint32_t>& item_at, const GroupTable* table,
           std::span<const ItemLink> links, Findings& findings) {
    std::vector<Seen> seen_of(links.empty() || item_at.empty() ? 0 : item_at.back() + std::size_t{1});
    std::vector<std::pair<std::uint32_t, std::uint32_t>> rows;
    if (table) rows = table->rows;
    std::ranges::sort(rows);
    struct Checked {
      std::optional<Item> item;
      std::vector<std::optional<std::string>> keys;
    };
    std::size_t position = 0;
    map_items(
        divided,
        [&](ReadItem&& read) {
          Checked checked;
          std::vector<Finding> said_before;
          checked.item = read(said_before, Look::annotations);
          if (checked.item) checked.keys = keys_.of(*checked.item);
          return checked;
        },
        [&](Checked&& checked) {
          const std::uint32_t number = item_at[position++];
          if (!checked.item) return;
          if (!seen_of.empty()) seen_of[number] = {checked.item->subset, checked.item->id};
          for (std::size_t i = 0; i < checked.keys.size(); ++i)
            if (checked.keys[i])
              check(i, numbers_[i].number_of(*checked.keys[i]), *checked.keys[i], keys_.criteria()[i],
                    *checked.item, findings);
          for (auto row = std::ranges::lower_bound(rows, std::pair(number, 0U));
               row != rows.end() && row->first == number; ++row)
            check(seen_.size() - 1, row->second, table->keys[row->second], "the table", *checked.item,
                  findings);
        });
    for (const ItemLink& link : links)
      if (std::max(link.first, link.second) < seen_of.size())
        check(link, seen_of[link.first], seen_of[link.second], findings);
  }
  std::size_t crossing() const { return crossing_; }

 private:
  struct Seen {
    std::string subset, id;  // of the first item
    bool crosses = false;
  };

  void check(std::size_t criterion, std::uint32_t key, std::string_view name, const std::string& by,
             const Item& item, Findings& findings) {
    std::vector<Seen>& seen = seen_[criterion];
    if (key >= seen.size()) seen.resize(key + 1);
    Seen& first = seen[key];
    if (first.subset.empty()) {
      first.subset = item.subset;
      first.id = item.id;
    } else if (first.subset != item.subset && !first.crosses) {
      first.crosses = true;
      ++crossing_;
      findings.add({"group-crosses", Severity::error, item.origin,
                    fmt::format("the group {} by {} is in two subsets: {} in {}, {} in {}", in_quotes(name),
                                by, in_quotes(first.id), in_quotes(first.subset), in_quotes(item.id),
                                in_quotes(item.subset)),
                    "put the whole group into one subset"});
    }
  }

  void check(const ItemLink& link, const Seen& first, const Seen& second, Findings& findings) {
    if (first.subset.empty() || second.subset.empty() || first.subset == second.subset) return;
    ++crossing_;
    findings.add(
        {"group-crosses",
         Severity::error,
         {"", std::nullopt, second.id},
         fmt::format("{} in {} and {} in {} belong together: {}", in_quotes(first.id),
                     in_quotes(first.subset), in_quotes(second.id), in_quotes(second.subset), link.why),
         "put both into one subset"});
  }

  const GroupKeys& keys_;
  std::vector<KeyNumbers> numbers_;      // by criterion that keys_ has
  std::vector<std::vector<Seen>> seen_;  // by criterion, the table last, and key
  std::size_t crossing_ = 0;
};

// --- the report

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::int64_t pixels_of(const std::vector<SplitReport::Stratum>& strata) {
  return std::transform_reduce(strata.begin(), strata.end(), std::int64_t{0}, std::plus(),
                               [](const auto& stratum) { return stratum.pixels; });
}

std::optional<SplitReport::Deviation> largest_deviation(const SplitReport& report, bool by_pixels) {
  std::optional<SplitReport::Deviation> largest;
  for (std::size_t s = 0; s < report.subsets.size(); ++s) {
    const SplitReport::Subset& subset = report.subsets[s];
    const std::int64_t part = by_pixels ? pixels_of(subset.strata) : static_cast<std::int64_t>(subset.items);
    const std::int64_t whole = by_pixels ? pixels_of(report.strata) : static_cast<std::int64_t>(report.items);
    if (part == 0) continue;
    for (std::size_t i = 0; i < report.strata.size(); ++i) {
      const auto amount = [&](const SplitReport::Stratum& stratum) {
        return by_pixels ? stratum.pixels : static_cast<std::int64_t>(stratum.items);
      };
      const SplitReport::Deviation deviation{i, s, by_pixels, share(amount(subset.strata[i]), part),
                                             share(amount(report.strata[i]), whole)};
      if (!largest || deviation.size() > largest->size()) largest = deviation;
    }
  }
  return largest;
}

void count_strata(const Known& known, const Division& division, const LabelMap& labels, SplitReport& report) {
  std::vector<SplitReport::Stratum> all;
  for (const Label& label : labels) all.push_back({label.name, true, 0, 0});
  for (std::uint32_t value = 0; value < known.values.size(); ++value)
    all.push_back({std::string(known.values[value]), false, 0, 0});
  report.strata = all;
  for (SplitReport::Subset& subset : report.subsets) subset.strata = all;
  for (std::size_t item = 0; item < known.size(); ++item) {
    if (division.subset_of[item] == kNowhere) continue;
    SplitReport::Subset& subset = report.subsets[static_cast<std::size_t>(division.subset_of[item])];
    const auto count = [&](std::size_t stratum, std::uint32_t pixels) {
      for (std::vector<SplitReport::Stratum>* strata : {&report.strata, &subset.strata}) {
        ++(*strata)[stratum].items;
        (*strata)[stratum].pixels += pixels;
      }
    };
    for (const HeldLabel& held : known.labels_of(item)) count(held.label, held.pixels);
    if (!known.value_of.empty() && known.value_of[item] != kNone)
      count(static_cast<std::size_t>(labels.size()) + known.value_of[item], 0);
  }
  const std::vector<SplitReport::Stratum> whole = report.strata;
  const auto leave_out_absent = [&](std::vector<SplitReport::Stratum>& strata) {
    std::vector<SplitReport::Stratum> present;
    for (std::size_t i = 0; i < strata.size(); ++i)
      if (whole[i].items > 0) present.push_back(strata[i]);
    strata = std::move(present);
  };
  leave_out_absent(report.strata);
  for (SplitReport::Subset& subset : report.subsets) leave_out_absent(subset.strata);
}

void count_groups(const std::vector<std::uint32_t>& group_of, const Division& division, std::size_t without,
                  SplitReport& report) {
  std::vector<std::uint32_t> sizes;
  std::vector<std::pair<std::uint32_t, int>> homes;  // a group and a subset that has some of it
  for (std::size_t item = 0; item < group_of.size(); ++item) {
    if (group_of[item] == sizes.size()) sizes.push_back(0);
    ++sizes[group_of[item]];
    if (division.subset_of[item] != kNowhere) homes.emplace_back(group_of[item], division.subset_of[item]);
  }
  std::ranges::sort(homes);
  homes.erase(std::unique(homes.begin(), homes.end()), homes.end());
  for (const auto& [group, subset] : homes) ++report.subsets[static_cast<std::size_t>(subset)].groups;
  SplitReport::Groups groups;
  groups.count = sizes.size();
  groups.alone = static_cast<std::size_t>(std::ranges::count(sizes, 1U));
  std::ranges::sort(sizes);
  if (!sizes.empty()) {
    groups.median = sizes[sizes.size() / 2];
    groups.largest = sizes.back();
  }
  groups.without = without;
  report.groups = groups;
}

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
  Known known = survey_all(*source, keys, settings, findings);
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
    Audit audit(keys, table ? 1 : 0);
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
