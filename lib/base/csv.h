// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"

namespace maskmill {

/// Comma-separated values (RFC 4180), as spreadsheets and pandas write them too: a field may be quoted and
/// then hold separators, line breaks and doubled quotes; lines end with LF, CRLF or CR; a byte order mark
/// before the first row is passed over, and so are blank lines.
struct CsvRow {
  std::vector<std::string> fields;
  std::size_t line = 1;      ///< on which it begins, from 1
  std::uint64_t offset = 0;  ///< of its first byte
};

/// Reads row by row; memory does not grow with the file. One thread at a time.
class CsvReader {
 public:
  /// An unclosed quote would else take the rest of the file.
  static constexpr std::size_t kMostRowBytes = 1 << 20;

  /// Throws Error(not_found | unreadable), and Error(unsupported) for UTF-16.
  explicit CsvReader(const Path& file, char separator = ',');

  /// False at the end. Throws Error(bad_format) with file and line for a row that cannot be read: a quote
  /// that is not closed, or more than a separator behind a closed one. The next call goes on with the line
  /// after that on which the row began.
  bool next(CsvRow& row);

  /// To a row that next() gave.
  void seek(std::uint64_t offset, std::size_t line);

 private:
  Path file_;
  char separator_;
  ByteSource bytes_;
  std::uint64_t offset_ = 0;
  std::size_t line_ = 1;
  std::string_view window_;        ///< bytes from offset_ on
  std::size_t read_ahead_ = 4096;  ///< grows with each window, so that a single row costs little
};

/// That of ",", ";" and tab which stands most often in the first line outside quotes; "," where none does.
char find_separator(const Path& file);

/// One line, with its end; fields are quoted where they have to be.
std::string to_csv_line(std::span<const std::string> fields);

}  // namespace maskmill
