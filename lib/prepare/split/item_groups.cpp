// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/item_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"

namespace maskmill {

struct GroupKeys::Pattern {
  std::regex regex;
};

namespace {

constexpr std::uint32_t kNoSet = 0xFFFFFFFF;

std::regex compiled(const std::string& pattern) {
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    throw Error(Code::usage, fmt::format("{} is no regular expression: {}", in_quotes(pattern), error.what()))
        .at_field("group-by");
  }
}

std::optional<std::string> captured(const std::regex& regex, const std::string& id) {
  if (id.size() > kLongestMatchedId) return std::nullopt;
  std::smatch match;
  try {
    if (!std::regex_search(id, match, regex)) return std::nullopt;
  } catch (const std::regex_error& error) {  // too complex
    throw Error(Code::usage,
                fmt::format("the regular expression cannot be sought in {}: {}", in_quotes(id), error.what()))
        .at_field("group-by");
  }
  const std::ssub_match& group = match[regex.mark_count() > 0 ? 1 : 0];
  return group.matched ? std::optional(group.str()) : std::nullopt;
}

std::optional<std::size_t> column_of(const CsvRow& heading, std::string_view name) {
  for (std::size_t i = 0; i < heading.fields.size(); ++i)
    if (lower_case(trimmed(heading.fields[i])) == lower_case(name)) return i;
  return std::nullopt;
}

struct Columns {
  std::size_t item = 0, group = 1;
};

Columns named_columns(const CsvRow& heading, const std::optional<std::string>& group) {
  Columns columns;
  for (const char* name : {"id", "image", "image_id", "file_name", "filename", "file", "path"})
    if (const auto found = column_of(heading, name)) {
      columns.item = *found;
      break;
    }
  if (const auto found = column_of(heading, group.value_or("group"))) {
    columns.group = *found;
  } else if (group) {
    const auto nearest = nearest_name(*group, heading.fields);
    throw Error(Code::usage, "the table has no column " + in_quotes(*group))
        .at_field("group-column")
        .hint(nearest ? "is it " + in_quotes(*nearest) + "?" : "it has: " + joined(heading.fields, ", "));
  }
  return columns;
}

}  // namespace

GroupKeys::GroupKeys(const GroupSettings& settings) : attributes_(settings.attributes) {
  if (settings.pattern) {
    pattern_ = std::make_unique<Pattern>(Pattern{compiled(*settings.pattern)});
    criteria_.push_back("the pattern " + in_quotes(*settings.pattern));
  }
  for (const std::string& attribute : attributes_)
    criteria_.push_back("the attribute " + in_quotes(attribute));
}

GroupKeys::~GroupKeys() = default;

std::vector<std::optional<std::string>> GroupKeys::of(const Item& item) const {
  std::vector<std::optional<std::string>> keys;
  if (pattern_) keys.push_back(captured(pattern_->regex, item.id));
  for (const std::string& attribute : attributes_) {
    const AttributeValue* value = find_attribute(item.attributes, attribute);
    keys.push_back(value ? std::optional(text_of(*value)) : std::nullopt);
  }
  return keys;
}

std::string text_of(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::get<JsonText>(value).text;
}

std::uint32_t KeyNumbers::number_of(std::string_view key) {
  const auto known = index_.find(hash_of(key), [&](std::uint32_t number) { return (*this)[number] == key; });
  if (known) return *known;
  const std::uint32_t number = size();
  names_.push_back(arena_.add(key));
  index_.add(hash_of(key), number);
  return number;
}

GroupTable read_group_table(const std::string& file, const std::optional<std::string>& column,
                            ItemNames& names, Findings& findings) {
  GroupTable table;
  Columns columns;
  CsvReader reader(file, find_separator(file));
  CsvRow row;
  for (bool is_first = true; reader.next(row); is_first = false) {
    if (is_first && (column || names.find(row.fields[0]).empty())) {
      columns = named_columns(row, column);
      continue;
    }
    const auto field = [&](std::size_t number) {
      return number < row.fields.size() ? trimmed(row.fields[number]) : std::string_view();
    };
    const std::string_view name = field(columns.item), group = field(columns.group);
    if (name.empty() || group.empty()) continue;  // the item is said to be in no group
    const auto items = names.find(name);
    if (items.empty())
      findings.add(
          {"listed-absent", Severity::note, {file, row.line, ""}, in_quotes(name) + " is no item", ""});
    else if (items.size() > 1)
      findings.add({"listed-ambiguous",
                    Severity::error,
                    {file, row.line, ""},
                    fmt::format("{} may be {} or {}", in_quotes(name), in_quotes(names[items[0]]),
                                in_quotes(names[items[1]])),
                    "write the id, with its folders"});
    else
      table.rows.emplace_back(items[0], table.keys.number_of(group));
  }
  if (table.rows.empty())
    throw Error(Code::bad_value, "no row says the group of an item")
        .at_file(file)
        .hint("a row holds an item's id or file name and its group, under a heading such as id,group");
  return table;
}

std::vector<std::uint32_t> numbered(DisjointSets& sets) {
  std::vector<std::uint32_t> number(sets.size(), kNoSet);
  std::uint32_t next = 0;
  for (std::uint32_t item = 0; item < sets.size(); ++item) {
    std::uint32_t& own = number[sets.root(item)];  // the set's first item, which join() keeps as its root
    if (own == kNoSet) own = next++;
    number[item] = own;
  }
  return number;
}

}  // namespace maskmill
