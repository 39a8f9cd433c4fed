// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "base/shared_file.h"

namespace maskmill {

/// Comma-separated values (RFC 4180), as spreadsheets and pandas write them too: a field may be quoted and
/// then hold separators, line breaks and doubled quotes; lines end with LF, CRLF or CR; a byte order mark
/// before the first row is passed over, and so are blank lines.
struct CsvRow {
  std::vector<std::string> fields;
  std::size_t line = 1;      ///< on which it begins, from 1
  std::uint64_t offset = 0;  ///< of its first byte
};

/// The first row of a text, for tables that come in pieces.
struct CsvStep {
  enum class End {
    row,
    more,  ///< it may go on behind the text
    unclosed,
    behind_quote
  };
  End end = End::row;
  /// With the line's end. Of a row that cannot be read, those of its first line, with which reading goes on.
  std::size_t bytes = 0, lines = 0;
  bool is_blank = false;  ///< no row, but a line without a character
};

/// `is_whole`: nothing follows the text. Fills in `fields`.
CsvStep parse_csv_row(std::string_view text, bool is_whole, std::vector<std::string>& fields,
                      char separator = ',');
/// What is wrong with a row that ended so.
Error bad_csv_row(CsvStep::End end);
/// Where the rows begin that follow `start`, a table's first 3 bytes or all of it: behind a byte order mark.
/// Throws Error(unsupported) for UTF-16, naming `file`.
std::size_t bytes_of_csv_mark(std::string_view start, const Path& file);

/// Reads row by row; memory does not grow with the file. One thread at a time.
class CsvReader {
 public:
  /// An unclosed quote would else take the rest of the file.
  static constexpr std::size_t kMostRowBytes = 1 << 20;

  /// Throws Error(not_found | unreadable), and Error(unsupported) for UTF-16.
  explicit CsvReader(const Path& file, char separator = ',');
  /// Rows of a text that lies in memory as long as this, and in `file` from the beginning of `line` on.
  CsvReader(std::string_view text, const Path& file, std::size_t line, char separator = ',');

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

/// A row as it stands in its file.
struct CsvLine {
  std::string_view text;     ///< without its line's end; valid until the next call
  std::size_t line = 1;      ///< on which it begins, from 1
  std::uint64_t offset = 0;  ///< of its first byte
  std::uint64_t end = 0;     ///< of the first byte behind its line's end
  bool is_plain =
      true;  ///< without quotes: fields are what lies between separators, as plain_csv_field() has them
};

/// The rows that CsvReader reads, unparsed: for tables of gigabytes, of which an index wants a field or two.
/// Plain rows take little more time than finding their ends. One thread at a time.
class CsvScanner {
 public:
  /// Throws as CsvReader.
  explicit CsvScanner(const Path& file, char separator = ',');

  /// As CsvReader::next.
  bool next(CsvLine& row);

 private:
  bool refill(std::size_t least);
  bool next_slowly(CsvLine& row);
  void take(CsvLine& row, std::size_t bytes, std::size_t lines);

  SharedFile file_;
  char separator_;
  std::string buffer_;
  std::string_view window_;  ///< of the buffer: bytes from offset_ on
  std::uint64_t offset_ = 0;
  std::size_t line_ = 1;
  bool is_at_end_ = false;       ///< the window ends where the file does
  bool may_be_special_ = false;  ///< the window may hold quotes, or CR other than before LF
  std::vector<std::string> fields_;
};

/// Field `number`, from 0, of a row that is plain; empty where there are fewer.
std::string_view plain_csv_field(std::string_view row, std::size_t number, char separator = ',');

/// That of ",", ";" and tab which stands most often in the first line outside quotes; "," where none does.
char find_separator(const Path& file);

/// One line, with its end; fields are quoted where they have to be.
std::string to_csv_line(std::span<const std::string> fields);

}  // namespace maskmill
