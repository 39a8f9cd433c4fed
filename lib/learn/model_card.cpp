// SPDX-License-Identifier: Apache-2.0
#include "learn/model_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::learn {
namespace {

constexpr int kVersion = 1;
constexpr std::array<std::string_view, 3> kRoles{"object", "background", "ignore"};
constexpr std::array<std::string_view, 3> kKinds{"unknown", "thing", "stuff"};

Json class_json(const LabelMap& classes, int number) {
  const Label& label = classes[number];
  Json json{{"name", label.name}};
  if (label.id) json["id"] = *label.id;
  if (label.colour) json["colour"] = {label.colour->r, label.colour->g, label.colour->b};
  if (!label.supercategory.empty()) json["supercategory"] = label.supercategory;
  json["role"] = kRoles.at(static_cast<std::size_t>(label.role));
  json["kind"] = kKinds.at(static_cast<std::size_t>(label.kind));
  return json;
}

Error bad(const std::string& field, const std::string& message) {
  return Error(Code::bad_format, message).at_field(field);
}

Error unexpected(const std::string& field, const Json& found, std::string_view expected) {
  return bad(field, fmt::format("found {}; expected {}", in_quotes(to_line(found)), expected));
}

/// Where a value lies, for messages, beside the value.
struct Field {
  const Json& value;
  std::string name;

  const Json* find(const std::string& key) const {
    if (!value.is_object()) throw unexpected(name, value, "an object");
    const auto found = value.find(key);
    return found == value.end() ? nullptr : &*found;
  }
  std::string name_of(const std::string& key) const { return name.empty() ? key : name + "." + key; }
  Field at(const std::string& key) const {
    if (const Json* found = find(key)) return {*found, name_of(key)};
    throw bad(name_of(key), "is missing");
  }
  Field at(std::size_t index) const { return {value.at(index), fmt::format("{}[{}]", name, index)}; }

  const std::string& text() const {
    if (!value.is_string()) throw unexpected(name, value, "text");
    return value.get_ref<const std::string&>();
  }
  bool boolean() const {
    if (!value.is_boolean()) throw unexpected(name, value, "true or false");
    return value.get<bool>();
  }
  template <std::size_t N>
  std::size_t choice(const std::array<std::string_view, N>& names) const {
    const auto found = std::find(names.begin(), names.end(), text());
    if (found == names.end())
      throw unexpected(name, value,
                       "one of " + joined(std::vector<std::string>(names.begin(), names.end()), ", "));
    return static_cast<std::size_t>(found - names.begin());
  }
};

Rgb read_colour(const Field& field) {
  const auto is_sample = [](const Json& value) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() <= 255;
  };
  const Json& value = field.value;
  if (!value.is_array() || value.size() != 3 || !std::all_of(value.begin(), value.end(), is_sample))
    throw unexpected(field.name, value, "three numbers from 0 to 255");
  return {value[0].get<std::uint8_t>(), value[1].get<std::uint8_t>(), value[2].get<std::uint8_t>()};
}

LabelMap read_classes(const Field& field) {
  if (!field.value.is_array() || field.value.empty())
    throw unexpected(field.name, field.value, "a list of classes");
  LabelMap classes;
  for (std::size_t i = 0; i < field.value.size(); ++i) {
    const Field from = field.at(i);
    Label label;
    label.name = from.at("name").text();
    label.id = static_cast<std::int64_t>(i);
    if (const Json* id = from.find("id")) {
      if (!id->is_number_integer()) throw unexpected(from.name_of("id"), *id, "a whole number");
      label.id = id->get<std::int64_t>();
    }
    if (const Json* colour = from.find("colour"))
      label.colour = read_colour({*colour, from.name_of("colour")});
    if (from.find("supercategory")) label.supercategory = from.at("supercategory").text();
    label.role = static_cast<Role>(from.at("role").choice(kRoles));
    label.kind = static_cast<LabelKind>(from.at("kind").choice(kKinds));
    try {
      classes.add(std::move(label));
    } catch (const Error& error) {
      throw bad(from.name, error.message());
    }
  }
  return classes;
}

/// The keys that are required are those of the first version; settings that came later keep their defaults.
template <class Settings>
Settings read_settings(const Field& field, std::initializer_list<const char*> required) {
  Settings settings;
  for (const char* key : required) field.at(key);
  try {
    assign_document(settings_of(settings), field.value);
  } catch (const Error& error) {
    throw bad(field.name_of(error.place().field), error.message());
  }
  return settings;
}

ModelCard read_card(const Field& document) {
  const Field version = document.at("version");
  if (version.value != kVersion) throw unexpected(version.name, version.value, std::to_string(kVersion));
  ModelCard card;
  card.model = read_settings<ModelSettings>(document.at("model"), {"name"});
  card.input = read_settings<InputSettings>(document.at("input"), {"width", "height", "mean", "std"});
  card.classes = read_classes(document.at("classes"));
  card.independent = document.at("independent").boolean();
  try {
    validate(card.model, card.input);
  } catch (const Error& error) {
    throw bad(error.place().field, error.message());
  }
  return card;
}

}  // namespace

Json to_json(const ModelCard& card) {
  // settings_of() binds to members for writing; a copy is bound so that the card stays const.
  ModelCard copy = card;
  Json classes = Json::array();
  for (int number = 0; number < card.classes.size(); ++number)
    classes.push_back(class_json(card.classes, number));
  return {{"version", kVersion},
          {"model", maskmill::to_json(settings_of(copy.model))},
          {"input", maskmill::to_json(settings_of(copy.input))},
          {"classes", std::move(classes)},
          {"independent", card.independent}};
}

ModelCard read_model_card(const Path& path) {
  try {
    const Json document = read_json(path);
    return read_card({document, ""});
  } catch (Error& error) {
    throw std::move(error.at_file(path));
  }
}

}  // namespace maskmill::learn
