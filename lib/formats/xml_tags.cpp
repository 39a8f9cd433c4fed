// SPDX-License-Identifier: Apache-2.0
#include "formats/xml_tags.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "base/utf8.h"

namespace maskmill {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::size_t kLongestName = 1000;
constexpr std::size_t kNone = std::string_view::npos;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool ends_name(char c) {
  return is_blank(c) || c == '/' || c == '>' || c == '=' || c == '<' || c == '"' || c == '\'';
}

/// The character of "#65" or "#x41"; nothing where it is none.
std::optional<std::uint32_t> character_of(std::string_view reference) {
  const bool is_hex = reference.starts_with("#x");
  if (!reference.starts_with('#')) return std::nullopt;
  reference.remove_prefix(is_hex ? 2 : 1);
  std::uint32_t code = 0;
  const char* const end = reference.data() + reference.size();
  const auto [stopped, problem] = std::from_chars(reference.data(), end, code, is_hex ? 16 : 10);
  if (problem != std::errc() || stopped != end || code == 0 || code > 0x10FFFF ||
      (code >= 0xD800 && code < 0xE000))
    return std::nullopt;
  return code;
}

std::string decoded(std::string_view raw) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}}};
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n') continue;
    if (is_blank(raw[i])) {
      text += ' ';
      continue;
    }
    if (raw[i] == '&') {
      const std::size_t end = raw.find(';', i);
      const std::string_view reference = end == kNone ? std::string_view() : raw.substr(i + 1, end - i - 1);
      const auto entity =
          std::ranges::find(kEntities, reference, [](const auto& pair) { return pair.first; });
      if (entity != kEntities.end()) {
        text += entity->second;
        i = end;
        continue;
      }
      if (const auto code = character_of(reference)) {
        append_utf8(text, char32_t{*code});
        i = end;
        continue;
      }
    }
    text += raw[i];
  }
  return text;
}

}  // namespace

std::optional<std::string> xml_attribute(std::string_view attributes, std::string_view name) {
  std::size_t at = 0;
  const auto pass_blanks = [&] {
    while (at < attributes.size() && is_blank(attributes[at])) ++at;
  };
  for (;;) {
    pass_blanks();
    const std::size_t begin = at;
    while (at < attributes.size() && !ends_name(attributes[at])) ++at;
    const std::string_view found = attributes.substr(begin, at - begin);
    pass_blanks();
    if (found.empty() || at >= attributes.size() || attributes[at] != '=') return std::nullopt;
    ++at;
    pass_blanks();
    if (at >= attributes.size() || (attributes[at] != '"' && attributes[at] != '\'')) return std::nullopt;
    const std::size_t end = attributes.find(attributes[at], at + 1);
    if (end == kNone) return std::nullopt;
    const std::string_view value = attributes.substr(at + 1, end - at - 1);
    if (found == name) return decoded(value);
    at = end + 1;
  }
}

/// False at the file's end. What lies before the construct at at_ is let go.
bool XmlTags::fill() {
  if (at_end_) return false;
  throw_if_interrupted();
  if (at_ > 0) {
    count_lines(at_);
    std::memmove(buffer_.data(), buffer_.data() + at_, size_ - at_);
    offset_ += at_;
    size_ -= at_;
    counted_ -= at_;
    at_ = 0;
  }
  if (size_ > kLongestTag) {
    tag_begin_ = at_;
    throw error(Code::unsupported, "one tag or comment of more than 256 MiB");
  }
  // Twice as much each time, so that a long tag is not looked through again for every block.
  const std::size_t wanted = std::max(kBlock, size_ * 2);
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  while (size_ < wanted) {
    const std::size_t got = file_.read_some(offset_ + size_, buffer_.data() + size_, wanted - size_);
    if (got == 0) {
      at_end_ = true;
      break;
    }
    size_ += got;
  }
  return true;
}

/// Where `what` begins, from `from` behind at_; reads on until it is there. kNone: the file ends before.
std::size_t XmlTags::find(std::string_view what, std::size_t from) {
  for (std::size_t ahead = from;;) {
    const std::size_t found = std::string_view(buffer_).substr(0, size_).find(what, at_ + ahead);
    if (found != kNone) return found - at_;
    ahead = std::max(from, size_ - at_ > what.size() ? size_ - at_ - what.size() : 0);
    if (!fill()) return kNone;
  }
}

/// Behind at_, the ">" that ends the tag which begins there.
std::size_t XmlTags::find_tag_end(std::size_t from) {
  for (;;) {
    const char* const begin = buffer_.data() + at_;
    const char* const end = buffer_.data() + size_;
    for (const char* p = begin + from; p < end;) {
      if (*p == '>') return static_cast<std::size_t>(p - begin);
      if (*p == '<') return kNone;
      if (*p == '"' || *p == '\'') {
        const auto* close =
            static_cast<const char*>(std::memchr(p + 1, *p, static_cast<std::size_t>(end - p - 1)));
        if (!close) break;
        if (std::memchr(p + 1, '<', static_cast<std::size_t>(close - p - 1))) return kNone;
        p = close + 1;
      } else {
        ++p;
      }
    }
    if (!fill()) return kNone;
  }
}

void XmlTags::count_lines(std::size_t to) {
  if (to <= counted_) return;
  line_ += static_cast<std::size_t>(std::count(buffer_.data() + counted_, buffer_.data() + to, '\n'));
  counted_ = to;
}

std::size_t XmlTags::line() {
  count_lines(tag_begin_);
  return line_;
}

Error XmlTags::error(Code code, const std::string& message) {
  return Error(code, message).at_file(file_.path()).at_line(line());
}

