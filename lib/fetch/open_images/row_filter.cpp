// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/row_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <unordered_set>

#include "base/csv.h"
#include "base/text.h"
#include "formats/openimages/mask_names.h"

namespace maskmill::fetch {
namespace {

/// What is looked through twice, for quotes and for rows: it stays in the processor's first cache.
constexpr std::size_t kBlockBytes = 16 << 10;
constexpr std::size_t kMarkBytes = 3;

const char* find_byte(const char* from, const char* end, char byte) {
  return static_cast<const char*>(std::memchr(from, byte, static_cast<std::size_t>(end - from)));
}

const char* find_last_byte(const char* from, const char* end, char byte) {
  return static_cast<const char*>(memrchr(from, byte, static_cast<std::size_t>(end - from)));
}

/// Behind the last line end in [from, end); `from` where there is none.
const char* after_last_line(const char* from, const char* end) {
  const char* start = from;
  if (const char* feed = find_last_byte(from, end, '\n')) start = feed + 1;
  if (const char* back = find_last_byte(start, end, '\r')) start = back + 1;
  return start;
}

/// The same where the bytes go on: LF may follow a CR that is the last.
const char* after_last_whole_line(const char* from, const char* end) {
  return after_last_line(from, end > from && end[-1] == '\r' ? end - 1 : end);
}

/// The first CR or LF; null where there is none.
const char* line_end(const char* from, const char* end) {
  const char* feed = find_byte(from, end, '\n');
  const char* back = find_byte(from, feed ? feed : end, '\r');
  return back ? back : feed;
}

const char* behind_line_end(const char* line_end, const char* end) {
  return line_end + (line_end + 1 < end && line_end[0] == '\r' && line_end[1] == '\n' ? 2 : 1);
}

/// Takes bytes apart into rows. Without quotes a row is a line; what looks for rows in lines without quotes
/// derives from it.
class Filter : public RowFilter {
 public:
  Filter(std::string column, RowSinks sinks, Path table)
      : column_name_(std::move(column)), sinks_(std::move(sinks)), table_(std::move(table)) {}

  void add(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (carried_.empty()) {
        carried_ = bytes.substr(consume(bytes, false));
        wanted_carry_ = 0;
        return;
      }
      // A row that has begun is completed, and the rest is looked through where it lies.
      std::size_t taken = bytes.find('\n');
      taken = taken == std::string_view::npos ? bytes.size() : taken + 1;
      if (carried_.size() + taken < wanted_carry_)
        taken = std::min(bytes.size(), wanted_carry_ - carried_.size());
      carried_ += bytes.substr(0, taken);
      bytes.remove_prefix(taken);
      if (carried_.size() < wanted_carry_ && carried_.size() < CsvReader::kMostRowBytes) continue;
      carried_.erase(0, consume(carried_, false));
      // What has not ended is not parsed again before it is twice as long.
      wanted_carry_ = carried_.size() >= kBlockBytes ? 2 * carried_.size() : 0;
    }
  }

  void finish() override {
    consume(carried_, true);
    carried_.clear();
    if (!column_) throw Error(Code::bad_format, "is empty: it has no header").at_file(table_);
  }

 protected:
  /// Hands on the rows that are wanted among lines without quotes. `lines_end`: where the last of them ends.
  virtual void search_lines(const char* begin, const char* lines_end) = 0;
  virtual bool is_wanted(std::string_view cell) const = 0;

  /// A line without quotes, which is wanted if its cell says so.
  void take_line(const char* begin, const char* end) {
    const std::string_view line(begin, static_cast<std::size_t>(end - begin));
    if (is_wanted(plain_csv_field(line, *column_))) sinks_.row(line);
  }

 private:
  void take_row(std::string_view text) {
    if (!column_) return take_header(text);
    if (fields_.size() > *column_ && is_wanted(fields_[*column_])) sinks_.row(text);
  }

