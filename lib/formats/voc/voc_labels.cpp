// SPDX-License-Identifier: Apache-2.0
#include "formats/voc/voc_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 20> kClasses{
    "aeroplane", "bicycle",     "bird",  "boat",        "bottle", "bus",      "car",
    "cat",       "chair",       "cow",   "diningtable", "dog",    "horse",    "motorbike",
    "person",    "pottedplant", "sheep", "sofa",        "train",  "tvmonitor"};
constexpr std::array<std::string_view, 3> kBackgroundNames{"background", "_background_", "__background__"};
constexpr std::array<std::string_view, 4> kIgnoreNames{"void", "ignore", "ignored", "__ignore__"};
constexpr std::string_view kIdsComment = "# ids:";

Role role_by_name(std::string_view name) {
  if (std::ranges::find(kBackgroundNames, name) != kBackgroundNames.end()) return Role::background;
  if (std::ranges::find(kIgnoreNames, name) != kIgnoreNames.end()) return Role::ignore;
  return Role::object;
}

Label label_of(std::string_view name, std::optional<std::int64_t> id, Role role) {
  Label label;
  label.name = name;
  label.id = id;
  label.role = role;
  return label;
}

std::optional<Rgb> parse_colour(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::vector<std::string> parts = split_text(text, ',');
  std::array<std::uint8_t, 3> samples{};
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto sample = parts.size() == 3 ? to_integer(trimmed(parts[i])) : std::nullopt;
    if (!sample || *sample < 0 || *sample > 255)
      throw Error(Code::bad_value, fmt::format("{} is not a colour of the form r,g,b", in_quotes(text)));
    samples[i] = static_cast<std::uint8_t>(*sample);
  }
  return Rgb{samples[0], samples[1], samples[2]};
}

void add_definition(Label& label, const char* name, std::string_view values) {
  if (values.empty()) return;
  AttributeDefinition definition;
  definition.name = name;
  definition.values = split_text(values, ',');
  label.attributes.push_back(std::move(definition));
}

Label parse_labelmap_line(std::string_view line) {
  std::vector<std::string> fields = split_text(line, ':');
  // A name may hold colons itself: only a line with all its fields says where it ends.
  while (fields.size() > 4) {
    fields[0] += ":" + fields[1];
    fields.erase(fields.begin() + 1);
  }
  fields.resize(4);
  Label label = label_of(trimmed(fields[0]), std::nullopt, Role::object);
  if (label.name.empty()) throw Error(Code::bad_value, "the line names no label");
  label.colour = parse_colour(trimmed(fields[1]));
  add_definition(label, "parts", trimmed(fields[2]));
  add_definition(label, "actions", trimmed(fields[3]));
  return label;
}

void number(std::vector<Label>& labels, LabelmapIds ids_are) {
  std::map<Rgb, int> places;
  const std::vector<Rgb> palette = voc_palette(256);
  for (int i = 0; i < 256; ++i) places.emplace(palette[static_cast<std::size_t>(i)], i);
  std::set<int> ids;
  for (const Label& label : labels)
    if (label.colour)
      if (const auto place = places.find(*label.colour); place != places.end()) ids.insert(place->second);
  const bool by_colour = ids_are == LabelmapIds::colours && ids.size() == labels.size();
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i].id = by_colour ? places.at(*labels[i].colour) : static_cast<int>(i);
}

/// "0=background 1 2 255=ignore"
void assign_ids(std::vector<Label>& labels, std::string_view comment) {
  std::vector<std::string> entries = split_text(trimmed(comment), ' ');
  if (entries.size() != labels.size())
    throw Error(Code::bad_value, fmt::format("the comment has {} for {}", counted(entries.size(), "id"),
                                             counted(labels.size(), "label")))
        .hint("give each label its id there, or remove the comment");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::size_t end = entries[i].find('=');
    const std::string number = entries[i].substr(0, end);
    const std::string role(end == std::string::npos ? name_of(Role::object) : entries[i].substr(end + 1));
    const auto id = to_integer(number);
    const auto known = std::ranges::find(enum_names<Role>, role);
    if ((!id && number != "-") || known == enum_names<Role>.end())
      throw Error(Code::bad_value,
                  fmt::format("{} is not an id, an id=background or an id=ignore", in_quotes(entries[i])));
    if (id) labels[i].id = *id;
    labels[i].role = static_cast<Role>(known - enum_names<Role>.begin());
  }
}

std::string joined_values(const Label& label, std::string_view name) {
  const auto found = std::ranges::find(label.attributes, name, &AttributeDefinition::name);
  return found == label.attributes.end() ? std::string() : joined(found->values, ",");
}

}  // namespace

std::vector<Label> voc_labels() {
  std::vector<Label> labels{label_of("background", kVocBackground, Role::background)};
  for (const std::string_view name : kClasses)
    labels.push_back(label_of(name, static_cast<std::int64_t>(labels.size()), Role::object));
  labels.push_back(label_of("void", kVocVoid, Role::ignore));
  for (Label& label : labels) label.colour = voc_colour(static_cast<int>(*label.id));
  return labels;
}

