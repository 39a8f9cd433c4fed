// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "formats/coco/coco_keys.h"
#include "formats/coco/coco_metadata.h"
#include "formats/json_values.h"

namespace maskmill {
namespace {

// The value of an attribute that holds a JSON object, else an empty one.
Json object_attribute(const Attributes& attributes, std::string_view name) {
  const AttributeValue* value = find_attribute(attributes, name);
  Json object = value && std::holds_alternative<JsonText>(*value) ? json_from(*value) : Json();
  return object.is_object() ? object : Json::object();
}

Json definition_json(const AttributeDefinition& definition) {
  Json json{{"name", definition.name}};
  if (!definition.type.empty()) json["type"] = definition.type;
  if (!definition.values.empty()) json["values"] = definition.values;
  if (!definition.default_value.empty()) json["default"] = definition.default_value;
  if (definition.is_mutable) json["mutable"] = true;
  return json;
}

void add_members(Json& json, const Label& label) {
  if (!label.supercategory.empty()) json["supercategory"] = label.supercategory;
  if (label.colour) json["color"] = {label.colour->r, label.colour->g, label.colour->b};
  if (label.kind != LabelKind::unknown) json["isthing"] = label.kind == LabelKind::thing ? 1 : 0;
  if (label.role == Role::ignore) json["role"] = "ignore";
  if (label.role == Role::background) json["role"] = "background";
  if (label.skeleton) {
    json["keypoints"] = label.skeleton->keypoints;
    json["skeleton"] = Json::array();
    for (const auto& [from, to] : label.skeleton->edges) json["skeleton"].push_back({from + 1, to + 1});
  }
  for (const AttributeDefinition& definition : label.attributes)
    json["attributes"].push_back(definition_json(definition));
}

Json licence_json(const Licence& licence) {
  Json json = Json::object();
  if (licence.id) json["id"] = *licence.id;
  json["name"] = licence.name;
  if (!licence.url.empty()) json["url"] = licence.url;
  return json;
}

// The labels' own ids where every category has one, else their numbers among the categories, from 1.
std::vector<std::optional<std::int64_t>> label_ids(const LabelMap& labels, Role apart) {
  const bool own = std::all_of(labels.begin(), labels.end(),
                               [&](const Label& label) { return label.role == apart || label.id; });
  std::vector<std::optional<std::int64_t>> ids;
  std::int64_t number = 0;
  for (const Label& label : labels) {
    if (label.role == apart)
      ids.emplace_back();
    else
      ids.emplace_back(own ? *label.id : ++number);
  }
  return ids;
}

Json apart_json(const LabelMap& labels, int index) {
  const Label& label = labels[index];
  Json json{{"index", index}};
  if (label.id) json["id"] = *label.id;
  json["name"] = label.name;
  add_members(json, label);
  json.erase("role");  // which its place says
  return json;
}

bool is_key_of_the_format(std::string_view key) {
  return key == "info" || key == "licenses" || key == "categories" || key == "images" || key == "annotations";
}

}  // namespace

CocoHeader coco_header(const Metadata& metadata, Role apart) {
  CocoHeader header;
  header.info = Json::object();
  if (!metadata.description.empty()) header.info["description"] = metadata.description;
  const Json info = object_attribute(metadata.attributes, "info");
  for (const auto& [key, value] : info.items())
    if (!header.info.contains(key)) header.info[key] = value;
  header.licences = Json::array();
  for (const Licence& licence : metadata.licences) header.licences.push_back(licence_json(licence));
  header.label_ids = label_ids(metadata.labels, apart);
  header.categories = Json::array();
  const Json extras = object_attribute(metadata.attributes, "categories");
  for (int i = 0; i < metadata.labels.size(); ++i) {
    const Label& label = metadata.labels[i];
    if (label.role == apart) continue;
    Json category{{"id", *header.label_ids[static_cast<std::size_t>(i)]}, {"name", label.name}};
    add_members(category, label);
    if (const auto own = extras.find(label.name); own != extras.end() && own->is_object())
      for (const auto& [key, value] : own->items())
        if (!category.contains(key)) category[key] = value;
    header.categories.push_back(std::move(category));
  }
  Json ours = Json::object();
  for (int i = 0; i < metadata.labels.size(); ++i) {
    if (metadata.labels[i].role != apart) continue;
    if (apart == Role::background)
      ours["background"] = apart_json(metadata.labels, i);
    else
      ours["void"].push_back(apart_json(metadata.labels, i));
  }
  for (const auto& [key, value] : metadata.attributes) {
    if (!is_key_of_the_format(key))
      header.others[key] = json_from(value);
    else if (Json json = json_from(value); !json.is_object() || (key != "info" && key != "categories"))
      ours["attributes"][key] = std::move(json);
  }
  if (!ours.empty()) header.info[std::string(coco_key::kOurs)] = std::move(ours);
  return header;
}

}  // namespace maskmill
