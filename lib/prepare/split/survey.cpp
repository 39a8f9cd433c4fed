// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/survey.h"

#include <fmt/format.h>

#include "base/progress.h"
#include "base/random.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "image/image.h"

namespace maskmill {
namespace {

using Stratify = SplitSettings::Stratify;

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

}  // namespace

ItemSurvey survey_all(Source& source, const GroupKeys& keys, const SplitSettings& settings,
                      Findings& findings) {
  ItemSurvey known;
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
          known.value_of.push_back(item.value ? known.values.number_of(*item.value) : kNoValue);
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

void join_rows(const GroupTable& table, const SplitSettings& settings, ItemSurvey& known,
               Findings& findings) {
  std::vector<std::uint32_t> first_of(table.keys.size(), kNoValue), key_of(known.size(), kNoValue);
  for (const auto& [item, key] : table.rows) {
    if (settings.by_hash && key_of[item] != kNoValue && key_of[item] != key)
      throw Error(Code::bad_value,
                  fmt::format("{} is in two groups, {} and {}: by a hash it can have one",
                              in_quotes(known.names[item]), in_quotes(table.keys[key_of[item]]),
                              in_quotes(table.keys[key])))
          .at_file(*settings.groups.table);
    key_of[item] = key;
    if (first_of[key] == kNoValue) first_of[key] = item;
    known.sets.join(first_of[key], item);
    if (settings.by_hash) known.hashes[item] = stable_hash(table.keys[key]);
  }
  for (std::uint32_t item = 0; item < known.size(); ++item)
    if (key_of[item] == kNoValue) {
      ++known.without_group;
      findings.add(KeyedGroups::without_group(std::string(known.names[item]), "the table",
                                              {*settings.groups.table, std::nullopt, ""}));
    }
}

}  // namespace maskmill
