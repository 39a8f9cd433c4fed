// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/oid_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/json_values.h"
#include "formats/openimages/mask_names.h"
#include "formats/openimages/openimages_halves.h"

namespace maskmill {
namespace {

/// "Entity", of which every class is a kind and which is none itself.
constexpr std::string_view kRoot = "/m/0bl9f", kOtherRoot = "/x/entity";
constexpr const char *kLabelName = "LabelName", *kDisplayName = "DisplayName", *kSubcategory = "Subcategory",
                     *kPart = "Part";

bool is_header(const std::vector<std::string>& row) {
  return row.size() >= 2 &&
         ((row[0] == kLabelName && row[1] == kDisplayName) || (row[0] == "id" && row[1] == "name"));
}

/// An attribute that holds an object of lists of texts; empty where it is none.
std::map<std::string, std::vector<std::string>> lists_in(const Metadata& metadata, std::string_view name) {
  std::map<std::string, std::vector<std::string>> lists;
  const AttributeValue* value = find_attribute(metadata.attributes, name);
  const auto* text = value ? std::get_if<JsonText>(value) : nullptr;
  if (!text) return lists;
  const Json object = Json::parse(text->text, nullptr, false);
  if (!object.is_object()) return lists;
  for (const auto& [key, list] : object.items())
    if (list.is_array())
      for (const Json& entry : list)
        if (entry.is_string()) lists[key].push_back(entry.get<std::string>());
  return lists;
}

void set_lists(Metadata& metadata, std::string_view name,
               const std::map<std::string, std::vector<std::string>>& lists) {
  if (lists.empty()) return;
  Json object = Json::object();
  for (const auto& [key, list] : lists) object[key] = list;
  set_attribute(metadata.attributes, std::string(name), JsonText{to_line(object)});
}

bool holds_name(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// Writes the tree of labels and their parents. What stands below a label is written where it first occurs.
class Hierarchy {
 public:
  Hierarchy(const Metadata& metadata, const std::vector<std::string>& mids)
      : labels_(metadata.labels), mids_(mids), parts_(lists_in(metadata, kOpenImagesParts)) {
    for (const Label& label : labels_)
      if (!label.supercategory.empty()) children_[label.supercategory].push_back(label.name);
    for (const auto& [child, parents] : lists_in(metadata, kOpenImagesParents))
      if (labels_.find(child))
        for (const std::string& parent : parents)
          if (!holds_name(children_[parent], child)) children_[parent].push_back(child);
    std::erase_if(parts_, [&](const auto& of_whole) { return !labels_.find(of_whole.first); });
  }

  std::string text() {
    if (children_.empty() && parts_.empty()) return {};
    Json root = Json::object();
    const bool is_taken = std::ranges::find(mids_, kRoot) != mids_.end();
    root[kLabelName] = is_taken ? kOtherRoot : kRoot;
    Json& below = root[kSubcategory] = Json::array();
    std::set<std::string> inner;  // what something above holds
    for (const auto& [parent, names] : children_) inner.insert(names.begin(), names.end());
    std::vector<std::string> tops;
    for (const auto& [parent, names] : children_) tops.push_back(parent);
    for (const auto& [whole, names] : parts_) tops.push_back(whole);
    for (const std::string& top : tops)
      if (!inner.contains(top)) below.push_back(node(top, 0));
    for (const std::string& top : tops)  // those in circles
      if (!written_.contains(top)) below.push_back(node(top, 0));
    return to_text(root);
  }

 private:
  static constexpr int kMostLevels = 64;

  Json node(const std::string& name, int level) {
    Json json = Json::object();
    const auto label = labels_.find(name);
    json[kLabelName] = label ? mids_[static_cast<std::size_t>(*label)] : own_mid(name);
    if (!label) json[kDisplayName] = name;
    if (level == kMostLevels || !written_.insert(name).second) return json;
    add(json, kSubcategory, children_, name, level);
    add(json, kPart, parts_, name, level);
    return json;
  }

  void add(Json& json, const char* key, const std::map<std::string, std::vector<std::string>>& lists,
           const std::string& name, int level) {
    const auto found = lists.find(name);
    if (found == lists.end()) return;
    Json& list = json[key] = Json::array();
    for (const std::string& below : found->second) list.push_back(node(below, level + 1));
  }

  const LabelMap& labels_;
  const std::vector<std::string>& mids_;
  std::map<std::string, std::vector<std::string>> children_, parts_;
  std::set<std::string> written_;
};

}  // namespace

std::optional<OpenImagesClassFile> find_class_file(const Path& file) {
  const std::string name = lower_case(file.filename().string());
  for (const std::string_view other : {"attribute", "relationship", "triplet"})
    if (name.find(other) != std::string::npos) return std::nullopt;
  CsvRow row;
  if (!CsvReader(file).next(row) || row.fields.size() != 2) return std::nullopt;
  // datumaro calls classes by their names alone, in a table without a header.
  const bool is_named_so = name.find("class-descriptions") != std::string::npos ||
                           name.find("classes-description") != std::string::npos || name == "classes.csv";
  if (!is_header(row.fields) && !is_mid(row.fields[0]) && !is_named_so) return std::nullopt;
  return OpenImagesClassFile{file, name.find("boxable") != std::string::npos || name == "classes.csv" ||
                                       name.find("classes-description") != std::string::npos};
}

int OpenImagesClasses::add_label(std::string_view mid, const std::string& name) {
  Label label;
  label.name = name.empty() || by_name_.contains(name) ? std::string(mid) : name;
  const auto number = static_cast<int>(labels_.size());
  if (number == LabelMap::kMostLabels)
    throw Error(Code::unsupported, fmt::format("more than {} labels", LabelMap::kMostLabels));
  for (std::string other = label.name; by_name_.contains(label.name); label.name = other += "'") {
  }
  by_name_.emplace(label.name, number);
  by_mid_.emplace(mid, number);
  labels_.push_back(std::move(label));
  mids_.emplace_back(mid);
  return number;
}

void OpenImagesClasses::add(const OpenImagesClassFile& file, bool all, Findings& findings) {
  CsvReader reader(file.file);
  CsvRow row;
  bool is_first = true;
  for (;;) {
    try {
      if (!reader.next(row)) return;
    } catch (const Error& error) {
      findings.add(to_finding(error, "unreadable-row"));
      continue;
    }
    if (std::exchange(is_first, false) && is_header(row.fields)) continue;
    const Place place{file.file.string(), row.line, {}};
    if (row.fields.size() < 2 || row.fields[0].empty()) {
      findings.add({"unreadable-row", Severity::error, place, "a class has a MID and a name",
                    "write \"/m/01b9xk,Hot dog\""});
      continue;
    }
    const auto& [mid, name] = std::tie(row.fields[0], row.fields[1]);
    if (const auto known = find(mid)) {
      if (all && labels_[static_cast<std::size_t>(*known)].name != name)
        findings.add({"duplicate-id",
                      Severity::warning,
                      place,
                      fmt::format("{} is named already: the first name is kept", in_quotes(mid)),
                      {}});
      continue;
    }
    if (!all) {
      names_.emplace(mid, name);
      continue;
    }
    if (by_name_.contains(name))
      findings.add({"duplicate-name",
                    Severity::warning,
                    place,
                    fmt::format("a second class of the name {}: it is called by its MID, {}", in_quotes(name),
                                printable(mid)),
                    {}});
    add_label(mid, name);
  }
}

std::optional<int> OpenImagesClasses::find(std::string_view mid) const {
  const auto known = by_mid_.find(mid);
  return known == by_mid_.end() ? std::nullopt : std::optional(known->second);
}

int OpenImagesClasses::use(std::string_view mid) {
  if (const auto known = find(mid)) return *known;
  const auto named = names_.find(mid);
  return add_label(mid, named == names_.end() ? std::string() : named->second);
}

std::optional<int> OpenImagesClasses::label_of_node(const Json& node) const {
  const auto name = node.find(kLabelName);
  if (name == node.end() || !name->is_string()) return std::nullopt;
  const auto& text = name->get_ref<const std::string&>();
  if (const auto label = find(text)) return label;
  const auto by_name = by_name_.find(text);  // FiftyOne writes names in the place of MIDs
  return by_name == by_name_.end() ? std::nullopt : std::optional(by_name->second);
}

void OpenImagesClasses::add_children(const Json& node, const std::string& parent) {
  for (const char* key : {kSubcategory, kPart}) {
    const auto list = node.find(key);
    if (list == node.end() || !list->is_array()) continue;
    for (const Json& child : *list) {
      if (!child.is_object()) continue;
      const auto label = label_of_node(child);
      std::string name = label ? labels_[static_cast<std::size_t>(*label)].name : std::string();
      if (const auto said = child.find(kDisplayName); !label && said != child.end() && said->is_string())
        name = said->get<std::string>();
      if (label && !parent.empty()) {
        std::string& first = labels_[static_cast<std::size_t>(*label)].supercategory;
        std::vector<std::string>& others = key == kPart ? parts_[parent] : further_parents_[name];
        if (key == kPart) {
          if (!holds_name(others, name)) others.push_back(name);
        } else if (first.empty()) {
          first = parent;
        } else if (first != parent && !holds_name(others, parent)) {
          others.push_back(parent);
        }
      }
      add_children(child, name);
    }
  }
}

void OpenImagesClasses::add_hierarchy(const Path& file) {
  const Json root = read_json(file);
  if (!root.is_object() || !root.contains(kLabelName))
    throw Error(Code::bad_format, "is no hierarchy of classes: there is no LabelName").at_file(file);
  const auto label = label_of_node(root);
  add_children(root, label ? labels_[static_cast<std::size_t>(*label)].name : std::string());
  std::erase_if(further_parents_, [](const auto& of_label) { return of_label.second.empty(); });
}

void OpenImagesClasses::move_to(Metadata& metadata) && {
  Json mids = Json::object();
  auto& pairs = mids.get_ref<Json::object_t&>();  // operator[] would look through all for each
  for (std::size_t i = 0; i < labels_.size(); ++i)
    if (mids_[i] != own_mid(labels_[i].name)) pairs.push_back({labels_[i].name, mids_[i]});
  if (!mids.empty())
    set_attribute(metadata.attributes, std::string(kOpenImagesMids), JsonText{to_line(mids)});
  set_lists(metadata, kOpenImagesParents, further_parents_);
  set_lists(metadata, kOpenImagesParts, parts_);
  metadata.labels = LabelMap(std::move(labels_));
}

std::vector<std::string> mids_of(const Metadata& metadata) {
  std::map<std::string, std::string> known;
  if (const AttributeValue* value = find_attribute(metadata.attributes, kOpenImagesMids))
    if (const auto* text = std::get_if<JsonText>(value))
      if (const Json object = Json::parse(text->text, nullptr, false); object.is_object())
        for (const auto& [name, mid] : object.items())
          if (mid.is_string()) known.emplace(name, mid.get<std::string>());
  std::vector<std::string> mids;
  std::set<std::string> taken;
  for (const Label& label : metadata.labels) {
    const auto stated = known.find(label.name);
    std::string mid = stated == known.end() ? std::string() : stated->second;
    if (mid.empty() || taken.contains(mid)) mid = own_mid(label.name);
    while (!taken.insert(mid).second) mid += "-2";
    mids.push_back(std::move(mid));
  }
  return mids;
}

std::vector<int> subclasses_of(const Metadata& metadata, int label, bool parts) {
  std::map<std::string, std::vector<int>> below;  // by the name above
  for (int i = 0; i < metadata.labels.size(); ++i)
    if (const std::string& parent = metadata.labels[i].supercategory; !parent.empty())
      below[parent].push_back(i);
  for (const auto& [child, parents] : lists_in(metadata, kOpenImagesParents))
    if (const auto number = metadata.labels.find(child))
      for (const std::string& parent : parents) below[parent].push_back(*number);
  if (parts)
    for (const auto& [whole, names] : lists_in(metadata, kOpenImagesParts))
      for (const std::string& name : names)
        if (const auto number = metadata.labels.find(name)) below[whole].push_back(*number);
  std::set<int> found{label};
  for (std::vector<int> open{label}; !open.empty();) {
    const std::string& name = metadata.labels[open.back()].name;
    open.pop_back();
    for (const int child : below[name])
      if (found.insert(child).second) open.push_back(child);
  }
  found.erase(label);
  return {found.begin(), found.end()};
}

std::string to_class_table(const LabelMap& labels, const std::vector<std::string>& mids) {
  std::string text;
  for (int i = 0; i < labels.size(); ++i)
    text += to_csv_line(std::array{mids[static_cast<std::size_t>(i)], labels[i].name});
  return text;
}

std::string to_hierarchy(const Metadata& metadata, const std::vector<std::string>& mids) {
  return Hierarchy(metadata, mids).text();
}

}  // namespace maskmill