bool are_voc_names(const std::set<std::string>& names) {
  return !names.empty() && std::ranges::all_of(names, [](const std::string& name) {
    return std::ranges::find(kClasses, name) != kClasses.end();
  });
}

std::vector<Label> parse_voc_labelmap(std::string_view text, const Path& file, LabelmapIds unstated) {
  std::vector<Label> labels;
  std::optional<std::string_view> ids;
  std::size_t line_number = 0, ids_line = 0;
  try {
    for (const std::string_view whole : lines_of(text)) {
      ++line_number;
      const std::string_view line = trimmed(whole);
      if (line.starts_with(kIdsComment)) ids = line.substr(kIdsComment.size()), ids_line = line_number;
      if (!line.empty() && !line.starts_with('#')) labels.push_back(parse_labelmap_line(line));
    }
    line_number = ids_line;
    if (ids) assign_ids(labels, *ids);
  } catch (Error& error) {
    throw error.at_file(file).at_line(line_number);
  }
  if (!ids) {
    number(labels, unstated);
    for (Label& label : labels) label.role = role_by_name(label.name);
  }
  return labels;
}

std::string to_voc_labelmap(const LabelMap& labels) {
  std::string lines, ids;
  for (int i = 0; i < labels.size(); ++i) {
    const Label& label = labels[i];
    if (!fits_xml(label.name) || label.name.find('\n') != std::string::npos || label.name.starts_with('#') ||
        trimmed(label.name) != label.name)
      throw Error(Code::unsupported,
                  fmt::format("labelmap.txt cannot hold the label name {}", in_quotes(label.name)))
          .hint("rename the label");
    const Rgb colour = labels.colour(i);
    lines += fmt::format("{}:{},{},{}:{}:{}\n", label.name, colour.r, colour.g, colour.b,
                         joined_values(label, "parts"), joined_values(label, "actions"));
    ids += " " + (label.id ? std::to_string(*label.id) : "-");
    if (label.role != Role::object) ids += label.role == Role::background ? "=background" : "=ignore";
  }
  if (!ids.empty()) ids = std::string(kIdsComment) + ids + "\n";
  return "# label:color_rgb:parts:actions\n" + ids + lines;
}

std::vector<Label> parse_voc_names(std::string_view text, const Path& file) {
  std::vector<Label> labels;
  std::set<std::string_view> names;
  std::size_t number = 0;
  std::int64_t id = 1;
  for (const std::string_view whole : lines_of(text)) {
    ++number;
    const std::string_view name = trimmed(whole);
    if (name.empty()) continue;
    if (!names.insert(name).second)
      throw Error(Code::bad_value, fmt::format("the name {} is there twice", in_quotes(name)))
          .at_file(file)
          .at_line(number);
    const Role role = role_by_name(name);
    const bool is_first =
        std::ranges::all_of(labels, [](const Label& label) { return label.role == Role::ignore; });
    if (role == Role::background && is_first) id = 0;
    const bool is_void = role == Role::ignore && std::ranges::none_of(labels, [](const Label& label) {
                           return label.id == kVocVoid;
                         });
    if (id == kVocVoid) ++id;
    labels.push_back(label_of(name, is_void ? kVocVoid : id++, role));
  }
  return labels;
}

std::vector<Label> numbered_labels(const std::set<std::string>& names) {
  std::vector<Label> labels;
  for (const std::string& name : names)
    labels.push_back(label_of(name, static_cast<std::int64_t>(labels.size()) + 1, Role::object));
  return labels;
}

std::vector<Label> labels_of_values(const std::set<int>& values) {
  std::vector<Label> labels;
  for (const int value : values)
    if (value != kVocBackground && value != kVocVoid)
      labels.push_back(label_of(std::to_string(value), value, Role::object));
  return labels;
}

void add_mask_labels(std::vector<Label>& labels) {
  const auto add = [&](const char* name, const char* other_name, int id, Role role) {
    if (std::ranges::any_of(labels, [&](const Label& label) { return label.id == id || label.role == role; }))
      return;
    const bool taken = std::ranges::any_of(labels, [&](const Label& label) { return label.name == name; });
    Label label = label_of(taken ? other_name : name, id, role);
    const Rgb colour = voc_colour(id);
    if (std::ranges::none_of(labels, [&](const Label& other) { return other.colour == colour; }))
      label.colour = colour;
    labels.insert(role == Role::background ? labels.begin() : labels.end(), std::move(label));
  };
  add("background", "_background_", kVocBackground, Role::background);
  add("void", "__ignore__", kVocVoid, Role::ignore);
}

void separate_colours(std::vector<Label>& labels) {
  const LabelMap map(labels);
  std::set<Rgb> stated, had;
  for (int i = 0; i < map.size(); ++i) {
    had.insert(map.colour(i));
    if (map[i].colour) stated.insert(*map[i].colour);
  }
  int next = 0;
  for (int i = 0; i < map.size(); ++i) {
    if (map[i].colour || !stated.contains(map.colour(i))) continue;
    while (had.contains(voc_colour(next))) ++next;
    labels[static_cast<std::size_t>(i)].colour = voc_colour(next++);
  }
}

}  // namespace maskmill
