// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"

namespace maskmill {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMostReadAhead = 1 << 16;
constexpr std::size_t kHeading = 4096;
constexpr std::size_t kScannedBytes = 1 << 20;

using End = CsvStep::End;

/// Takes a row's characters one by one.
class Parser {
 public:
  Parser(std::string_view text, bool is_whole, char separator, std::vector<std::string>& fields)
      : text_(text), is_whole_(is_whole), separator_(separator), fields_(fields) {}

  CsvStep run() {
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

/// Whether there is a quote, or a CR that no LF follows.
bool holds_special(std::string_view text) {
  if (text.find('"') != std::string_view::npos) return true;
  for (std::size_t at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1))
    if (at + 1 == text.size() || text[at + 1] != '\n') return true;
  return false;
}

}  // namespace

CsvStep parse_csv_row(std::string_view text, bool is_whole, std::vector<std::string>& fields,
                      char separator) {
  CsvStep step = Parser(text, is_whole, separator, fields).run();
  if (step.end != End::unclosed && step.end != End::behind_quote) return step;
  step.bytes = first_line(text);
  step.lines = 1;
  return step;
}

Error bad_csv_row(CsvStep::End end) {
  return Error(Code::bad_format, end == End::behind_quote ? "more than a separator behind a closing quote"
                                                          : "a quote that is not closed")
      .hint("double the quotes inside a quoted field");
}

std::size_t bytes_of_csv_mark(std::string_view start, const Path& file) {
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF"))
    throw Error(Code::unsupported, "is a table in UTF-16").at_file(file).hint("save it as UTF-8");
  return start.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
}

CsvReader::CsvReader(const Path& file, char separator) : file_(file), separator_(separator), bytes_(file) {
  offset_ = bytes_of_csv_mark(bytes_.at(0, kByteOrderMark.size()), file);
}

CsvReader::CsvReader(std::string_view text, const Path& file, std::size_t line, char separator)
    : file_(file), separator_(separator), bytes_(text), line_(line) {}

bool CsvReader::next(CsvRow& row) {
  while (offset_ < bytes_.size()) {
    const bool is_whole = offset_ + window_.size() >= bytes_.size();
    const CsvStep parsed = parse_csv_row(window_, is_whole, row.fields, separator_);
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
    if (!is_sound) throw bad_csv_row(parsed.end).at_file(file_).at_line(row.line);
    if (!parsed.is_blank) return true;
  }
  return false;
}

void CsvReader::seek(std::uint64_t offset, std::size_t line) {
  offset_ = offset;
  line_ = line;
  window_ = {};
}

CsvScanner::CsvScanner(const Path& file, char separator) : file_(file), separator_(separator) {
  refill(1);
  offset_ = bytes_of_csv_mark(window_, file);
  window_.remove_prefix(offset_);
}

/// Makes the window hold `least` more bytes than it does, as far as the file has them. False where it has
/// none.
bool CsvScanner::refill(std::size_t least) {
  if (is_at_end_) return false;
  const std::size_t known = window_.size(), wanted = known + std::max(least, kScannedBytes);
  std::string larger;
  std::string& target = wanted > buffer_.size() ? larger : buffer_;
  if (&target == &larger) larger.resize(wanted);
  if (known > 0) std::memmove(target.data(), window_.data(), known);
  const std::size_t added = file_.read_some(offset_ + known, target.data() + known, wanted - known);
  if (&target == &larger) buffer_ = std::move(larger);
  is_at_end_ = added < wanted - known;
  window_ = std::string_view(buffer_).substr(0, known + added);
  may_be_special_ = holds_special(window_);
  return added > 0;
}

void CsvScanner::take(CsvLine& row, std::size_t bytes, std::size_t lines) {
  row.line = line_;
  row.offset = offset_;
  row.end = offset_ + bytes;
  offset_ += bytes;
  line_ += lines;
  window_.remove_prefix(bytes);
}

bool CsvScanner::next(CsvLine& row) {
  for (;;) {
    const std::size_t end = may_be_special_ ? window_.find_first_of("\"\r\n") : window_.find('\n');
    if (end == std::string_view::npos) {
      if (window_.size() < CsvReader::kMostRowBytes && refill(window_.size())) continue;
      if (window_.empty()) return false;
    }
    const bool is_crlf = end != std::string_view::npos && window_.substr(end, 2) == "\r\n";
    if ((end == std::string_view::npos && !is_at_end_) ||
        (end != std::string_view::npos && window_[end] != '\n' && !is_crlf)) {
      if (next_slowly(row)) return true;
      continue;
    }
    std::string_view line = window_.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    row.text = line;
    row.is_plain = true;
    take(row, end == std::string_view::npos ? window_.size() : end + (is_crlf ? 2 : 1), 1);
    if (!row.text.empty()) return true;
  }
}

/// As the Parser reads it. False for a blank row.
bool CsvScanner::next_slowly(CsvLine& row) {
  for (;;) {
    const CsvStep parsed = parse_csv_row(window_, is_at_end_, fields_, separator_);
    if (parsed.end == End::more && window_.size() < CsvReader::kMostRowBytes) {
      refill(window_.size());  // or learns that this is all
      continue;
    }
    const bool is_sound = parsed.end == End::row;
    const std::size_t bytes = is_sound ? parsed.bytes : first_line(window_);
    row.text = window_.substr(0, bytes);
    while (row.text.ends_with('\n') || row.text.ends_with('\r')) row.text.remove_suffix(1);
    row.is_plain = row.text.find('"') == std::string_view::npos;
    take(row, bytes, is_sound ? parsed.lines : 1);
    if (!is_sound) throw bad_csv_row(parsed.end).at_file(file_.path()).at_line(row.line);
    return !parsed.is_blank;
  }
}

std::string_view plain_csv_field(std::string_view row, std::size_t number, char separator) {
  for (; number > 0; --number) {
    const std::size_t end = row.find(separator);
    if (end == std::string_view::npos) return {};
    row.remove_prefix(end + 1);
  }
  return row.substr(0, row.find(separator));
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
