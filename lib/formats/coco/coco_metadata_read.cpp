// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/coco/coco_keys.h"
#include "formats/coco/coco_metadata.h"
#include "formats/json_values.h"

namespace maskmill {
namespace {

// Indices are 16 bits in a mask, and 65535 says that there is no label.
constexpr std::size_t kMaxLabels = 65'534;

CocoId id_from(const Json& object) {
  const auto found = object.find("id");
  if (found == object.end() || found->is_null()) return {};
  if (found->is_number_float() && std::abs(found->get<double>()) < 0x1p53 &&
      *found == std::floor(found->get<double>()))
    return found->get<std::int64_t>();
  if (found->is_number_integer() && std::holds_alternative<std::int64_t>(attribute_from(*found)))
    return found->get<std::int64_t>();
  if (!found->is_string()) return to_line(*found);
  const auto& text = found->get_ref<const std::string&>();
  if (const auto number = to_integer(text)) return std::int64_t{*number};
  return text;
}

std::optional<Rgb> colour_from(const Json& value) {
  const auto is_sample = [](const Json& sample) {
    return sample.is_number_integer() && sample >= 0 && sample <= 255;
  };
  if (!value.is_array() || value.size() != 3 || !std::all_of(value.begin(), value.end(), is_sample))
    return {};
  return Rgb{value[0].get<std::uint8_t>(), value[1].get<std::uint8_t>(), value[2].get<std::uint8_t>()};
}

bool all_strings(const Json& list) {
  return list.is_array() &&
         std::all_of(list.begin(), list.end(), [](const Json& value) { return value.is_string(); });
}

bool read_edges(const Json& value, Skeleton& skeleton) {
  std::vector<std::pair<int, int>> edges;
  if (!value.is_array()) return false;
  for (const Json& edge : value) {
    if (!edge.is_array() || edge.size() != 2) return false;
    for (const Json& end : edge)
      if (!end.is_number_integer() || end < 1 || end > skeleton.keypoints.size()) return false;
    edges.emplace_back(edge[0].get<int>() - 1, edge[1].get<int>() - 1);
  }
  skeleton.edges = std::move(edges);
  return true;
}

bool read_definition(const Json& value, AttributeDefinition& definition) {
  if (!value.is_object() || !value.contains("name")) return false;
  for (const auto& [key, member] : value.items()) {
    std::string* const text = key == "name"      ? &definition.name
                              : key == "type"    ? &definition.type
                              : key == "default" ? &definition.default_value
                                                 : nullptr;
    if (text && member.is_string())
      *text = member;
    else if (key == "values" && all_strings(member))
      definition.values = member.get<std::vector<std::string>>();
    else if (key == "mutable" && member.is_boolean())
      definition.is_mutable = member;
    else
      return false;
  }
  return true;
}

bool read_definitions(const Json& value, std::vector<AttributeDefinition>& definitions) {
  if (!value.is_array()) return false;
  std::vector<AttributeDefinition> read(value.size());
  for (std::size_t i = 0; i < read.size(); ++i)
    if (!read_definition(value[i], read[i])) return false;
  definitions = std::move(read);
  return true;
}

// False: not a value of that key, or no key of a label's.
bool read_member(const std::string& key, const Json& value, Label& label) {
  if (key == "supercategory" && value.is_string()) {
    label.supercategory = value;
    return true;
  }
  if (key == "color") {
    label.colour = colour_from(value);
    return label.colour.has_value();
  }
  if (key == "isthing" && value.is_number_integer() && (value == 0 || value == 1)) {
    label.kind = value == 1 ? LabelKind::thing : LabelKind::stuff;
    return true;
  }
  if (key == "role" && (value == "ignore" || value == "background")) {
    label.role = value == "ignore" ? Role::ignore : Role::background;
    return true;
  }
  if (key == "keypoints" && all_strings(value)) {
    label.skeleton = Skeleton{value.get<std::vector<std::string>>(), {}};
    return true;
  }
  return key == "attributes" && read_definitions(value, label.attributes);
}

// Everything but id and name; returns what a label has no place for.
Json read_members(const Json& category, Label& label) {
  Json extras = Json::object();
  for (const auto& [key, value] : category.items())
    if (key != "id" && key != "name" && key != "skeleton" && !read_member(key, value, label))
      extras[key] = value;
  if (const auto edges = category.find("skeleton"); edges != category.end())
    if (!label.skeleton || !read_edges(*edges, *label.skeleton)) extras["skeleton"] = *edges;
  return extras;
}

std::string name_from(const Json& category) {
  const auto found = category.find("name");
  if (found == category.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : to_line(*found);
}

std::string string_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Place field_of(Place place, std::string_view field) {
  place.field += (place.field.empty() ? "" : ".") + std::string(field);
  return place;
}

}  // namespace

std::optional<int> CategoryMap::find(const CocoId& id) const {
  if (const auto* number = std::get_if<std::int64_t>(&id)) {
    const auto found = numbers_.find(*number);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }
  if (const auto* text = std::get_if<std::string>(&id)) {
    const auto found = texts_.find(*text);
    return found == texts_.end() ? std::nullopt : std::optional(found->second);
  }
  return std::nullopt;
}

bool CategoryMap::add(const CocoId& id, int label) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return numbers_.emplace(*number, label).second;
  return texts_.emplace(std::get<std::string>(id), label).second;
}

void CategoryMap::shift_from(int index) {
  for (auto& entry : numbers_) entry.second += entry.second >= index;
  for (auto& entry : texts_) entry.second += entry.second >= index;
}

void CocoMetadataReader::begin() {
  names_in_file_.clear();
  files_.emplace_back();
}

void CocoMetadataReader::report(std::string rule, Severity severity, const Place& place,
                                std::string message) {
  findings_.add({std::move(rule), severity, place, std::move(message), {}});
}

void CocoMetadataReader::add_category(const Json& category, const Place& place) {
  if (!category.is_object())
    return report("unreadable-category", Severity::error, place,
                  "expected an object; found " + in_quotes(to_line(category)));
  const CocoId id = id_from(category);
  if (id.index() == 0)
    return report("unreadable-category", Severity::error, field_of(place, "id"), "a category without an id");
  if (files_.back().categories.find(id))
    return report("duplicate-id", Severity::error, field_of(place, "id"),
                  fmt::format("a second category of the id {}, which is left out", to_string(id)));
  Label label;
  label.name = name_from(category);
  if (label.name.empty()) {
    label.name = "category " + to_string(id);
    report("unnamed-category", Severity::warning, field_of(place, "name"),
           "a category without a name; it is called " + in_quotes(label.name));
  }
  if (const auto* number = std::get_if<std::int64_t>(&id))
    label.id = *number;
  else
    report("text-id", Severity::note, field_of(place, "id"),
           fmt::format("expected an integer; found {}", to_string(id)));
  const Json extras = read_members(category, label);
  const std::string stated = label.name;
  while (names_in_file_.count(label.name)) label.name += " (" + to_string(id) + ")";
  if (label.name != stated)
    report("duplicate-name", Severity::warning, field_of(place, "name"),
           fmt::format("a second category of the name {}; it is called {}", in_quotes(stated),
                       in_quotes(label.name)));
  names_in_file_.insert(label.name);
  if (!extras.empty()) category_extras_.emplace(label.name, extras);
  files_.back().categories.add(id, label_of(std::move(label), place));
}

int CocoMetadataReader::label_of(Label label, const Place& place) {
  if (const auto known = label_by_name_.find(label.name); known != label_by_name_.end()) {
    if (labels_[static_cast<std::size_t>(known->second)].id != label.id)
      report("files-differ", Severity::note, field_of(place, "id"),
             fmt::format("{} has another id in another file, which is kept", in_quotes(label.name)));
    return known->second;
  }
  if (labels_.size() == kMaxLabels)
    throw Error(Code::unsupported, fmt::format("more than {} categories", kMaxLabels)).at_file(place.file);
  const int index = static_cast<int>(labels_.size());
  if (label.id && !label_by_id_.emplace(*label.id, index).second) {
    report("files-differ", Severity::note, field_of(place, "id"),
           fmt::format("the id {} is another category's in another file, which keeps it", *label.id));
    label.id.reset();
  }
  label_by_name_.emplace(label.name, index);
  labels_.push_back(std::move(label));
  return index;
}

void CocoMetadataReader::add_licence(const Json& value, const Place& place) {
  if (!value.is_object())
    return report("unreadable-licence", Severity::warning, place,
                  "expected an object; found " + in_quotes(to_line(value)));
  Licence licence{std::nullopt, string_member(value, "name"), string_member(value, "url")};
  if (const CocoId id = id_from(value); std::holds_alternative<std::int64_t>(id))
    licence.id = std::get<std::int64_t>(id);
  if (licences_.insert(to_line(value)).second) metadata_.licences.push_back(std::move(licence));
}

void CocoMetadataReader::add_value(const std::string& key, Json value, const Place& place) {
  if (key == "info" && value.is_object())
    if (const auto ours = value.find(coco_key::kOurs); ours != value.end()) {
      read_ours(*ours, place);
      value.erase(ours);
    }
  const auto [first, is_first] = first_values_.emplace(key, value);
  if (!is_first) {
    if (first->second != value)
      report("files-differ", Severity::note, place, "not the same in all files; the first is kept");
    return;
  }
  if (key == "info" && value.is_object()) {
    metadata_.description = string_member(value, "description");
    if (!metadata_.description.empty()) value.erase("description");
    if (value.empty()) return;
  }
  set_attribute(metadata_.attributes, key, attribute_from(value));
}

void CocoMetadataReader::read_ours(const Json& ours, const Place& place) {
  if (!ours.is_object()) return;
  CocoFileMetadata& file = files_.back();
  file.zero_is_unknown_crowd = ours.value("iscrowd_0", Json()) == "unknown";
  if (const auto subsets = ours.find("subsets"); subsets != ours.end() && all_strings(*subsets))
    file.subsets = subsets->get<std::vector<std::string>>();
  if (const auto attributes = ours.find("attributes"); attributes != ours.end() && attributes->is_object())
    for (const auto& [key, value] : attributes->items())
      set_attribute(metadata_.attributes, key, attribute_from(value));
  if (const auto background = ours.find("background"); background != ours.end())
    read_apart(*background, Role::background, field_of(place, "maskmill.background"));
  if (const auto voids = ours.find("void"); voids != ours.end() && voids->is_array())
    for (const Json& one : *voids) read_apart(one, Role::ignore, field_of(place, "maskmill.void"));
  for (const auto& [key, names] :
       {std::pair(coco_key::kKindUnknown, &kind_unknown_), {coco_key::kColourMade, &colour_made_}})
    if (const auto stated = ours.find(key); stated != ours.end() && all_strings(*stated))
      for (const Json& name : *stated) names->insert(name.get<std::string>());
}

void CocoMetadataReader::read_apart(const Json& stated, Role role, const Place& place) {
  Label label;
  label.role = role;
  if (stated.is_object()) label.name = name_from(stated);
  if (label.name.empty())
    return report("unreadable-category", Severity::warning, place, "a label without a name");
  const auto is_known = [&](const std::pair<int, Label>& other) {
    return other.second.name == label.name || (role == Role::background && other.second.role == role);
  };
  if (std::any_of(apart_.begin(), apart_.end(), is_known)) return;  // from another file
  read_members(stated, label);
  label.role = role;
  if (const CocoId id = id_from(stated); std::holds_alternative<std::int64_t>(id))
    label.id = std::get<std::int64_t>(id);
  const Json index = stated.value("index", Json(0u));
  apart_.emplace_back(index.is_number_unsigned() && index <= kMaxLabels ? index.get<int>() : 0,
                      std::move(label));
}

std::pair<Metadata, std::vector<CocoFileMetadata>> CocoMetadataReader::finish() {
  for (Label& label : labels_) {
    if (kind_unknown_.count(label.name)) label.kind = LabelKind::unknown;
    if (colour_made_.count(label.name)) label.colour.reset();
  }
  std::stable_sort(apart_.begin(), apart_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [stated, label] : apart_) {
    const int index = std::min(stated, static_cast<int>(labels_.size()));
    if (label.id && !label_by_id_.emplace(*label.id, index).second) label.id.reset();
    if (label_by_name_.count(label.name)) {
      findings_.add(
          {"duplicate-name",
           Severity::warning,
           {},
           fmt::format("the {} and a category are both called {}; the category stays",
                       label.role == Role::background ? "background" : "void", in_quotes(label.name)),
           {}});
    } else if (labels_.size() <= kMaxLabels) {
      labels_.insert(labels_.begin() + index, std::move(label));
      for (CocoFileMetadata& file : files_) file.categories.shift_from(index);
    }
  }
  bool has_background = false;
  for (Label& label : labels_) {
    if (label.role != Role::background) continue;
    if (has_background) label.role = Role::object;
    has_background = true;
  }
  metadata_.labels = LabelMap(std::move(labels_));
  if (!category_extras_.empty())
    set_attribute(metadata_.attributes, "categories", JsonText{to_line(Json(category_extras_))});
  return {std::move(metadata_), std::move(files_)};
}

}  // namespace maskmill
