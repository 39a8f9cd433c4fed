// SPDX-License-Identifier: Apache-2.0
#include "formats/trimaps/lists.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 3> kSpecies{"", "cat", "dog"};

std::optional<int> number_in(std::string_view word) {
  const auto number = to_integer(word);
  if (!number || *number < 0 || *number > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(*number);
}

/// Takes the last word off the line, with the blanks before it.
std::string_view take_last_word(std::string_view& line) {
  const std::size_t blank = line.find_last_of(" \t");
  const std::string_view word = blank == std::string_view::npos ? line : line.substr(blank + 1);
  line = trimmed(line.substr(0, line.size() - word.size()));
  return word;
}

/// "Maine_Coon" of "cats/Maine_Coon_12"; empty where the name does not end in a number.
std::string breed_in(std::string_view name) {
  if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  const std::size_t underscore = name.rfind('_');
  if (underscore == std::string_view::npos || !number_in(name.substr(underscore + 1))) return {};
  return std::string(name.substr(0, underscore));
}

int number_at(const Attributes& attributes, std::string_view name) {
  const AttributeValue* value = find_attribute(attributes, name);
  const auto* number = value ? std::get_if<std::int64_t>(value) : nullptr;
  return number && *number >= 0 && *number <= std::numeric_limits<int>::max() ? static_cast<int>(*number) : 0;
}

}  // namespace

std::optional<TrimapEntry> parse_list_line(std::string_view line) {
  std::string_view rest = trimmed(line);
  if (rest.empty() || rest.starts_with('#')) return std::nullopt;
  if (rest.find_first_of(" \t") == std::string_view::npos) return TrimapEntry{std::string(rest)};
  const auto breed = number_in(take_last_word(rest));
  const auto species = number_in(take_last_word(rest));
  const auto class_id = number_in(take_last_word(rest));
  if (!breed || !species || !class_id || rest.empty())
    throw Error(Code::bad_value,
                "expected \"Image CLASS-ID SPECIES BREED-ID\", found " + in_quotes(trimmed(line)));
  return TrimapEntry{std::string(rest), *class_id, *species, *breed};
}

std::string to_list_line(const TrimapEntry& entry) {
  std::string line = fmt::format("{} {} {} {}", entry.name, entry.class_id, entry.species, entry.breed_id);
  const auto back =
      entry.name.find_first_of("\r\n") == std::string::npos ? parse_list_line(line) : std::nullopt;
  if (back != entry)
    throw Error(Code::bad_value,
                fmt::format("the name {} cannot stand in a list file", in_quotes(entry.name)))
        .hint("rename the image: no line breaks, no blanks at the ends, no # at the front");
  return line;
}

Attributes attributes_of(const TrimapEntry& entry) {
  Attributes attributes;
  if (entry.class_id > 0) attributes.emplace_back("class_id", std::int64_t{entry.class_id});
  if (entry.species == 1 || entry.species == 2)
    attributes.emplace_back("species", std::string(kSpecies[static_cast<std::size_t>(entry.species)]));
  else if (entry.species > 0)
    attributes.emplace_back("species", std::int64_t{entry.species});
  if (entry.breed_id > 0) attributes.emplace_back("breed_id", std::int64_t{entry.breed_id});
  if (const std::string breed = breed_in(entry.name); !breed.empty()) attributes.emplace_back("breed", breed);
  return attributes;
}

TrimapEntry entry_of(std::string name, const Attributes& attributes) {
  TrimapEntry entry{std::move(name), number_at(attributes, "class_id"), number_at(attributes, "species"),
                    number_at(attributes, "breed_id")};
  const AttributeValue* species = find_attribute(attributes, "species");
  if (const auto* text = species ? std::get_if<std::string>(species) : nullptr)
    entry.species = *text == kSpecies[1] ? 1 : *text == kSpecies[2] ? 2 : 0;
  return entry;
}

}  // namespace maskmill
