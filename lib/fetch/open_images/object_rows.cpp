// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/object_rows.h"

#include "base/error.h"
#include "fetch/open_images/selection.h"

namespace maskmill::fetch {
namespace {

OpenImagesTable require_table(const Path& file) {
  auto table = find_table(file);
  if (!table || !table->label)
    throw Error(Code::bad_format, "is no table of Open Images' boxes or masks").at_file(file);
  return std::move(*table);
}

}  // namespace

ObjectRows::ObjectRows(const Path& file, std::span<const ChosenClass> classes)
    : table_(require_table(file)), scanner_(file) {
  for (std::size_t i = 0; i < classes.size(); ++i) labels_.emplace(classes[i].mid, static_cast<int>(i));
  CsvLine line;
  scanner_.next(line);
  header_ = line.text;
}

void ObjectRows::for_each(const std::function<void(const ObjectRow&)>& visit) {
  CsvLine line;
  for (std::uint32_t number = 0; scanner_.next(line); ++number) {
    ObjectRow row{line, number, {}, {}};
    if (line.is_plain) {
      row.image = parse_image_id(plain_csv_field(line.text, table_.image));
      if (const auto found = labels_.find(plain_csv_field(line.text, *table_.label)); found != labels_.end())
        row.label = found->second;
    } else {
      row.image = parse_image_id(cell(line, table_.image));
      if (const auto found = labels_.find(cell(line, *table_.label)); found != labels_.end())
        row.label = found->second;
    }
    visit(row);
  }
}

std::string ObjectRows::cell(const CsvLine& line, std::size_t column) const {
  if (line.is_plain) return std::string(plain_csv_field(line.text, column));
  std::vector<std::string> fields;
  parse_csv_row(line.text, true, fields);
  return column < fields.size() ? fields[column] : std::string();
}

}  // namespace maskmill::fetch
