// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "base/path.h"

namespace maskmill {

enum class OpenImagesKind { images, boxes, masks, image_labels };

/// A table of Open Images: what its rows are, and where in them the cells lie. Told by its header, whatever
/// its version: V4 and V5 have no XClick columns, datumaro has no Source.
struct OpenImagesTable {
  using Column = std::optional<std::size_t>;

  Path file;
  OpenImagesKind kind = OpenImagesKind::images;
  std::vector<std::string> columns;
  std::size_t image = 0;        ///< the column of the image's id
  Column label, subset_column;  ///< LabelName, Subset
  /// Of the rows, by the file's name or its folder's; "" where that says so or says nothing.
  std::string subset;
  bool names_subset = false;  ///< and not nothing

  Column column(std::string_view name) const;
};

/// What a header says; nothing where it is none of these. `columns` is the first row of a table.
std::optional<OpenImagesKind> kind_of_header(const std::vector<std::string>& columns);

/// Reads the first row of the file. Nothing where that is no header of a table of Open Images. Throws Error
/// as CsvReader.
std::optional<OpenImagesTable> find_table(const Path& file);

/// The subset in a table's name: "train" of "oidv6-train-annotations-bbox.csv" and of
/// "challenge-2019-train-segmentation-masks.csv"; nothing where it has none.
std::optional<std::string> subset_in_name(std::string_view file_name);

/// True for train, train_0, validation, val and test, as folders of images are called.
bool is_openimages_subset(std::string_view name);

/// Of tables that are versions of one, as those of V5 and V6 are, the names of all but the latest, with those
/// of the latest: their rows would count twice.
std::vector<std::pair<Path, Path>> take_out_older(std::vector<OpenImagesTable>& tables);

}  // namespace maskmill