  void take_header(std::string_view text) {
    const auto found = std::ranges::find(fields_, column_name_);
    if (found == fields_.end())
      throw Error(Code::bad_format,
                  fmt::format("is no such table of Open Images: its header lacks {}", column_name_))
          .at_file(table_);
    column_ = static_cast<std::size_t>(found - fields_.begin());
    sinks_.header(text, fields_);
  }

  /// Returns how many bytes are done with; with `is_whole`, all are.
  std::size_t consume(std::string_view text, bool is_whole) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* at = begin;
    if (!is_past_mark_) {
      if (text.size() < kMarkBytes && !is_whole) return 0;
      at += bytes_of_csv_mark(text, table_);
      is_past_mark_ = true;
    }
    while (!column_ && at < end)
      if (!parse_one(at, end, is_whole)) return static_cast<std::size_t>(at - begin);

    while (at < end) {
      const char* const block_end = end - at > std::ptrdiff_t{kBlockBytes} ? at + kBlockBytes : end;
      const char* const quote = find_byte(at, block_end, '"');
      const char* const lines_end = after_last_whole_line(at, quote ? quote : block_end);
      search_lines(at, lines_end);
      const bool any_lines = lines_end > at;
      at = lines_end;
      if (!quote && any_lines) continue;
      const bool has_only_begun = !quote && block_end == end && !is_whole;
      if (has_only_begun && end - at < std::ptrdiff_t{CsvReader::kMostRowBytes}) break;
      // A row with quotes, one longer than a block, or the last one.
      if (!parse_one(at, end, is_whole)) break;
    }
    return static_cast<std::size_t>(at - begin);
  }

  /// The row at `at`, and moves behind it. False where more bytes are needed.
  bool parse_one(const char*& at, const char* end, bool is_whole) {
    const std::string_view text(at, static_cast<std::size_t>(end - at));
    const CsvStep step = parse_csv_row(text, is_whole, fields_);
    const bool is_unreadable = step.end == CsvStep::End::unclosed || step.end == CsvStep::End::behind_quote;
    const bool is_too_long = step.end == CsvStep::End::more && text.size() >= CsvReader::kMostRowBytes;
    if (step.end == CsvStep::End::row) {
      std::string_view row = text.substr(0, step.bytes);
      while (row.ends_with('\n') || row.ends_with('\r')) row.remove_suffix(1);
      if (!step.is_blank) take_row(row);
      at += step.bytes;
      return true;
    }
    if (!is_unreadable && !is_too_long) return false;
    const char* const ended = line_end(at, end);
    // LF may follow a CR that is the last.
    if (!is_whole && !is_too_long && (!ended || ended + 1 == end)) return false;
    sinks_.unreadable(bad_csv_row(step.end).at_file(table_));
    at = ended ? behind_line_end(ended, end) : end;
    return true;
  }

  std::string column_name_;
  RowSinks sinks_;
  Path table_;
  std::string carried_;           ///< of a row that has not ended
  std::size_t wanted_carry_ = 0;  ///< so long it shall be before it is looked at again
  std::vector<std::string> fields_;
  std::optional<std::size_t> column_;
  bool is_past_mark_ = false;
};

/// The few texts that are looked for, and a table of bits that rejects most others by some of their letters.
class Mids {
 public:
  explicit Mids(const std::vector<std::string>& mids) : mids_(mids.begin(), mids.end()) {
    std::size_t compared = kMostCompared;
    for (const std::string& mid : mids_) {
      if (!is_mid(mid)) throw Error(Code::bug, "is no MID: " + in_quotes(mid));
      compared = std::min(compared, mid.size() - kPrefix);
    }
    mask_ = compared == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * compared)) - 1;
    for (const std::string& mid : mids_) {
      std::array<char, 8> letters{};
      mid.copy(letters.data(), compared, kPrefix);
      const std::size_t bit = bit_of(letters.data());
      bits_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }

  bool holds(std::string_view mid) const { return mids_.find(mid) != mids_.end(); }

  /// False for most places of a slash at which none of them stands. `slash` has kRead bytes.
  bool may_be_at(const char* slash) const {
    const std::size_t bit = bit_of(slash + kPrefix);
    return (bits_[bit / 64] >> (bit % 64) & 1) != 0;
  }

  static constexpr std::size_t kPrefix = 3;  // "/m/"
  static constexpr std::size_t kRead = kPrefix + 8;

 private:
  static constexpr std::size_t kMostCompared = 6;
  static constexpr std::size_t kBits = 1 << 14;

  std::size_t bit_of(const char* letters) const {
    std::uint64_t number = 0;
    std::memcpy(&number, letters, sizeof number);
    return static_cast<std::size_t>((number & mask_) * 0x9E3779B97F4A7C15 >> (64 - 14));
  }

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> mids_;
  std::uint64_t mask_ = 0;
  std::array<std::uint64_t, kBits / 64> bits_{};
};

