// SPDX-License-Identifier: Apache-2.0
#include "formats/pairs/label_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr int kLargestValue = 65535;  // of a 16-bit mask
constexpr std::array<std::string_view, 3> kRoles{"object", "background", "ignore"};
constexpr std::array<std::string_view, 3> kKinds{"unknown", "thing", "stuff"};

std::vector<std::string> as_texts(std::span<const std::string_view> names) {
  return {names.begin(), names.end()};
}

// --- labels.json
// -----------------------------------------------------------------------------------------------------

/// An object of the document, and where it stands, for messages.
struct Element {
  const Json& object;
  std::string where;

  const Json* find(std::string_view key) const {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
  }
  Error error(std::string_view key, std::string message) const {
    return Error(Code::bad_value, std::move(message))
        .at_field(where.empty() || key.empty() ? where + std::string(key) : where + "." + std::string(key));
  }
  Error wrong_type(std::string_view key, std::string_view expected, const Json& found) const {
    return error(key, fmt::format("must be {}, is {}", expected, in_quotes(to_line(found))));
  }
};

void require_known_keys(const Element& element, std::span<const std::string_view> known) {
  for (const auto& [key, value] : element.object.items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const std::vector<std::string> names = as_texts(known);
    Error error = element.error(key, "unknown key; known are " + joined(names, ", "));
    if (const auto near = nearest_name(key, names)) error.hint("did you mean " + in_quotes(*near) + "?");
    throw error;
  }
}

std::string text_at(const Element& element, std::string_view key) {
  const Json* found = element.find(key);
  if (!found) return {};
  if (!found->is_string()) throw element.wrong_type(key, "a text", *found);
  return found->get<std::string>();
}

template <std::size_t N>
std::size_t choice_at(const Element& element, std::string_view key,
                      const std::array<std::string_view, N>& names) {
  const Json* found = element.find(key);
  if (!found) return 0;
  const auto choice = std::ranges::find(names, text_at(element, key));
  if (choice == names.end()) throw element.wrong_type(key, "one of " + joined(as_texts(names), ", "), *found);
  return static_cast<std::size_t>(choice - names.begin());
}

std::optional<std::int64_t> integer_at(const Element& element, std::string_view key) {
  const Json* found = element.find(key);
  if (!found) return std::nullopt;
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  if (!found->is_number_integer() || (found->is_number_unsigned() && found->get<std::uint64_t>() > largest))
    throw element.wrong_type(key, "a whole number", *found);
  return found->get<std::int64_t>();
}

std::optional<Rgb> colour_at(const Element& element, std::string_view key) {
  const Json* found = element.find(key);
  if (!found) return std::nullopt;
  const auto is_sample = [](const Json& sample) {
    return sample.is_number_integer() && sample >= 0 && sample <= 255;
  };
  if (!found->is_array() || found->size() != 3 || !std::ranges::all_of(*found, is_sample))
    throw element.wrong_type(key, "[r, g, b], each 0 to 255,", *found);
  return Rgb{(*found)[0].get<std::uint8_t>(), (*found)[1].get<std::uint8_t>(),
             (*found)[2].get<std::uint8_t>()};
}

void read_label(const Json& object, LabelFile& out) {
  static constexpr std::array<std::string_view, 7> keys{"name",          "id",   "color", "role",
                                                        "supercategory", "kind", "value"};
  const Element element{object, fmt::format("labels[{}]", out.labels.size())};
  if (!object.is_object()) throw element.wrong_type("", "an object", object);
  require_known_keys(element, keys);
  Label label;
  label.name = text_at(element, "name");
  if (label.name.empty()) throw element.error("name", "a label needs a name");
  label.id = integer_at(element, "id");
  label.colour = colour_at(element, "color");
  label.supercategory = text_at(element, "supercategory");
  label.role = static_cast<Role>(choice_at(element, "role", kRoles));
  label.kind = static_cast<LabelKind>(choice_at(element, "kind", kKinds));
  const auto position = static_cast<std::int64_t>(out.labels.size());
  const std::int64_t value = integer_at(element, "value").value_or(label.id.value_or(position));
  if (value < 0 || value > kLargestValue)
    throw element.error("value", fmt::format("{} is no value of a mask: 0 to {}", value, kLargestValue));
  out.values.push_back(static_cast<int>(value));
  out.labels.push_back(std::move(label));
}

