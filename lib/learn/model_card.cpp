// SPDX-License-Identifier: Apache-2.0
#include "learn/model_card.h"

#include "base/error.h"
#include "dataset/label_json.h"

namespace maskmill::learn {
namespace {

constexpr int kVersion = 1;
LabelMap read_classes(const JsonField& field) {
  LabelMap classes;
  for (const JsonField& element : field.elements()) {
    Label label = label_from(element);
    if (!label.id) label.id = classes.size();
    try {
      classes.add(std::move(label));
    } catch (const Error& error) {
      throw element.error(error.message());
    }
  }
  if (classes.empty()) throw field.unexpected("a list of classes");
  return classes;
}

/// The keys that are required are those of the first version; settings that came later keep their defaults.
template <class Settings>
Settings read_settings(const JsonField& field, std::initializer_list<const char*> required) {
  Settings settings;
  for (const char* key : required) field.at(key);
  try {
    assign_document(settings_of(settings), field.value());
  } catch (const Error& error) {
    throw Error(Code::bad_value, error.message()).at_field(field.name() + "." + error.place().field);
  }
  return settings;
}

ModelCard read_card(const JsonField& document) {
  const JsonField version = document.at("version");
  if (version.value() != kVersion) throw version.unexpected(std::to_string(kVersion));
  ModelCard card;
  card.model = read_settings<ModelSettings>(document.at("model"), {"name"});
  card.input = read_settings<InputSettings>(document.at("input"), {"width", "height", "mean", "std"});
  card.classes = read_classes(document.at("classes"));
  card.independent = document.at("independent").boolean();
  try {
    validate(card.model, card.input);
  } catch (const Error& error) {
    throw Error(Code::bad_value, error.message()).at(error.place());
  }
  return card;
}

}  // namespace

Json to_json(const ModelCard& card) {
  // settings_of() binds to members for writing; a copy is bound so that the card stays const.
  ModelCard copy = card;
  Json classes = Json::array();
  for (const Label& label : card.classes) classes.push_back(maskmill::to_json(label));
  return {{"version", kVersion},
          {"model", maskmill::to_json(settings_of(copy.model))},
          {"input", maskmill::to_json(settings_of(copy.input))},
          {"classes", std::move(classes)},
          {"independent", card.independent}};
}

ModelCard read_model_card(const Path& path) {
  try {
    const Json document = read_json(path);
    return read_card(JsonField(document));
  } catch (Error& error) {
    throw std::move(error.at_file(path));
  }
}

}  // namespace maskmill::learn
