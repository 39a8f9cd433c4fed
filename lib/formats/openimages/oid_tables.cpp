// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/oid_tables.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "formats/openimages/openimages_halves.h"

namespace maskmill {
namespace {

/// What stands behind the subset in the names of tables.
constexpr std::array<std::string_view, 8> kBehindSubset{
    "-annotations", "-images", "-image_ids", "-human", "-machine", "-detection", "-segmentation", "-vrd"};
constexpr std::array<std::string_view, 4> kUsualSubsets{"train", "validation", "val", "test"};

struct Version {
  std::string_view prefix;
  int rank;  ///< the highest counts
};
constexpr std::array<Version, 4> kVersions{
    {{"oidv7-", 4}, {"oidv6-", 3}, {"challenge-2019-", 1}, {"challenge-2018-", 0}}};
constexpr int kUnversioned = 2;

std::pair<int, std::string_view> without_version(std::string_view name) {
  for (const Version& version : kVersions)
    if (name.starts_with(version.prefix)) return {version.rank, name.substr(version.prefix.size())};
  return {kUnversioned, name};
}

/// Equal for tables of the same rows. Those of the challenges have names of their own.
std::string subject(const OpenImagesTable& table) {
  const std::string name = lower_case(table.file.filename().string());
  auto [rank, rest] = without_version(name);
  const bool is_of_machine = rest.find("machine") != std::string_view::npos;
  const bool is_of_rest = rank < kUnversioned || subset_in_name(name).has_value();
  const std::string what = is_of_rest && table.kind != OpenImagesKind::images ? "" : std::string(rest);
  return table.file.parent_path().string() + "\n" + table.subset + "\n" +
         std::to_string(static_cast<int>(table.kind)) + (is_of_machine ? "m\n" : "\n") + what;
}

bool has(const std::vector<std::string>& columns, std::initializer_list<std::string_view> names) {
  return std::ranges::all_of(
      names, [&](std::string_view name) { return std::ranges::find(columns, name) != columns.end(); });
}

}  // namespace

OpenImagesTable::Column OpenImagesTable::column(std::string_view name) const {
  const auto found = std::ranges::find(columns, name);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

std::optional<OpenImagesKind> kind_of_header(const std::vector<std::string>& columns) {
  if (!has(columns, {"ImageID"})) return std::nullopt;
  if (has(columns, {"LabelName", "MaskPath"})) return OpenImagesKind::masks;
  if (has(columns, {"LabelName", "XMin", "XMax", "YMin", "YMax"})) return OpenImagesKind::boxes;
  if (has(columns, {"LabelName", "Confidence"})) return OpenImagesKind::image_labels;
  if (has(columns, {"Subset"}) || has(columns, {"OriginalURL"}) || has(columns, {"Rotation"}))
    return OpenImagesKind::images;
  return std::nullopt;
}

bool is_openimages_subset(std::string_view name) {
  if (std::ranges::find(kUsualSubsets, name) != kUsualSubsets.end()) return true;
  return name.size() == 7 && name.starts_with("train_") &&
         std::string_view("0123456789abcdef").find(name.back()) != std::string_view::npos;
}

std::optional<std::string> subset_in_name(std::string_view file_name) {
  const std::string_view name = without_version(file_name).second;
  std::size_t end = std::string_view::npos;
  for (const std::string_view behind : kBehindSubset) end = std::min(end, name.find(behind));
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  return std::string(name.substr(0, end));
}

std::optional<OpenImagesTable> find_table(const Path& file) {
  CsvRow row;
  if (!CsvReader(file).next(row)) return std::nullopt;
  const auto kind = kind_of_header(row.fields);
  if (!kind) return std::nullopt;
  OpenImagesTable table;
  table.file = file;
  table.kind = *kind;
  table.columns = std::move(row.fields);
  table.image = *table.column("ImageID");
  table.label = table.column("LabelName");
  table.subset_column = table.column("Subset");
  auto subset = subset_in_name(file.filename().string());
  // FiftyOne: <subset>/labels/detections.csv, <subset>/metadata/image_ids.csv.
  if (const std::string above = file.parent_path().parent_path().filename().string();
      !subset && is_openimages_subset(above))
    subset = above;
  table.names_subset = subset.has_value();
  if (subset && *subset != kOpenImagesNoSubset) table.subset = *subset;
  return table;
}

std::vector<std::pair<Path, Path>> take_out_older(std::vector<OpenImagesTable>& tables) {
  const auto rank_of = [](const OpenImagesTable& table) {
    const std::string name = lower_case(table.file.filename().string());
    // Labels of boxable classes are among those of all.
    return std::pair(without_version(name).first, name.find("boxable") == std::string::npos);
  };
  std::map<std::string, const OpenImagesTable*> latest;
  for (const OpenImagesTable& table : tables) {
    const OpenImagesTable*& best = latest[subject(table)];
    if (!best || rank_of(table) > rank_of(*best)) best = &table;
  }
  std::vector<std::pair<Path, Path>> older;
  for (const OpenImagesTable& table : tables)
    if (const OpenImagesTable* best = latest.at(subject(table)); rank_of(*best) > rank_of(table))
      older.emplace_back(table.file, best->file);
  std::erase_if(tables, [&](const OpenImagesTable& table) {
    return std::ranges::any_of(older, [&](const auto& pair) { return pair.first == table.file; });
  });
  return older;
}

}  // namespace maskmill