std::vector<std::string> texts_at(const Element& element, std::string_view key) {
  const Json* found = element.find(key);
  if (!found) return {};
  if (!found->is_array() || !std::ranges::all_of(*found, [](const Json& text) { return text.is_string(); }))
    throw element.wrong_type(key, "a list of texts", *found);
  return found->get<std::vector<std::string>>();
}

// --- text files
// ------------------------------------------------------------------------------------------------------

void require_utf8(std::string_view name) {
  if (!is_utf8(name))
    throw Error(Code::bad_value, in_quotes(name) + " is not UTF-8").hint("save the file as UTF-8");
}

void add_label(LabelFile& out, std::string_view name, std::size_t value, std::optional<Rgb> colour) {
  if (value > kLargestValue)
    throw Error(Code::bad_value, fmt::format("more than {} labels", kLargestValue + 1));
  require_utf8(name);
  Label label;
  label.name = name;
  label.id = static_cast<std::int64_t>(value);
  label.colour = colour;
  out.labels.push_back(std::move(label));
  out.values.push_back(static_cast<int>(value));
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view separators = " \t,";
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t first = line.find_first_not_of(separators);
    if (first == std::string_view::npos) return words;
    line.remove_prefix(first);
    words.push_back(line.substr(0, line.find_first_of(separators)));
    line.remove_prefix(words.back().size());
  }
}

std::optional<Rgb> colour_of(std::span<const std::string_view> words) {
  std::array<std::uint8_t, 3> samples{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto number = to_integer(words[i]);
    if (!number || *number < 0 || *number > 255) return std::nullopt;
    samples[i] = static_cast<std::uint8_t>(*number);
  }
  return Rgb{samples[0], samples[1], samples[2]};
}

struct NamedColour {
  std::string_view name;
  Rgb colour;
};

// The name may hold blanks, so it is what lies between the first and the last of its words.
std::optional<NamedColour> named_colour(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() < 4) return std::nullopt;
  const auto between = [](std::string_view first, std::string_view last) {
    return std::string_view(first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data()));
  };
  const std::span<const std::string_view> all(words);
  if (const auto colour = colour_of(all.first(3)))
    return NamedColour{between(words[3], words.back()), *colour};
  if (const auto colour = colour_of(all.last(3)))
    return NamedColour{between(words.front(), words[words.size() - 4]), *colour};
  return std::nullopt;
}

std::string_view without_comment(std::string_view line) {
  const std::string_view content = trimmed(line);
  return content.starts_with('#') ? std::string_view() : content;
}

/// Calls visit(line, index) for each line, and adds file and line to what it throws.
void for_each_line(std::string_view text, const Path& file, auto&& visit) {
  const std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) try {
      visit(lines[i], i);
    } catch (Error& error) {
      error.at_file(file).at_line(i + 1);
      throw;
    }
}

void require_distinct(const LabelFile& out, const Path& file) {
  std::set<std::string_view> names;
  std::set<int> values;
  for (std::size_t i = 0; i < out.labels.size(); ++i) {
    if (!names.insert(out.labels[i].name).second)
      throw Error(Code::bad_value, "two labels are named " + in_quotes(out.labels[i].name)).at_file(file);
    if (!values.insert(out.values[i]).second)
      throw Error(Code::bad_value, fmt::format("two labels have the value {}", out.values[i])).at_file(file);
  }
}

void add_colours(LabelFile& named, const LabelFile& coloured) {
  std::map<std::string_view, std::optional<Rgb>> colours;
  for (const Label& label : coloured.labels) colours.emplace(label.name, label.colour);
  for (Label& label : named.labels)
    if (const auto found = colours.find(label.name); found != colours.end() && !label.colour)
      label.colour = found->second;
}

}  // namespace

