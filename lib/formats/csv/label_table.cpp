// SPDX-License-Identifier: Apache-2.0
#include "formats/csv/label_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr int kLargestValue = 65535;

std::size_t column_of(const std::vector<std::string>& header, const char* name) {
  const auto found =
      std::ranges::find_if(header, [&](const std::string& column) { return trimmed(column) == name; });
  if (found == header.end())
    throw Error(Code::bad_format,
                fmt::format("has no column {}; the columns are {}", name, printable(joined(header, ", "))));
  return static_cast<std::size_t>(found - header.begin());
}

Label named(std::string name, int value) {
  Label label;
  label.name = std::move(name);
  label.id = value;
  return label;
}

void add_row(const CsvRow& row, std::size_t id_column, std::size_t name_column, LabelFile& labels,
             std::set<int>& nameless) {
  if (row.fields.size() <= std::max(id_column, name_column))
    throw Error(Code::bad_format, fmt::format("the row has {} fields", row.fields.size()));
  const auto id = to_integer(trimmed(row.fields[id_column]));
  if (!id || *id < 0 || *id > kLargestValue)
    throw Error(Code::bad_value, fmt::format("{} is no label's number: 0 to {}",
                                             in_quotes(row.fields[id_column]), kLargestValue))
        .at_field("label_id");
  const int value = static_cast<int>(*id);
  if (std::ranges::find(labels.values, value) != labels.values.end() || nameless.contains(value))
    throw Error(Code::bad_value, fmt::format("the label {} is there already", value)).at_field("label_id");
  const std::string_view name = trimmed(row.fields[name_column]);
  if (name.empty()) {
    nameless.insert(value);
    return;
  }
  if (std::ranges::find(labels.labels, name, &Label::name) != labels.labels.end())
    throw Error(Code::bad_value, fmt::format("two labels are named {}", in_quotes(name)))
        .at_field("label_name");
  labels.labels.push_back(named(std::string(name), value));
  labels.values.push_back(value);
}

}  // namespace

LabelFile read_label_table(const Path& file) {
  LabelFile labels;
  std::set<int> nameless;
  CsvReader reader(file, find_separator(file));
  CsvRow row;
  try {
    if (!reader.next(row)) throw Error(Code::bad_format, "the table is empty");
    const std::size_t id = column_of(row.fields, "label_id"), name = column_of(row.fields, "label_name");
    while (reader.next(row)) add_row(row, id, name, labels, nameless);
  } catch (Error& error) {
    throw error.at_file(file).at_line(row.line);
  }
  name_unknown(labels, nameless);
  return labels;
}

std::string label_table_text(const LabelFile& labels) {
  std::vector<std::pair<int, std::string>> rows;
  for (std::size_t i = 0; i < labels.labels.size(); ++i)
    rows.emplace_back(labels.values[i], labels.labels[i].name);
  std::ranges::sort(rows);
  std::string text = "label_id,label_name\n";
  for (const auto& [value, name] : rows) text += to_csv_line(std::vector{std::to_string(value), name});
  return text;
}

void name_unknown(LabelFile& labels, const std::set<int>& values) {
  const std::set<int> known(labels.values.begin(), labels.values.end());
  std::set<std::string> names;
  for (const Label& label : labels.labels) names.insert(label.name);
  int last = -1, number = 0;
  for (const int value : values) {
    for (++last; last <= value; ++last) number += !known.contains(last);
    last = value;
    if (known.contains(value)) continue;
    std::string name = fmt::format("unknown_{}", number);
    while (!names.insert(name).second) name += "_";
    labels.labels.push_back(named(std::move(name), value));
    labels.values.push_back(value);
  }
}

std::set<int> values_listed(std::string_view cell) {
  std::set<int> values;
  constexpr std::string_view digits = "0123456789";
  while (true) {
    const std::size_t begin = cell.find_first_of(digits);
    if (begin == std::string_view::npos) return values;
    cell.remove_prefix(begin);
    const std::string_view number = cell.substr(0, cell.find_first_not_of(digits));
    if (const auto value = to_integer(number); value && *value <= kLargestValue)
      values.insert(static_cast<int>(*value));
    cell.remove_prefix(number.size());
  }
}

std::string listed_values(std::span<const std::uint16_t> values) {
  return fmt::format("[{}]", fmt::join(values, " "));
}

}  // namespace maskmill
