// SPDX-License-Identifier: Apache-2.0
#include "formats/csv/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "image/image.h"

namespace maskmill {
namespace {

// In lower case, without "_", "-" and blanks.
constexpr std::array<std::string_view, 15> kImageNames{
    "imgrgb",    "image",   "images",        "img",      "imagepath", "imgpath",  "imagefile", "imgfile",
    "imagename", "imgname", "imagefilename", "filename", "file",      "filepath", "input"};
constexpr std::array<std::string_view, 17> kMaskNames{
    "imgmask",    "mask",           "masks",  "maskpath",     "maskfile",
    "maskname",   "maskfilename",   "label",  "labelpath",    "labelfile",
    "annotation", "annotationpath", "target", "segmentation", "segmentationpath",
    "gt",         "groundtruth"};
constexpr std::array<std::string_view, 2> kSubsetNames{"subset", "split"};
/// Of the pixels and of the table itself: what the files say anyway.
constexpr std::array<std::string_view, 9> kNoAttributes{
    "labelmin", "labelmax", "labelunique", "labelidlist", "height", "width", "channel", "unnamed:0", ""};

std::string plain(std::string_view name) {
  std::string text;
  for (const char letter : trimmed(name))
    if (letter != '_' && letter != '-' && letter != ' ') text += letter;
  return lower_case(text);
}

using Names = std::span<const std::string_view>;

/// The first of `known` that is a column.
std::optional<std::size_t> find_known(std::span<const std::string> header, Names known) {
  for (const std::string_view name : known)
    for (std::size_t i = 0; i < header.size(); ++i)
      if (plain(header[i]) == name) return i;
  return std::nullopt;
}

std::optional<std::size_t> find_column(std::span<const std::string> header,
                                       const std::optional<std::string>& stated, Names known,
                                       const char* setting) {
  if (!stated) return find_known(header, known);
  const auto found = std::ranges::find(header, *stated);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  Error error(Code::usage, fmt::format("there is no column {}; the table has {}", in_quotes(*stated),
                                       printable(joined(header, ", "))));
  error.at_field(setting);
  if (const auto near = nearest_name(*stated, header)) error.hint(fmt::format("did you mean {}?", *near));
  throw error;
}

/// "train" of train.csv and df_train.csv; val of df_valid.csv.
std::string subset_of(const Path& file) {
  std::string name = file.stem().string();
  if (!name.starts_with("df_")) return name;
  name.erase(0, 3);
  return name == "valid" ? "val" : name;
}

bool is_usual_subset(const std::string& name) {
  for (const char* usual : {"train", "val", "valid", "validation", "test"})
    if (name == usual) return true;
  return false;
}

/// Nothing where the table has no column of images.
std::optional<Table> read_table(const Path& file, const CsvReadSettings& settings) try {
  Table table{
      .file = file, .separator = find_separator(file), .subset = {}, .is_whole = false, .columns = {}};
  CsvReader reader(file, table.separator);
  CsvRow row;
  if (!reader.next(row)) return std::nullopt;
  auto columns = find_columns(row.fields, settings);
  if (!columns) return std::nullopt;
  table.columns = std::move(*columns);
  return table;
} catch (Error& error) {
  throw error.at_file(file);
}

std::vector<Table> tables_in(const Path& folder, const CsvReadSettings& settings) {
  std::vector<Table> named, others;
  for (const Path& file : list_files_of(folder, {"csv"})) {
    if (file.filename() == Path(std::string(kLabelTable))) continue;
    const bool is_named = file.filename().string().starts_with("df_");
    if (auto table = read_table(file, settings); table && (is_named || names_pictures(*table))) {
      table->is_whole = file.stem() == "df_data";
      if (!table->is_whole) table->subset = subset_of(file);
      (is_named ? named : others).push_back(std::move(*table));
    }
  }
  std::stable_partition(named.begin(), named.end(), [](const Table& table) { return !table.is_whole; });
  if (others.size() == 1 && !is_usual_subset(others[0].subset)) others[0].subset.clear();
  return named.empty() ? others : named;
}

}  // namespace

std::optional<TableColumns> find_columns(std::span<const std::string> header,
                                         const CsvReadSettings& settings) {
  const auto image = find_column(header, settings.image_column, kImageNames, "image-column");
  if (!image) return std::nullopt;
  TableColumns columns;
  columns.image = *image;
  columns.mask = find_column(header, settings.mask_column, kMaskNames, "mask-column");
  columns.subset = find_column(header, settings.subset_column, kSubsetNames, "subset-column");
  columns.label_max = find_known(header, std::array<std::string_view, 1>{"labelmax"});
  columns.label_ids = find_known(header, std::array<std::string_view, 1>{"labelidlist"});
  columns.names.assign(header.begin(), header.end());
  for (std::size_t i = 0; i < header.size(); ++i)
    if (i != columns.image && i != columns.mask && i != columns.subset &&
        std::ranges::find(kNoAttributes, plain(header[i])) == kNoAttributes.end())
      columns.attributes.push_back(i);
  return columns;
}

bool names_pictures(const Table& table) {
  CsvReader reader(table.file, table.separator);
  CsvRow row;
  reader.next(row);
  if (!table.columns.mask || !reader.next(row) || row.fields.size() != table.columns.names.size())
    return false;
  for (const std::size_t column : {table.columns.image, *table.columns.mask})
    if (!row.fields[column].empty() && !has_image_extension(row.fields[column])) return false;
  return true;
}

std::vector<Table> find_tables(const Path& path, const CsvReadSettings& settings) {
  if (fs::is_directory(path)) return tables_in(path, settings);
  std::optional<Table> table = read_table(path, settings);
  if (!table)
    throw Error(Code::bad_format, "the table has no column of images")
        .at_file(path)
        .hint("name it with --read image-column=NAME, and the masks' with --read mask-column=NAME");
  table->subset = subset_of(path);
  if (table->subset == "data" ||
      (!path.filename().string().starts_with("df_") && !is_usual_subset(table->subset)))
    table->subset.clear();
  return {std::move(*table)};
}

}  // namespace maskmill