/// Every row has one MID and hardly a slash besides: so slashes are searched, not lines.
class ByMids : public Filter {
 public:
  ByMids(std::string column, const std::vector<std::string>& mids, RowSinks sinks, Path table)
      : Filter(std::move(column), std::move(sinks), std::move(table)), mids_(mids) {}

 protected:
  bool is_wanted(std::string_view cell) const override { return mids_.holds(cell); }

  void search_lines(const char* begin, const char* end) override {
    const char* at = begin;
    while (at < end) {
      const char* slash = find_byte(at, end, '/');
      if (!slash) return;
      if (end - slash >= std::ptrdiff_t{Mids::kRead} && !mids_.may_be_at(slash)) {
        // No MID begins at the second slash of "/m/", since none follows a letter.
        at = slash + (slash[2] == '/' && slash[1] != ',' && slash[1] != '\n' && slash[1] != '\r' ? 3 : 1);
        continue;
      }
      at = stands_at(begin, slash, end) ? take_line_around(begin, slash, end) : slash + 1;
    }
  }

 private:
  /// Whether a cell begins at `slash` that is one of them.
  bool stands_at(const char* begin, const char* slash, const char* end) const {
    if (slash > begin && slash[-1] != ',' && slash[-1] != '\n' && slash[-1] != '\r') return false;
    const char* cell_end = slash;
    while (cell_end < end && *cell_end != ',' && *cell_end != '\n' && *cell_end != '\r') ++cell_end;
    return mids_.holds({slash, static_cast<std::size_t>(cell_end - slash)});
  }

  const char* take_line_around(const char* begin, const char* at, const char* end) {
    const char* const line = after_last_line(begin, at);
    const char* const ended = line_end(at, end);
    take_line(line, ended ? ended : end);
    return ended ? behind_line_end(ended, end) : end;
  }

  Mids mids_;
};

class ByCell : public Filter {
 public:
  ByCell(std::string column, std::function<bool(std::string_view)> is_wanted, RowSinks sinks, Path table)
      : Filter(std::move(column), std::move(sinks), std::move(table)), is_wanted_(std::move(is_wanted)) {}

 protected:
  bool is_wanted(std::string_view cell) const override { return is_wanted_(cell); }

  void search_lines(const char* begin, const char* end) override {
    for (const char* at = begin; at < end;) {
      const char* const ended = line_end(at, end);
      if (ended != at) take_line(at, ended ? ended : end);
      at = ended ? behind_line_end(ended, end) : end;
    }
  }

 private:
  std::function<bool(std::string_view)> is_wanted_;
};

}  // namespace

std::unique_ptr<RowFilter> filter_by_mids(std::string column, const std::vector<std::string>& mids,
                                          RowSinks sinks, Path table) {
  return std::make_unique<ByMids>(std::move(column), mids, std::move(sinks), std::move(table));
}

std::unique_ptr<RowFilter> filter_by_cell(std::string column, std::function<bool(std::string_view)> is_wanted,
                                          RowSinks sinks, Path table) {
  return std::make_unique<ByCell>(std::move(column), std::move(is_wanted), std::move(sinks),
                                  std::move(table));
}

}  // namespace maskmill::fetch
