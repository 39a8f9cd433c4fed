// SPDX-License-Identifier: Apache-2.0
#include "formats/scenes/scene_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "dataset/label_json.h"
#include "formats/mask_files/label_files.h"

namespace maskmill {
namespace {

/// The names and numbers of a data set's labels, whatever a reader makes of them.
struct NamedValues {
  std::vector<Label> labels;
  std::vector<int> values;
};

Role role_of(const SceneLabel& label) {
  return label.category == "void" ? Role::ignore : Role::object;
}

Label label_of(const SceneLabel& scene) {
  Label label;
  label.name = scene.name;
  label.id = scene.id;
  label.colour = scene.colour;
  label.supercategory = scene.category;
  label.role = role_of(scene);
  label.kind = scene.has_instances ? LabelKind::thing : LabelKind::stuff;
  return label;
}

NamedValues own_labels() {
  NamedValues own;
  for (const SceneLabel& label : scene_labels()) {
    own.labels.push_back(label_of(label));
    own.values.push_back(label.id < 0 ? kNoSceneValue : label.id);
  }
  return own;
}

NamedValues from_document(const Path& file) {
  const Json document = read_json(file);
  const JsonField root(document);
  std::array<std::string_view, kLabelKeys.size() + 1> keys{};
  std::ranges::copy(kLabelKeys, keys.begin());
  keys.back() = "value";
  NamedValues named;
  std::set<int> values;
  try {
    for (const JsonField& field : root.at("labels").elements()) {
      field.require_known_keys(keys);
      named.labels.push_back(label_from(field));
      const auto stated = field.find("value");
      const std::int64_t value = stated ? stated->integer() : named.labels.back().id.value_or(kNoSceneValue);
      if (value < kNoSceneValue || value > kMostSceneNumber)
        throw field.error(fmt::format("{} is no value of a mask: 0 to {}, or {} for none", value,
                                      kMostSceneNumber, kNoSceneValue));
      if (value != kNoSceneValue && !values.insert(static_cast<int>(value)).second)
        throw field.error(fmt::format("two labels have the value {}", value));
      named.values.push_back(static_cast<int>(value));
    }
    LabelMap{named.labels};  // two of one name: better found while the file is known
  } catch (Error& error) {
    throw error.at_file(file);
  }
  return named;
}

/// datumaro's list: a label's number is its place. What it shares with Cityscapes' it has from there.
NamedValues from_colours(const Path& file) {
  LabelFile listed = read_label_file(file);
  for (Label& label : listed.labels)
    if (const SceneLabel* own = find_scene_label(label.name)) {
      label.role = role_of(*own);
      label.supercategory = own->category;
      label.kind = own->has_instances ? LabelKind::thing : LabelKind::stuff;
    }
  return {std::move(listed.labels), std::move(listed.values)};
}

NamedValues named_values(const Path& folder) {
  boost::system::error_code failure;
  if (const Path file = folder / "labels.json"; fs::is_regular_file(file, failure))
    return from_document(file);
  if (const Path file = folder / "label_colors.txt"; fs::is_regular_file(file, failure))
    return from_colours(file);
  return own_labels();
}

int train_id_of(const Label& label) {
  const SceneLabel* own = find_scene_label(label.name);
  return own ? own->train_id : kTrainVoid;
}

void add_value(std::vector<std::pair<int, int>>& values, int value, int label) {
  const auto known = [&](const auto& pair) { return pair.first == value; };
  if (value >= 0 && std::ranges::none_of(values, known)) values.emplace_back(value, label);
}

SceneLabels all_of(NamedValues named) {
  SceneLabels labels;
  labels.map = LabelMap(std::move(named.labels));
  for (int i = 0; i < labels.map.size(); ++i) {
    add_value(labels.values, named.values[static_cast<std::size_t>(i)], i);
    if (const int train = train_id_of(labels.map[i]); train != kTrainVoid)
      add_value(labels.train_values, train, i);
  }
  const auto is_void = [](const Label& label) { return label.role == Role::ignore; };
  const auto found = std::ranges::find_if(labels.map, is_void);
  if (found != labels.map.end())
    add_value(labels.train_values, kTrainVoid, static_cast<int>(found - labels.map.begin()));
  return labels;
}

SceneLabels trained_of(const NamedValues& named) {
  SceneLabels labels;
  std::vector<const Label*> evaluated(kTrainVoid, nullptr);
  for (const Label& label : named.labels)
    if (const int train = train_id_of(label);
        train != kTrainVoid && !evaluated.at(static_cast<std::size_t>(train)))
      evaluated[static_cast<std::size_t>(train)] = &label;
  for (std::size_t train = 0; train < evaluated.size(); ++train) {
    if (!evaluated[train]) continue;
    Label label = *evaluated[train];
    label.id = static_cast<std::int64_t>(train);
    label.role = Role::object;
    labels.train_values.emplace_back(static_cast<int>(train), labels.map.add(std::move(label)));
  }
  Label unlabeled;
  unlabeled.name = kUnlabeled;
  unlabeled.id = kTrainVoid;
  unlabeled.colour = Rgb{};
  unlabeled.role = Role::ignore;
  unlabeled.supercategory = "void";
  unlabeled.kind = LabelKind::stuff;
  const int other = labels.map.add(std::move(unlabeled));
  labels.train_values.emplace_back(kTrainVoid, other);
  for (std::size_t i = 0; i < named.labels.size(); ++i)
    add_value(labels.values, named.values[i], labels.map.find(named.labels[i].name).value_or(other));
  return labels;
}

std::shared_ptr<const MaskCoding> shared(MaskCoding coding) {
  return std::make_shared<const MaskCoding>(std::move(coding));
}

std::shared_ptr<const MaskCoding> by_index(const std::vector<std::pair<int, int>>& values) {
  MaskCoding coding;
  for (const auto& [value, label] : values) coding.values.emplace_back(value, label);
  return shared(std::move(coding));
}

}  // namespace

const std::vector<SceneLabel>& scene_labels() {
  static const std::vector<SceneLabel> labels{
      {"unlabeled", 0, 255, "void", false, {0, 0, 0}},
      {"ego vehicle", 1, 255, "void", false, {0, 0, 0}},
      {"rectification border", 2, 255, "void", false, {0, 0, 0}},
      {"out of roi", 3, 255, "void", false, {0, 0, 0}},
      {"static", 4, 255, "void", false, {0, 0, 0}},
      {"dynamic", 5, 255, "void", false, {111, 74, 0}},
      {"ground", 6, 255, "void", false, {81, 0, 81}},
      {"road", 7, 0, "flat", false, {128, 64, 128}},
      {"sidewalk", 8, 1, "flat", false, {244, 35, 232}},
      {"parking", 9, 255, "flat", false, {250, 170, 160}},
      {"rail track", 10, 255, "flat", false, {230, 150, 140}},
      {"building", 11, 2, "construction", false, {70, 70, 70}},
      {"wall", 12, 3, "construction", false, {102, 102, 156}},
      {"fence", 13, 4, "construction", false, {190, 153, 153}},
      {"guard rail", 14, 255, "construction", false, {180, 165, 180}},
      {"bridge", 15, 255, "construction", false, {150, 100, 100}},
      {"tunnel", 16, 255, "construction", false, {150, 120, 90}},
      {"pole", 17, 5, "object", false, {153, 153, 153}},
      {"polegroup", 18, 255, "object", false, {153, 153, 153}},
      {"traffic light", 19, 6, "object", false, {250, 170, 30}},
      {"traffic sign", 20, 7, "object", false, {220, 220, 0}},
      {"vegetation", 21, 8, "nature", false, {107, 142, 35}},
      {"terrain", 22, 9, "nature", false, {152, 251, 152}},
      {"sky", 23, 10, "sky", false, {70, 130, 180}},
      {"person", 24, 11, "human", true, {220, 20, 60}},
      {"rider", 25, 12, "human", true, {255, 0, 0}},
      {"car", 26, 13, "vehicle", true, {0, 0, 142}},
      {"truck", 27, 14, "vehicle", true, {0, 0, 70}},
      {"bus", 28, 15, "vehicle", true, {0, 60, 100}},
      {"caravan", 29, 255, "vehicle", true, {0, 0, 90}},
      {"trailer", 30, 255, "vehicle", true, {0, 0, 110}},
      {"train", 31, 16, "vehicle", true, {0, 80, 100}},
      {"motorcycle", 32, 17, "vehicle", true, {0, 0, 230}},
      {"bicycle", 33, 18, "vehicle", true, {119, 11, 32}},
      // Its training id is -1 there; like 255 it means that nobody trains on it.
      {"license plate", -1, 255, "vehicle", false, {0, 0, 142}},
  };
  return labels;
}

const SceneLabel* find_scene_label(std::string_view name) {
  const auto equal = [&](std::string_view own) {
    auto letter = name.begin();
    for (const char expected : own) {
      if (letter != name.end() && *letter == expected)
        ++letter;
      else if (expected != ' ')
        return false;
    }
    return letter == name.end();
  };
  const auto found = std::ranges::find_if(scene_labels(), equal, &SceneLabel::name);
  return found == scene_labels().end() ? nullptr : &*found;
}

SceneLabels read_scene_labels(const Path& folder, SceneLabelSet set) {
  NamedValues named = named_values(folder);
  return set == SceneLabelSet::train ? trained_of(named) : all_of(std::move(named));
}

bool tells_objects_apart(const Label& label) {
  return label.role == Role::object && label.kind != LabelKind::stuff;
}

SceneCodings scene_codings(const SceneLabels& labels, const SceneNumbers& numbers) {
  MaskCoding colours, by_number, objects;
  colours.kind = MaskCoding::Kind::colour;
  std::set<Rgb> known;
  for (int i = 0; i < labels.map.size(); ++i)
    if (const Rgb colour = labels.map.colour(i); known.insert(colour).second)
      colours.colours.emplace_back(colour, i);
  objects.kind = MaskCoding::Kind::instance;
  for (const auto& [value, label] : labels.values) {
    const int plain = numbers.stands_for(value);
    if (plain <= kMostSceneNumber) by_number.values.emplace_back(plain, label);
    for (int n = numbers.first; n <= numbers.last && value * numbers.factor + n <= kMostSceneNumber; ++n)
      if (value > 0 || !numbers.keeps_value) by_number.values.emplace_back(value * numbers.factor + n, label);
    if (tells_objects_apart(labels.map[label])) objects.crowds.push_back(plain);
  }
  return {by_index(labels.values), by_index(labels.train_values), shared(std::move(colours)),
          shared(std::move(by_number)), shared(std::move(objects))};
}

std::string scene_label_document(const std::vector<Label>& labels, const std::vector<int>& values) {
  Json list = Json::array();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Json entry = to_json(labels[i]);
    if (labels[i].id != values[i]) entry["value"] = values[i];
    list.push_back(std::move(entry));
  }
  Json document = Json::object();
  document["labels"] = std::move(list);
  return to_text(document);
}

}  // namespace maskmill
