// SPDX-License-Identifier: Apache-2.0
#include "formats/csv/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/text.h"
#include "formats/csv/csv_halves.h"
#include "formats/csv/tables.h"
#include "formats/mask_files/mask_sink.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "Tables that name an image and its mask in each row: df_train.csv, df_valid.csv (the subset val), df_test.csv "
    "and so on in a folder, of which df_data.csv holds all rows; or any .csv file with a column of images (img_rgb, "
    "image, image_path, ...; a setting names another) and one of masks (img_mask, mask, mask_path, ...), and "
    "maybe one of subsets. Commas, semicolons or tabs separate fields, and a quoted one may hold line breaks. "
    "Without a cell for its mask an image is not annotated. Paths begin in the tables' folder, in one of the "
    "three above it, or in that which the setting root names; of paths of another machine, what stands before "
    "the part that is found here is left out, and a note says so. Labels are named by labels.json, else by "
    "df_label.csv (label_id, label_name), else as in pairs; a value that the tables list and that has no name "
    "becomes unknown_x, x counting the ids without a name from 1. Other columns become attributes of the items. "
    "Written are images/, masks/, df_data.csv, df_<subset>.csv for each subset, df_label.csv and labels.json. "
    "The columns are img_rgb, img_mask, label_min, label_max, label_unique and label_id_list, the last four of "
    "the mask's stored values; rows come in the items' order. A table that --force replaces is kept as "
    "<name>.backup. With --media reference the tables hold the images' absolute paths.";

Probe probe_table(const Table& table, int confidence) {
  const TableColumns& columns = table.columns;
  if (!columns.mask)
    return {20,
            {fmt::format("{} has a column of images, and none of masks", table.file.filename().string())}};
  return {confidence,
          {fmt::format("{} has the columns {} and {}", table.file.filename().string(),
                       in_quotes(columns.names[columns.image]), in_quotes(columns.names[*columns.mask]))}};
}

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) {
    if (lower_extension(path) != "csv") return {0, {"not a folder, nor a .csv file"}};
    const std::vector<Table> tables = find_tables(path, {});
    const Probe found = probe_table(tables.front(), 85);
    if (!tables.front().columns.mask || names_pictures(tables.front())) return found;
    return {10, {"no paths of pictures in the columns of images and masks"}};
  }
  const std::vector<Table> tables = find_tables(path, {});
  if (tables.empty()) return {0, {"no table df_*.csv, nor another .csv of images and masks"}};
  const auto has_masks = [](const Table& table) { return table.columns.mask.has_value(); };
  const auto best = std::ranges::find_if(tables, has_masks);
  const Table& shown = best == tables.end() ? tables.front() : *best;
  const bool is_named = shown.file.filename().string().starts_with("df_");
  return probe_table(shown, is_named ? 92 : 78);
}

}  // namespace

const Format& csv() {
  static const Format format{.name = "csv",
                             .title = "tables of images and masks",
                             .description = kDescription,
                             .extensions = {"csv"},
                             .holds = held_by_mask_files(),
                             .probe = probe,
                             .open = open_csv,
                             .create = create_csv,
                             .read_settings = declared_settings<CsvReadSettings>,
                             .write_settings = declared_settings<MaskWriteSettings>};
  return format;
}

}  // namespace maskmill
