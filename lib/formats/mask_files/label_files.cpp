// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/label_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <set>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "dataset/label_json.h"

namespace maskmill {
namespace {

constexpr int kLargestValue = 65535;  // of a 16-bit mask
// --- labels.json
// -----------------------------------------------------------------------------------------------------

void read_label(const JsonField& field, LabelFile& out) {
  std::array<std::string_view, kLabelKeys.size() + 1> keys{};
  std::ranges::copy(kLabelKeys, keys.begin());
  keys.back() = "value";
  field.require_known_keys(keys);
  Label label = label_from(field);
  const auto position = static_cast<std::int64_t>(out.labels.size());
  const auto stated = field.find("value");
  const std::int64_t value = stated ? stated->integer() : label.id.value_or(position);
  if (value < 0 || value > kLargestValue)
    throw(stated ? *stated : field)
        .error(fmt::format("{} is no value of a mask: 0 to {}", value, kLargestValue));
  out.values.push_back(static_cast<int>(value));
  out.labels.push_back(std::move(label));
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

// The head of a table of colours, as Kaggle's class_dict.csv has one: "name,r,g,b".
bool is_head_of_colours(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() != 4) return false;
  const auto is_head = [](std::span<const std::string_view> three) {
    const std::string text = lower_case(fmt::format("{}", fmt::join(three, " ")));
    return text == "r g b" || text == "red green blue";
  };
  const std::span<const std::string_view> all(words);
  return is_head(all.first(3)) || is_head(all.last(3));
}

// "17: traffic light", as COCO-Stuff's labels.txt has it.
struct NumberedName {
  std::size_t number = 0;
  std::string_view name;
};
std::optional<NumberedName> numbered_name(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = to_integer(trimmed(line.substr(0, colon)));
  const std::string_view name = trimmed(line.substr(colon + 1));
  if (!number || *number < 0 || *number > kLargestValue || name.empty()) return std::nullopt;
  return NumberedName{static_cast<std::size_t>(*number), name};
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
  const JsonField root(document);
  LabelFile out;
  try {
    root.require_known_keys(keys);
    if (const auto coding = root.find("coding")) out.coding = coding->choice<PixelCoding>();
    if (const auto subsets = root.find("subsets")) out.subsets = subsets->texts();
    for (const JsonField& label : root.at("labels").elements()) read_label(label, out);
  } catch (Error& error) {
    throw error.at_file(file);
  }
  require_distinct(out, file);
  return out;
}

LabelFile parse_label_names(std::string_view text, const Path& file) {
  LabelFile out;
  const bool all_numbered = std::ranges::all_of(lines_of(text), [](std::string_view line) {
    return trimmed(line).empty() || numbered_name(trimmed(line));
  });
  for_each_line(text, file, [&](std::string_view line, std::size_t index) {
    const std::string_view name = trimmed(line);
    if (name.empty()) return;
    if (const auto numbered = all_numbered ? numbered_name(name) : std::nullopt)
      add_label(out, numbered->name, numbered->number, std::nullopt);
    else
      add_label(out, name, index, std::nullopt);
  });
  require_distinct(out, file);
  return out;
}

LabelFile parse_label_colours(std::string_view text, const Path& file) {
  LabelFile out;
  for_each_line(text, file, [&](std::string_view line, std::size_t) {
    const std::string_view content = without_comment(line);
    if (content.empty() || (out.labels.empty() && is_head_of_colours(content))) return;
    const auto entry = named_colour(content);
    if (!entry)
      throw Error(Code::bad_value,
                  fmt::format("expected \"r g b name\" or \"name r g b\", found {}", in_quotes(content)));
    add_label(out, entry->name, out.labels.size(), entry->colour);
  });
  require_distinct(out, file);
  return out;
}

LabelFile parse_scene_parsing_labels(std::string_view text, const Path& file) {
  LabelFile out;
  Label other;
  other.name = "other";
  other.role = Role::ignore;
  out.labels.push_back(std::move(other));
  out.values.push_back(0);
  for_each_line(text, file, [&](std::string_view line, std::size_t index) {
    if (index == 0 || trimmed(line).empty()) return;
    constexpr std::size_t kStuff = 4, kName = 5;
    const std::vector<std::string> fields = split_text(line, '\t');
    const auto number = to_integer(trimmed(fields.front()));
    if (fields.size() <= kName || !number || *number < 1 || *number > kLargestValue ||
        trimmed(fields[kName]).empty())
      throw Error(Code::bad_value, fmt::format("expected Idx, Ratio, Train, Val, Stuff and Name with tabs "
                                               "between them, found {}",
                                               in_quotes(line)));
    add_label(out, trimmed(fields[kName]), static_cast<std::size_t>(*number), std::nullopt);
    out.labels.back().kind = trimmed(fields[kStuff]) == "1" ? LabelKind::stuff : LabelKind::thing;
  });
  require_distinct(out, file);
  return out;
}

LabelFile read_label_file(const Path& path) {
  const std::string text = read_file(path);
  if (lower_extension(path) == "json") return parse_label_document(text, path);
  for (const std::string_view line : lines_of(text))
    if (const std::string_view content = without_comment(line); !content.empty()) {
      if (content.starts_with("Idx\tRatio\t")) return parse_scene_parsing_labels(text, path);
      return named_colour(content) || is_head_of_colours(content) ? parse_label_colours(text, path)
                                                                  : parse_label_names(text, path);
    }
  throw Error(Code::bad_value, "names no label").at_file(path);
}

std::string to_text(const LabelFile& file) {
  Json labels = Json::array();
  for (std::size_t i = 0; i < file.labels.size(); ++i) {
    const Label& label = file.labels[i];
    Json entry = to_json(label);
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
    std::optional<LabelFile> coloured;
    for (const char* name : {"label_colors.txt", "class_dict.csv"})
      if (!coloured && present(name)) coloured = read_label_file(folder / name);
    for (const char* name : {"labels.txt", "classes.txt", "codes.txt"}) {
      if (!present(name)) continue;
      LabelFile named = read_label_file(folder / name);
      if (coloured) add_colours(named, *coloured);
      return named;
    }
    if (coloured) return coloured;
    if (present("objectInfo150.txt")) return read_label_file(folder / "objectInfo150.txt");
  }
  return std::nullopt;
}

}  // namespace maskmill