LabelFile parse_label_document(std::string_view text, const Path& file) {
  static constexpr std::array<std::string_view, 3> keys{"coding", "subsets", "labels"};
  const Json document = parse_json(text, file);
  const Element root{document, ""};
  LabelFile out;
  try {
    if (!document.is_object() || !document.contains("labels") || !document["labels"].is_array())
      throw Error(Code::bad_format, "must be an object with a list \"labels\"");
    require_known_keys(root, keys);
    out.coding = static_cast<PixelCoding>(choice_at(root, "coding", enum_names<PixelCoding>));
    out.subsets = texts_at(root, "subsets");
    for (const Json& label : document["labels"]) read_label(label, out);
  } catch (Error& error) {
    error.at_file(file);
    throw;
  }
  require_distinct(out, file);
  return out;
}

LabelFile parse_label_names(std::string_view text, const Path& file) {
  LabelFile out;
  for_each_line(text, file, [&](std::string_view line, std::size_t index) {
    if (const std::string_view name = trimmed(line); !name.empty()) add_label(out, name, index, std::nullopt);
  });
  require_distinct(out, file);
  return out;
}

LabelFile parse_label_colours(std::string_view text, const Path& file) {
  LabelFile out;
  for_each_line(text, file, [&](std::string_view line, std::size_t) {
    const std::string_view content = without_comment(line);
    if (content.empty()) return;
    const auto entry = named_colour(content);
    if (!entry)
      throw Error(Code::bad_value,
                  fmt::format("expected \"r g b name\" or \"name r g b\", found {}", in_quotes(content)));
    add_label(out, entry->name, out.labels.size(), entry->colour);
  });
  require_distinct(out, file);
  return out;
}

LabelFile read_label_file(const Path& path) {
  const std::string text = read_file(path);
  if (lower_extension(path) == "json") return parse_label_document(text, path);
  for (const std::string_view line : lines_of(text))
    if (const std::string_view content = without_comment(line); !content.empty())
      return named_colour(content) ? parse_label_colours(text, path) : parse_label_names(text, path);
  throw Error(Code::bad_value, "names no label").at_file(path);
}

std::string to_text(const LabelFile& file) {
  Json labels = Json::array();
  for (std::size_t i = 0; i < file.labels.size(); ++i) {
    const Label& label = file.labels[i];
    require_utf8(label.name);
    Json entry{{"name", label.name}};
    if (label.id) entry["id"] = *label.id;
    if (label.colour) entry["color"] = {label.colour->r, label.colour->g, label.colour->b};
    if (label.role != Role::object) entry["role"] = kRoles[static_cast<std::size_t>(label.role)];
    if (!label.supercategory.empty()) entry["supercategory"] = label.supercategory;
    if (label.kind != LabelKind::unknown) entry["kind"] = kKinds[static_cast<std::size_t>(label.kind)];
    if (label.id != file.values[i]) entry["value"] = file.values[i];
    labels.push_back(std::move(entry));
  }
  Json document = Json::object();
  if (file.coding != PixelCoding::automatic) document["coding"] = name_of(file.coding);
  for (const std::string& subset : file.subsets) require_utf8(subset);
  if (!file.subsets.empty()) document["subsets"] = file.subsets;
  document["labels"] = std::move(labels);
  return to_text(document);
}

std::optional<LabelFile> find_label_file(const std::vector<Path>& folders) {
  for (const Path& folder : folders) {
    const auto present = [&](const char* name) { return fs::is_regular_file(folder / name); };
    if (present("labels.json")) return read_label_file(folder / "labels.json");
    const Path colours = folder / "label_colors.txt";
    for (const char* name : {"labels.txt", "classes.txt", "codes.txt"}) {
      if (!present(name)) continue;
      LabelFile named = read_label_file(folder / name);
      if (fs::is_regular_file(colours)) add_colours(named, read_label_file(colours));
      return named;
    }
    if (fs::is_regular_file(colours)) return read_label_file(colours);
  }
  return std::nullopt;
}

}  // namespace maskmill
