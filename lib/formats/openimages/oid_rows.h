// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "formats/openimages/oid_tables.h"
#include "image/image.h"

namespace maskmill {

/// What a column's cells are.
enum class OpenImagesCell {
  ignored,
  label,
  xmin,
  xmax,
  ymin,
  ymax,
  confidence,
  occluded,
  truncated,
  group_of,
  mask_path,
  box_id,
  width,
  height,
  file_name,
  attributes,  ///< a JSON object: what Open Images has no column for
  // What becomes an attribute of the column's name:
  flag,   ///< 1, 0, or -1 for unknown
  click,  ///< a number, or -1 for unknown
  number,
  integer,
  text
};

/// One a column.
std::vector<OpenImagesCell> cells_of(const OpenImagesTable& table);
/// A column's, in a table of this kind, whatever its other columns.
OpenImagesCell cell_of(OpenImagesKind kind, std::string_view column);

/// A row as it stands.
struct OpenImagesRow {
  Place place;
  std::string mid;                                 ///< LabelName; empty where there is none
  std::optional<std::array<double, 4>> fractions;  ///< XMin, XMax, YMin, YMax
  std::optional<double> score;
  bool is_absent = false;  ///< of an image-level label: people said that it is not there
  Flags flags;
  std::string mask_path, box_id, file_name;
  std::optional<Size> size;
  Attributes attributes;
};

/// Findings: "bad-flag", "score-outside-range", "bad-attribute", "bad-size". Throws Error(bad_value) with the
/// field for coordinates that are no numbers, and for a box without any.
OpenImagesRow parse_row(const OpenImagesTable& table, const std::vector<OpenImagesCell>& cells,
                        const std::vector<std::string>& fields, Place place, std::vector<Finding>& findings);

/// The cell that parse_row() reads as this attribute; nothing where it has no such cell.
std::optional<std::string> cell_text(OpenImagesCell cell, const AttributeValue& value);

/// A Confidence. "1", which stands everywhere in the official tables of boxes and says nothing there, is no
/// score; a score of 1 is "1.0".
std::string confidence_text(std::optional<double> score);
std::string_view flag_text(Flag flag);

}  // namespace maskmill
