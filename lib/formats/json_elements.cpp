// SPDX-License-Identifier: Apache-2.0
#include "formats/json_elements.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kWindow = std::size_t{1} << 20;
constexpr std::size_t kFirstWindow = std::size_t{1} << 15;  // a file an image: most end in it
constexpr std::size_t kMaxDepth = 200;
constexpr std::size_t kMaxKeys = 10'000;

using CharacterSet = std::array<bool, 256>;

constexpr CharacterSet characters(std::string_view text) {
  CharacterSet set{};
  for (const char character : text) set[static_cast<unsigned char>(character)] = true;
  return set;
}

constexpr CharacterSet kSpace = characters(" \t\r\n");
constexpr CharacterSet kBracketOrQuote = characters("{}[]\"");
constexpr CharacterSet kQuoteOrBackslash = characters("\"\\");
constexpr CharacterSet kScalarEnd = characters(" \t\r\n,]}\"[{:");

bool is_in(const CharacterSet& set, char character) {
  return set[static_cast<unsigned char>(character)];
}

std::string described(char character) {
  return in_quotes(std::string_view(&character, 1));
}

// A window that moves over the file. From `keep_` on, where it is set, the bytes stay in the window, which
// grows for them.
class Scanner {
 public:
  Scanner(const SharedFile& file, const JsonVisitor& visitor) : file_(file), visitor_(visitor) {
    window_.resize(kFirstWindow + kJsonPadding);
    next_ = end_ = counted_ = window_.data();
  }

  void run() {
    skip_byte_order_mark();
    if (!more() || skip_space() != '{') fail("expected one JSON object; found " + found());
    if (visits_members("")) {
      members("");
    } else {
      for_each_member([&](const std::string& key) { member(key); });
    }
    end();
  }

  void run_list() {
    skip_byte_order_mark();
    if (!more() || skip_space() != '[') fail("expected one JSON list; found " + found());
    list({});
    end();
  }

 private:
  void end() {
    if (skip_space_to_end()) fail("expected the end of the file; found " + found());
  }

  bool visits_members(const std::string& key) const { return visitor_.is_object && visitor_.is_object(key); }

  // From the bracket that opens an object past the one that closes it; visit(key) is called before each value
  // and goes past it.
  template <class Visit>
  void for_each_member(Visit&& visit) {
    ++next_;
    if (skip_space() == '}') {
      ++next_;
      return;
    }
    do {
      if (skip_space() != '"') fail("expected a key in quotes; found " + found());
      const std::string key = read_key();
      if (skip_space() != ':') fail("expected ':' after a key; found " + found());
      ++next_;
      skip_space();
      visit(key);
    } while (another('}'));
  }

  void members(const std::string& key) {
    for_each_member([&](const std::string& name) {
      const auto [where, text] = kept_value();
      visitor_.member(key, name, where, text);
      keep_ = nullptr;
    });
  }

  // The next value, which stays in the window until keep_ is unset.
  std::pair<JsonRange, std::string_view> kept_value() {
    JsonRange where = here();
    keep_ = next_;
    skip_value();
    where.length = position() - where.offset;
    return {where, keep_ ? std::string_view(keep_, static_cast<std::size_t>(next_ - keep_)) : ""};
  }

  void member(const std::string& key) {
    if (keys_.size() == kMaxKeys) fail(fmt::format("more than {} keys", kMaxKeys));
    if (!keys_.insert(key).second) fail("the key " + in_quotes(key) + " occurs twice");
    if (*next_ == '[' && visitor_.is_list(key)) {
      list(key);
    } else if (*next_ == '{' && visits_members(key)) {
      members(key);
    } else {
      JsonRange where = here();
      skip_value();
      where.length = position() - where.offset;
      visitor_.value(key, where);
    }
  }

  void list(const std::string& key) {
    visitor_.list(key);
    ++next_;
    if (skip_space() == ']') {
      ++next_;
      return;
    }
    do {
      skip_space();
      const auto [where, text] = kept_value();
      visitor_.element(key, where, text);
      keep_ = nullptr;
    } while (another(']'));
  }

  // After a value: past a comma, or past the bracket that ends them.
  bool another(char closing) {
    const char character = skip_space();
    if (character != ',' && character != closing)
      fail(fmt::format("expected ',' or '{}'; found {}", closing, found()));
    ++next_;
    return character == ',';
  }

  std::string read_key() {
    keep_ = next_;
    skip_string();
    if (!keep_) fail("a key longer than 256 MB");
    const std::string_view text(keep_, static_cast<std::size_t>(next_ - keep_));
    std::string key(text.substr(1, text.size() - 2));
    if (key.find('\\') != std::string::npos || !is_utf8(key)) key = unescaped(text);
    keep_ = nullptr;
    return key;
  }

  std::string unescaped(std::string_view text) {
    try {
      return parse_json(text, file_.path()).get<std::string>();
    } catch (const Error& error) {
      fail(error.message());
    }
  }

