// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/oid_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/json_values.h"

namespace maskmill {
namespace {

struct KnownColumn {
  std::string_view name;
  OpenImagesCell cell;
};

using Cell = OpenImagesCell;

constexpr std::array<KnownColumn, 16> kOfObjects{{{"ImageID", Cell::ignored},
                                                  {"LabelName", Cell::label},
                                                  {"Confidence", Cell::confidence},
                                                  {"XMin", Cell::xmin},
                                                  {"XMax", Cell::xmax},
                                                  {"YMin", Cell::ymin},
                                                  {"YMax", Cell::ymax},
                                                  {"IsOccluded", Cell::occluded},
                                                  {"IsTruncated", Cell::truncated},
                                                  {"IsGroupOf", Cell::group_of},
                                                  {"IsDepiction", Cell::flag},
                                                  {"IsInside", Cell::flag},
                                                  {"BoxID", Cell::box_id},
                                                  {"Attributes", Cell::attributes},
                                                  {"Subset", Cell::ignored},
                                                  {"Source", Cell::text}}};
constexpr std::array<KnownColumn, 11> kOfMasks{{{"ImageID", Cell::ignored},
                                                {"LabelName", Cell::label},
                                                {"MaskPath", Cell::mask_path},
                                                {"BoxID", Cell::box_id},
                                                {"BoxXMin", Cell::xmin},
                                                {"BoxXMax", Cell::xmax},
                                                {"BoxYMin", Cell::ymin},
                                                {"BoxYMax", Cell::ymax},
                                                {"PredictedIoU", Cell::number},
                                                {"Clicks", Cell::text},
                                                {"Attributes", Cell::attributes}}};
constexpr std::array<KnownColumn, 8> kOfImages{{{"ImageID", Cell::ignored},
                                                {"Subset", Cell::ignored},
                                                {"OriginalSize", Cell::integer},
                                                {"Rotation", Cell::number},
                                                {"Width", Cell::width},
                                                {"Height", Cell::height},
                                                {"FileName", Cell::file_name},
                                                {"Attributes", Cell::attributes}}};

template <std::size_t N>
Cell found_in(const std::array<KnownColumn, N>& columns, std::string_view name) {
  const auto known = std::ranges::find(columns, name, &KnownColumn::name);
  return known == columns.end() ? Cell::text : known->cell;
}

std::optional<double> finite_number(std::string_view text) {
  const auto number = to_number(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

class RowParser {
 public:
  RowParser(const OpenImagesTable& table, Place place, std::vector<Finding>& findings)
      : table_(table), findings_(findings) {
    row_.place = std::move(place);
  }

  OpenImagesRow parse(const std::vector<Cell>& cells, const std::vector<std::string>& fields) {
    const std::size_t count = std::min(cells.size(), fields.size());
    for (std::size_t i = 0; i < count; ++i) take(cells[i], table_.columns[i], fields[i]);
    finish();
    return std::move(row_);
  }

 private:
  void report(std::string rule, const std::string& column, std::string message) {
    Place place = row_.place;
    place.field = column;
    findings_.push_back({std::move(rule), Severity::warning, std::move(place), std::move(message), {}});
  }

  void take(Cell cell, const std::string& column, const std::string& text) {
    switch (cell) {
      case Cell::ignored:
        return;
      case Cell::label:
        row_.mid = text;
        return;
      case Cell::xmin:
      case Cell::xmax:
      case Cell::ymin:
      case Cell::ymax:
        return take_coordinate(static_cast<std::size_t>(cell) - static_cast<std::size_t>(Cell::xmin), column,
                               text);
      case Cell::confidence:
        return take_confidence(column, text);
      case Cell::occluded:
        row_.flags.occluded = flag(column, text);
        return;
      case Cell::truncated:
        row_.flags.truncated = flag(column, text);
        return;
      case Cell::group_of:
        row_.flags.crowd = flag(column, text);
        return;
      case Cell::mask_path:
        row_.mask_path = text;
        return;
      case Cell::box_id:
        row_.box_id = text;
        return;
      case Cell::width:
        width_ = text;
        return;
      case Cell::height:
        height_ = text;
        return;
      case Cell::file_name:
        row_.file_name = text;
        return;
      case Cell::attributes:
        return take_attributes(column, text);
      case Cell::flag:
        if (const Flag value = flag(column, text)) row_.attributes.emplace_back(column, *value);
        return;
      case Cell::click:
        if (text != "-1" && to_number(text) != -1) take_number(column, text);
        return;
      case Cell::number:
        return take_number(column, text);
      case Cell::integer:
        if (const auto value = to_integer(text)) {
          row_.attributes.emplace_back(column, std::int64_t{*value});
          return;
        }
        return take_text(column, text);
      case Cell::text:
        return take_text(column, text);
    }
  }

  void take_text(const std::string& column, const std::string& text) {
    if (!text.empty()) row_.attributes.emplace_back(column, text);
  }

  void take_number(const std::string& column, const std::string& text) {
    if (const auto value = finite_number(text))
      row_.attributes.emplace_back(column, *value);
    else if (lower_case(text) != "nan")  // as pandas writes what is not known
      take_text(column, text);
  }

  void take_coordinate(std::size_t number, const std::string& column, const std::string& text) {
    if (text.empty()) return;
    const auto value = finite_number(text);
    if (!value)
      throw Error(Code::bad_value, fmt::format("{} is no number", in_quotes(text))).at_field(column);
    coordinates_[number] = *value;
    ++known_coordinates_;
  }

  Flag flag(const std::string& column, const std::string& text) {
    if (text == "1") return true;
    if (text == "0") return false;
    if (!text.empty() && to_number(text) != -1)
      report("bad-flag", column, fmt::format("{} is neither 1, 0 nor -1", in_quotes(text)));
    return std::nullopt;
  }

  void take_confidence(const std::string& column, const std::string& text) {
    if (text.empty() || text == "1") return;
    if (text == "0" && table_.kind == OpenImagesKind::image_labels) {
      row_.is_absent = true;
      return;
    }
    const auto score = finite_number(text);
    if (score && *score >= 0 && *score <= 1)
      row_.score = score;
    else
      report("score-outside-range", column, fmt::format("{} is no number from 0 to 1", in_quotes(text)));
  }

  void take_attributes(const std::string& column, const std::string& text) {
    if (text.empty()) return;
    Json object;
    try {
      object = parse_json(text, {});
    } catch (const Error&) {
    }
    if (!object.is_object()) {
      report("bad-attribute", column, fmt::format("{} is no JSON object", in_quotes(text)));
      return;
    }
    for (const auto& [name, value] : object.items())
      if (table_.kind != OpenImagesKind::image_labels || !take_flag(name, value))
        row_.attributes.emplace_back(name, attribute_from(value));
  }

  /// Image-level labels have no columns of flags.
  bool take_flag(const std::string& name, const Json& value) {
    Flag* flag = name == "IsOccluded"    ? &row_.flags.occluded
                 : name == "IsTruncated" ? &row_.flags.truncated
                 : name == "IsGroupOf"   ? &row_.flags.crowd
                                         : nullptr;
    if (!flag || !value.is_boolean()) return false;
    *flag = value.get<bool>();
    return true;
  }

  void finish() {
    if (known_coordinates_ == 4)
      row_.fractions = coordinates_;
    else if (table_.kind == OpenImagesKind::boxes || known_coordinates_ > 0)
      throw Error(Code::bad_value, "the box lacks a side: XMin, XMax, YMin and YMax are needed");
    if (width_.empty() && height_.empty()) return;
    const auto width = to_integer(width_), height = to_integer(height_);
    constexpr long long most = 1 << 30;
    if (width && height && *width > 0 && *height > 0 && *width <= most / *height)
      row_.size = Size{static_cast<int>(*width), static_cast<int>(*height)};
    else
      report("bad-size", "Width", fmt::format("{} by {} is no size", in_quotes(width_), in_quotes(height_)));
  }

  const OpenImagesTable& table_;
  std::vector<Finding>& findings_;
  OpenImagesRow row_;
  std::array<double, 4> coordinates_{};
  int known_coordinates_ = 0;
  std::string width_, height_;
};

}  // namespace

OpenImagesCell cell_of(OpenImagesKind kind, std::string_view column) {
  if (kind == OpenImagesKind::images) return found_in(kOfImages, column);
  if (kind == OpenImagesKind::masks) return found_in(kOfMasks, column);
  if (column.starts_with("XClick")) return Cell::click;
  const Cell cell = found_in(kOfObjects, column);
  const bool is_of_box = cell != Cell::label && cell != Cell::confidence && cell != Cell::attributes &&
                         cell != Cell::ignored && cell != Cell::text;
  return kind == OpenImagesKind::image_labels && is_of_box ? Cell::text : cell;
}

std::vector<OpenImagesCell> cells_of(const OpenImagesTable& table) {
  std::vector<Cell> cells;
  for (const std::string& column : table.columns) cells.push_back(cell_of(table.kind, column));
  return cells;
}

OpenImagesRow parse_row(const OpenImagesTable& table, const std::vector<OpenImagesCell>& cells,
                        const std::vector<std::string>& fields, Place place, std::vector<Finding>& findings) {
  return RowParser(table, std::move(place), findings).parse(cells, fields);
}

std::optional<std::string> cell_text(OpenImagesCell cell, const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value); text && cell == Cell::text && !text->empty())
    return *text;
  if (const auto* flag = std::get_if<bool>(&value); flag && cell == Cell::flag) return *flag ? "1" : "0";
  if (const auto* number = std::get_if<std::int64_t>(&value); number && cell == Cell::integer)
    return std::to_string(*number);
  const auto* number = std::get_if<double>(&value);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  if (cell == Cell::number || (cell == Cell::click && *number != -1)) return fmt::format("{}", *number);
  return std::nullopt;
}

std::string confidence_text(std::optional<double> score) {
  if (!score) return "1";
  std::string text = fmt::format("{}", *score);
  if (text == "1" || text == "0") text += ".0";
  return text;
}

std::string_view flag_text(Flag flag) {
  if (!flag) return "-1";
  return *flag ? "1" : "0";
}

}  // namespace maskmill
