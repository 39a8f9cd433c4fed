// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace maskmill {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMostReadAhead = 1 << 16;
constexpr std::size_t kHeading = 4096;

enum class End { row, more, unclosed, behind_quote };

struct Parsed {
  End end = End::row;
  std::size_t bytes = 0;  ///< with the line's end
  std::size_t lines = 0;
  bool is_blank = false;
};

/// Takes a row's characters one by one.
class Parser {
 public:
  Parser(std::string_view text, bool is_whole, char separator, std::vector<std::string>& fields)
      : text_(text), is_whole_(is_whole), separator_(separator), fields_(fields) {}

  Parsed run() {
    fields_.assign(1, {});
    while (at_ < text_.size()) {
      if (text_[at_] == '"' && fields_.back().empty() && !was_quoted_) {
        if (const End end = take_quoted(); end != End::row) return {end, at_, lines_, false};
      } else if (text_[at_] == separator_) {
        fields_.emplace_back();
        was_quoted_ = false;
        ++at_;
      } else if (is_line_end()) {
        if (!take_line_end()) return {End::more, at_, lines_, false};
        return {End::row, at_, lines_, is_blank()};
      } else if (was_quoted_) {
        return {End::behind_quote, at_, lines_, false};
      } else {
        fields_.back() += text_[at_++];
      }
    }
    return {is_whole_ ? End::row : End::more, at_, lines_, is_blank()};
  }

 private:
  bool is_blank() const { return fields_.size() == 1 && fields_[0].empty() && !was_quoted_; }
  bool is_line_end() const { return text_[at_] == '\n' || text_[at_] == '\r'; }
  bool is_last() const { return at_ + 1 == text_.size(); }

  /// False where CR is the last byte that is known: LF may follow.
  bool take_line_end() {
    if (text_[at_] == '\r') {
      if (is_last() && !is_whole_) return false;
      if (!is_last() && text_[at_ + 1] == '\n') ++at_;
    }
    ++at_;
    ++lines_;
    return true;
  }

  End take_quoted() {
    was_quoted_ = true;
    for (++at_; at_ < text_.size();) {
      if (text_[at_] == '"') {
        if (is_last() && !is_whole_) return End::more;
        if (is_last() || text_[at_ + 1] != '"') return ++at_, End::row;
        fields_.back() += '"';
        at_ += 2;
      } else if (is_line_end()) {
        const std::size_t begin = at_;
        if (!take_line_end()) return End::more;
        fields_.back() += text_.substr(begin, at_ - begin);
      } else {
        fields_.back() += text_[at_++];
      }
    }
    return is_whole_ ? End::unclosed : End::more;
  }

  std::string_view text_;
  bool is_whole_;
  char separator_;
  std::vector<std::string>& fields_;
  std::size_t at_ = 0, lines_ = 0;
  bool was_quoted_ = false;  ///< the last field
};

/// Bytes of the first line, with its end; all where there is none.
std::size_t first_line(std::string_view text) {
  const std::size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) return text.size();
  return end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
}

}  // namespace

CsvReader::CsvReader(const Path& file, char separator) : file_(file), separator_(separator), bytes_(file) {
  const std::string_view start = bytes_.at(0, kByteOrderMark.size());
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF"))
    throw Error(Code::unsupported, "is a table in UTF-16").at_file(file).hint("save it as UTF-8");
  if (start == kByteOrderMark) offset_ = kByteOrderMark.size();
}

bool CsvReader::next(CsvRow& row) {
  while (offset_ < bytes_.size()) {
    const bool is_whole = offset_ + window_.size() >= bytes_.size();
    const Parsed parsed = Parser(window_, is_whole, separator_, row.fields).run();
    if (parsed.end == End::more && window_.size() < kMostRowBytes) {
      const std::size_t known = window_.size();
      window_ = bytes_.at(offset_, std::max(2 * known, read_ahead_));
      if (window_.size() <= known) return false;  // the file shrank meanwhile
      read_ahead_ = std::min(2 * read_ahead_, kMostReadAhead);
      continue;
    }
    row.line = line_;
    row.offset = offset_;
    const bool is_sound = parsed.end == End::row;
    const std::size_t bytes = is_sound ? parsed.bytes : first_line(window_);
    offset_ += bytes;
    window_.remove_prefix(bytes);
    line_ += is_sound ? parsed.lines : 1;
    if (!is_sound)
      throw Error(Code::bad_format, parsed.end == End::behind_quote
                                        ? "more than a separator behind a closing quote"
                                        : "a quote that is not closed")
          .at_file(file_)
          .at_line(row.line)
          .hint("double the quotes inside a quoted field");
    if (!parsed.is_blank) return true;
  }
  return false;
}

void CsvReader::seek(std::uint64_t offset, std::size_t line) {
  offset_ = offset;
  line_ = line;
  window_ = {};
}

char find_separator(const Path& file) {
  ByteSource bytes(file);
  const std::string_view text = bytes.at(0, kHeading);
  constexpr std::array<char, 3> separators{',', ';', '\t'};
  std::array<int, 3> counts{};
  bool quoted = false;
  for (const char letter : text.substr(0, first_line(text))) {
    quoted ^= letter == '"';
    for (std::size_t i = 0; i < separators.size(); ++i) counts[i] += !quoted && letter == separators[i];
  }
  return separators[static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) -
                                             counts.begin())];
}

std::string to_csv_line(std::span<const std::string> fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (&field != fields.data()) line += ',';
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char letter : field) line.append(letter == '"' ? 2 : 1, letter);
    line += '"';
  }
  // A line without a character would be passed over.
  return (line.empty() && !fields.empty() ? "\"\"" : line) + "\n";
}

}  // namespace maskmill