  void skip_value() {
    switch (peek()) {
      case '"':
        return skip_string();
      case '{':
      case '[':
        return skip_nested();
      default: {
        const std::uint64_t start = position();
        while (more() && !is_in(kScalarEnd, *next_)) ++next_;
        if (position() == start) fail("expected a value; found " + found());
      }
    }
  }

  void skip_nested() {
    open_.clear();
    do {
      skip_until(kBracketOrQuote);
      const char character = peek();
      switch (character) {
        case '"':
          skip_string();
          break;
        case '{':
        case '[':
          if (open_.size() == kMaxDepth) fail(fmt::format("nested deeper than {} levels", kMaxDepth));
          open_.push_back(character);
          ++next_;
          break;
        default:
          if (open_.back() != (character == '}' ? '{' : '['))
            fail(fmt::format("'{}' closes a '{}'", character, open_.back()));
          open_.pop_back();
          ++next_;
      }
    } while (!open_.empty());
  }

  void skip_string() {
    for (++next_;; ++next_) {
      skip_until(kQuoteOrBackslash);
      if (peek() == '"') break;
      ++next_;  // the escaped character
      peek();
    }
    ++next_;
  }

  void skip_until(const CharacterSet& set) {
    do {
      while (next_ != end_ && !is_in(set, *next_)) ++next_;
    } while (next_ == end_ && more());
  }

  bool skip_space_to_end() {
    while (more() && is_in(kSpace, *next_)) ++next_;
    return next_ != end_;
  }

  char skip_space() {
    skip_space_to_end();
    return peek();
  }

  char peek() {
    if (!more()) fail("the file ends in the middle");
    return *next_;
  }

  // True where there is a next byte, which may have to be read.
  bool more() { return next_ != end_ || refill(); }

  bool refill() {
    count_lines();
    const std::size_t kept = keep_ ? static_cast<std::size_t>(end_ - keep_) : 0;
    if (kept > kMaxJsonElement) return drop_kept_and_refill();
    const std::uint64_t offset = position();
    if (kept > 0) std::memmove(window_.data(), keep_, kept);
    if (kept > (window_.size() - kJsonPadding) / 2)
      window_.resize(2 * window_.size());
    else if (was_filled_ && window_.size() < kWindow)
      window_.resize(kWindow + kJsonPadding);
    const std::size_t room = window_.size() - kJsonPadding - kept;
    const std::size_t got = file_.read_some(offset, window_.data() + kept, room);
    was_filled_ = got == room;
    if (keep_) keep_ = window_.data();
    next_ = counted_ = window_.data() + kept;
    end_ = next_ + got;
    end_offset_ = offset + got;
    return got > 0;
  }

  bool drop_kept_and_refill() {
    keep_ = nullptr;
    window_.resize(kWindow + kJsonPadding);
    window_.shrink_to_fit();
    next_ = end_ = counted_ = window_.data();
    return refill();
  }

  void skip_byte_order_mark() {
    if (more() && end_ - next_ >= 3 && std::memcmp(next_, "\xEF\xBB\xBF", 3) == 0) next_ += 3;
  }

  std::uint64_t position() const { return end_offset_ - static_cast<std::uint64_t>(end_ - next_); }

  void count_lines() {
    line_ += static_cast<std::uint64_t>(std::count(counted_, next_, '\n'));
    counted_ = next_;
  }

  JsonRange here() {
    count_lines();
    return {position(), 0, line_};
  }

  std::string found() const { return next_ == end_ ? "the end of the file" : described(*next_); }

  [[noreturn]] void fail(const std::string& message) {
    count_lines();
    throw Error(Code::bad_format, "not valid JSON: " + message)
        .at_file(file_.path())
        .at_line(static_cast<std::size_t>(line_));
  }

  const SharedFile& file_;
  const JsonVisitor& visitor_;
  std::vector<char> window_;
  const char* next_ = nullptr;
  const char* end_ = nullptr;
  const char* keep_ = nullptr;
  const char* counted_ = nullptr;  // lines before it are in line_
  std::uint64_t end_offset_ = 0;
  bool was_filled_ = false;  // by the last read, so that a larger window is worth its bytes
  std::uint64_t line_ = 1;
  std::vector<char> open_;
  std::set<std::string> keys_;
};

}  // namespace

void scan(const SharedFile& file, const JsonVisitor& visitor) {
  Scanner(file, visitor).run();
}

void scan_list(const SharedFile& file,
               const std::function<void(const JsonRange& where, std::string_view text)>& element) {
  JsonVisitor visitor;
  visitor.list = [](const std::string&) {};
  visitor.element = [&](const std::string&, const JsonRange& where, std::string_view text) {
    element(where, text);
  };
  Scanner(file, visitor).run_list();
}

}  // namespace maskmill
