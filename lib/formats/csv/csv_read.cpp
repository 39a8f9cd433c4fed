// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/text.h"
#include "formats/csv/csv_halves.h"
#include "formats/csv/label_table.h"
#include "formats/csv/table_index.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {
namespace {

AttributeValue value_of(const std::string& text) {
  if (const auto whole = to_integer(text)) return static_cast<std::int64_t>(*whole);
  if (const auto number = to_number(text)) return *number;
  if (text == "True" || text == "true") return true;
  if (text == "False" || text == "false") return false;
  return text;
}

/// labels.json, else df_label.csv, else a list of names; what the tables say of values completes the two.
std::optional<LabelFile> find_labels_beside(const Path& folder, const CsvReadSettings& settings,
                                            const std::set<int>& values) {
  const auto& stated = settings.labels.labels;
  const Path table = stated ? folder / *stated : folder / std::string(kLabelTable);
  const bool is_table =
      lower_extension(table) == "csv" &&
      (stated || (fs::is_regular_file(table) && !fs::is_regular_file(folder / "labels.json")));
  std::optional<LabelFile> file =
      is_table ? read_label_table(table) : find_label_file(folder, {folder}, settings.labels);
  const bool is_document =
      !is_table && (stated ? lower_extension(table) == "json" : fs::is_regular_file(folder / "labels.json"));
  if (file && !is_document) name_unknown(*file, values);
  return file;
}

class CsvSource : public IndexedSource {
 public:
  CsvSource(const Path& folder, std::vector<Table> tables, const CsvReadSettings& settings)
      : index_(index_tables(std::move(tables), folder, settings.root, findings_)) {
    std::vector<std::size_t> with_mask;
    for (std::size_t i = 0; i < index_.rows.size(); ++i)
      if (index_.rows[i].has_mask) with_mask.push_back(i);
    if (with_mask.empty()) throw Error(Code::bad_format, "no row names an image and a mask");

    const auto mask_at = [&](std::size_t number) {
      const IndexedRow& place = index_.rows[with_mask[number]];
      return mask_file(row_at(place), table_of(place));
    };
    std::vector<bool> is_broken(index_.rows.size());
    const auto leave_out = [&](std::size_t number, const Error& error) {
      if (error.code() == Code::not_found) return;  // a finding when its turn comes
      findings_.add(to_finding(error, "unreadable-mask"));
      is_broken[with_mask[number]] = true;
    };
    MaskLabels found = find_labels(find_labels_beside(folder, settings, index_.values), settings.labels,
                                   with_mask.size(), mask_at, leave_out);
    coding_ = std::move(found.coding);
    metadata_.labels = std::move(found.labels);
    name_subsets(found.subsets);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < index_.rows.size(); ++i)
      if (!is_broken[i]) index_.rows[kept++] = index_.rows[i];
    index_.rows.resize(kept);
  }

  std::size_t size() const override { return index_.rows.size(); }

 private:
  const Table& table_of(const IndexedRow& place) const { return index_.tables[place.table]; }

  CsvRow row_at(const IndexedRow& place) const {
    const Table& table = table_of(place);
    CsvReader reader(table.file, table.separator);
    reader.seek(place.offset, place.line);
    CsvRow row;
    if (!reader.next(row) || row.fields.size() != table.columns.names.size())
      throw Error(Code::unreadable, "the table has changed since it was opened")
          .at_file(table.file)
          .at_line(place.line);
    return row;
  }
  Path mask_file(const CsvRow& row, const Table& table) const {
    return index_.masks.find(plain_path(cell(row, table.columns.mask)));
  }

  /// df_valid.csv is val, unless the label file knows a subset valid.
  void name_subsets(const std::vector<std::string>& listed) {
    const auto is_listed = [&](const char* name) { return std::ranges::find(listed, name) != listed.end(); };
    metadata_.subsets = listed;
    const auto add = [&](const std::string& name) {
      auto& known = metadata_.subsets;
      if (!name.empty() && std::ranges::find(known, name) == known.end()) known.push_back(name);
    };
    for (Table& table : index_.tables) {
      if (table.subset == "val" && is_listed("valid") && !is_listed("val")) table.subset = "valid";
      add(table.subset);
    }
    for (const std::string& name : index_.other_subsets) add(name);
  }

  std::optional<Item> read(std::size_t index, Look look, std::vector<Finding>& findings) const override {
    const IndexedRow& place = index_.rows[index];
    const Table& table = table_of(place);
    const CsvRow row = row_at(place);
    const std::string image = plain_path(cell(row, table.columns.image));

    Item item;
    item.origin = {table.file.string(), place.line, {}};
    item.image = index_.images.find(image);
    const std::string name = image.substr(index_.common_folder.size());
    item.id = without_extension(name);
    item.file_name = name;
    item.subset = trimmed(cell(row, table.columns.subset));
    if (item.subset.empty()) item.subset = table.subset;
    for (const std::size_t column : table.columns.attributes)
      if (const std::string value(trimmed(row.fields[column])); !value.empty())
        item.attributes.emplace_back(trimmed(table.columns.names[column]), value_of(value));

    const auto is_there = [](const Path& file) {
      boost::system::error_code failure;
      return fs::exists(file, failure);
    };
    if (!is_there(item.image)) {
      findings.push_back({"pair-missing", Severity::error, item.origin,
                          fmt::format("left out: the image {} is not there", in_quotes(image)),
                          "add it, say where the paths begin with --read root=FOLDER, or delete the row"});
      return std::nullopt;
    }
    const Path mask = place.has_mask ? mask_file(row, table) : Path();
    item.annotated = place.has_mask && is_there(mask);
    if (item.annotated)
      item.semantic = MaskRef{mask, coding_, std::nullopt, false};
    else if (place.has_mask || table.columns.mask)
      findings.push_back(
          {place.has_mask ? "pair-missing" : "unlabelled-item", Severity::error, item.origin,
           place.has_mask ? fmt::format("the mask {} is not there", in_quotes(cell(row, table.columns.mask)))
                          : "an image without a mask",
           "add the mask; without it the image counts as not annotated"});
    if (!check_files(item, look, findings)) return std::nullopt;
    return item;
  }

  TableIndex index_;
  std::shared_ptr<const MaskCoding> coding_;
};

}  // namespace

std::unique_ptr<Source> open_csv(const OpenRequest& request) {
  const auto settings = parsed_settings<CsvReadSettings>(request.settings);
  try {
    std::vector<Table> tables = find_tables(request.path, settings);
    if (tables.empty())
      throw Error(Code::bad_format,
                  "no table df_*.csv, and no other .csv whose columns name images and masks")
          .hint("name them with --read image-column=NAME and --read mask-column=NAME");
    const Path folder = fs::is_directory(request.path) ? request.path : request.path.parent_path();
    return std::make_unique<CsvSource>(folder, std::move(tables), settings);
  } catch (Error& error) {
    error.at_file(request.path);
    throw;
  }
}

}  // namespace maskmill