/// <?xml version="1.0" encoding="..."?>
void XmlTags::pass_declaration(std::size_t end) {
  const std::string_view declaration = std::string_view(buffer_).substr(at_ + 5, end - 5);
  const std::string name = lower_case(xml_attribute(declaration, "encoding").value_or("utf-8"));
  if (name != "utf-8" && name != "utf8" && name != "us-ascii" && name != "ascii")
    throw error(Code::unsupported, "is in the encoding " + in_quotes(name)).hint("store it as UTF-8");
}

bool XmlTags::next(XmlTag& tag) {
  for (;;) {
    if (offset_ == 0 && size_ == 0) {
      fill();
      const std::string_view begin = std::string_view(buffer_).substr(0, std::min<std::size_t>(size_, 3));
      if (begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF"))
        throw error(Code::unsupported, "is in UTF-16").hint("store it as UTF-8");
      if (begin == "\xEF\xBB\xBF") at_ = 3;
    }
    const auto* found = static_cast<const char*>(std::memchr(buffer_.data() + at_, '<', size_ - at_));
    const std::size_t text_end = found ? static_cast<std::size_t>(found - buffer_.data()) : size_;
    if (open_.empty()) {
      const auto* other = std::find_if_not(buffer_.data() + at_, buffer_.data() + text_end, is_blank);
      if (other != buffer_.data() + text_end) {
        tag_begin_ = static_cast<std::size_t>(other - buffer_.data());
        throw error(Code::bad_format, has_root_ ? "not valid XML: there is more behind the root element"
                                                : "not valid XML: there is text before the root element");
      }
    }
    at_ = tag_begin_ = text_end;
    if (!found) {
      if (fill()) continue;
      tag_begin_ = at_;
      if (!open_.empty())
        throw error(Code::bad_format, "not valid XML: it ends inside <" +
                                          printable(std::string_view(open_names_).substr(open_.back())) +
                                          ">");
      if (!has_root_) throw error(Code::bad_format, "not valid XML: no element found");
      return false;
    }
    // The longest that tells one construct from another.
    while (size_ - at_ < 9 && fill()) {
    }
    tag_begin_ = at_;
    const std::string_view ahead =
        std::string_view(buffer_).substr(at_, std::min<std::size_t>(9, size_ - at_));
    const auto pass = [&](std::string_view end, std::size_t from, const char* what) {
      const std::size_t length = find(end, from);
      tag_begin_ = at_;
      if (length == kNone)
        throw error(Code::bad_format, std::string("not valid XML: ") + what + " has no end");
      return length + end.size();
    };
    if (ahead.starts_with("<!--")) {
      at_ += pass("-->", 4, "a comment");
    } else if (ahead.starts_with("<![CDATA[")) {
      if (open_.empty()) throw error(Code::bad_format, "not valid XML: text outside the root element");
      at_ += pass("]]>", 9, "a CDATA section");
    } else if (ahead.starts_with("<?")) {
      const bool is_declaration = ahead.starts_with("<?xml") && is_blank(ahead[5]);
      const std::size_t length = pass("?>", 2, "a processing instruction");
      if (is_declaration) pass_declaration(length);
      at_ += length;
    } else if (ahead.starts_with("<!")) {
      throw error(Code::unsupported, "has a document type, whose entities are not read");
    } else {
      const std::size_t end = find_tag_end(1);
      tag_begin_ = at_;
      if (end == kNone) throw error(Code::bad_format, "not valid XML: a tag has no end");
      read_tag(at_, at_ + end, tag);
      at_ += end + 1;
      return true;
    }
  }
}

/// `end`: of its ">".
void XmlTags::read_tag(std::size_t begin, std::size_t end, XmlTag& tag) {
  std::string_view inside = std::string_view(buffer_).substr(begin + 1, end - begin - 1);
  const bool is_end = inside.starts_with('/'), is_empty = !is_end && inside.ends_with('/');
  if (is_end) inside.remove_prefix(1);
  if (is_empty) inside.remove_suffix(1);
  const std::size_t name_end =
      static_cast<std::size_t>(std::ranges::find_if(inside, ends_name) - inside.begin());
  tag.name = inside.substr(0, name_end);
  tag.attributes = inside.substr(name_end);
  tag.begin = offset_ + begin;
  tag.end = offset_ + end + 1;
  tag.opens = !is_end;
  tag.closes = is_end || is_empty;
  if (tag.name.empty()) throw error(Code::bad_format, "not valid XML: a tag without a name");
  if (tag.name.size() > kLongestName)
    throw error(Code::unsupported, "an element whose name has more than 1,000 bytes");
  if (is_end) {
    const std::string_view open =
        open_.empty() ? std::string_view() : std::string_view(open_names_).substr(open_.back());
    if (open != tag.name)
      throw error(Code::bad_format, "not valid XML: </" + printable(tag.name) + "> closes " +
                                        (open_.empty() ? "nothing" : "<" + printable(open) + ">"));
    tag.depth = static_cast<int>(open_.size());
    open_names_.resize(open_.back());
    open_.pop_back();
    return;
  }
  if (open_.empty() && has_root_)
    throw error(Code::bad_format, "not valid XML: a second root element <" + printable(tag.name) + ">");
  has_root_ = true;
  tag.depth = static_cast<int>(open_.size()) + 1;
  if (tag.depth > kDeepest)
    throw error(Code::unsupported, "elements nested deeper than " + std::to_string(kDeepest) + " levels");
  if (is_empty) return;
  open_.push_back(open_names_.size());
  open_names_ += tag.name;
}

}  // namespace maskmill
