// SPDX-License-Identifier: Apache-2.0
#include "dataset/label_json.h"

#include <algorithm>

#include "base/text.h"

namespace maskmill {
namespace {

Rgb colour_from(const JsonField& field) {
  const Json& value = field.value();
  const auto is_sample = [](const Json& sample) {
    return sample.is_number_integer() && sample >= 0 && sample <= 255;
  };
  if (!value.is_array() || value.size() != 3 || !std::ranges::all_of(value, is_sample))
    throw field.unexpected("[r, g, b], each 0 to 255");
  return {value[0].get<std::uint8_t>(), value[1].get<std::uint8_t>(), value[2].get<std::uint8_t>()};
}

}  // namespace

Json to_json(const Label& label) {
  if (!is_utf8(label.name))
    throw Error(Code::bad_value, in_quotes(label.name) + " is not UTF-8")
        .hint("JSON holds nothing else: rename the label");
  Json json{{"name", label.name}};
  if (label.id) json["id"] = *label.id;
  if (label.colour) json["color"] = {label.colour->r, label.colour->g, label.colour->b};
  if (!label.supercategory.empty()) json["supercategory"] = label.supercategory;
  if (label.role != Role::object) json["role"] = name_of(label.role);
  if (label.kind != LabelKind::unknown) json["kind"] = name_of(label.kind);
  return json;
}

Label label_from(const JsonField& field) {
  Label label;
  label.name = field.at("name").text();
  if (label.name.empty()) throw field.at("name").error("a label needs a name");
  if (const auto id = field.find("id")) label.id = id->integer();
  if (const auto colour = field.find("color")) label.colour = colour_from(*colour);
  if (const auto parent = field.find("supercategory")) label.supercategory = parent->text();
  if (const auto role = field.find("role")) label.role = role->choice<Role>();
  if (const auto kind = field.find("kind")) label.kind = kind->choice<LabelKind>();
  return label;
}

}  // namespace maskmill
