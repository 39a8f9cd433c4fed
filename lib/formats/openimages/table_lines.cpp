// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/table_lines.h"

#include <utility>

#include "base/csv.h"

namespace maskmill {
namespace {

// A cell may hold line breaks, and a line of the store none.
constexpr char kEscape = '\x1b', kBetween = '\x1f', kLineBreak = '\n';
constexpr char kEscapedEscape = 'e', kEscapedBetween = 'b', kEscapedLineBreak = 'n';

void append_escaped(std::string& line, std::string_view cell) {
  for (const char c : cell) switch (c) {
      case kEscape:
        line += {kEscape, kEscapedEscape};
        break;
      case kBetween:
        line += {kEscape, kEscapedBetween};
        break;
      case kLineBreak:
        line += {kEscape, kEscapedLineBreak};
        break;
      default:
        line += c;
    }
}

std::vector<std::string> unpacked(std::string_view line) {
  std::vector<std::string> cells(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == kBetween)
      cells.emplace_back();
    else if (line[i] != kEscape)
      cells.back() += line[i];
    else if (const char escaped = line[++i]; escaped == kEscapedEscape)
      cells.back() += kEscape;
    else
      cells.back() += escaped == kEscapedBetween ? kBetween : kLineBreak;
  }
  return cells;
}

}  // namespace

TableLines::TableLines(PartFile& file, std::vector<TableColumn> columns)
    : columns_(std::move(columns)), is_used_(columns_.size()), lines_(file) {
  for (std::size_t i = 0; i < columns_.size(); ++i) is_used_[i] = !columns_[i].is_optional;
}

std::string TableLines::packed(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    if (&cell != cells.data()) line += kBetween;
    append_escaped(line, cell);
  }
  return line;
}

void TableLines::append(std::string_view packed_cells) {
  is_empty_ = false;
  std::size_t column = 0;
  bool is_blank = true;
  for (const char c : packed_cells) {
    if (c != kBetween) {
      if (std::exchange(is_blank, false)) is_used_[column] = true;
      continue;
    }
    ++column;
    is_blank = true;
  }
  lines_.append(packed_cells);
}

void TableLines::write(ByteWriter& file) const {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (is_used_[i]) kept.emplace_back(columns_[i].name);
  file.write(to_csv_line(kept));
  lines_.for_each([&](std::string_view line) {
    std::vector<std::string> cells = unpacked(line);
    kept.clear();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!is_used_[i]) continue;
      if (cells[i].empty()) cells[i] = columns_[i].unknown;
      kept.push_back(std::move(cells[i]));
    }
    file.write(to_csv_line(kept));
  });
}

}  // namespace maskmill
