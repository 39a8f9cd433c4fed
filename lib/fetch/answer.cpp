// SPDX-License-Identifier: Apache-2.0
#include "fetch/answer.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::fetch {
namespace {

/// Nothing where it is none: a header of a server is no reason to give up.
void add_base64(std::vector<Checksum>& sums, ChecksumKind kind, std::string_view text) {
  try {
    sums.push_back(checksum_from_base64(kind, text));
  } catch (const Error&) {
  }
}

}  // namespace

bool Answer::is_not_found() const {
  constexpr long kNotFound = 404, kGone = 410;
  return status_ == kNotFound || status_ == kGone;
}

bool Answer::may_pass() const {
  constexpr long kRequestTimeout = 408, kTooEarly = 425, kTooManyRequests = 429, kNotImplemented = 501,
                 kVersionNotSupported = 505;
  if (status_ / 100 == 5) return status_ != kNotImplemented && status_ != kVersionNotSupported;
  return status_ == kRequestTimeout || status_ == kTooEarly || status_ == kTooManyRequests;
}

FileState Answer::state() const {
  FileState state{validator(), status_ == kWhole ? length_ : number_after('/'), {}};
  if (is_stored_otherwise_) return state;
  state.published = published_;
  if (status_ == kWhole) state.published.insert(state.published.end(), of_body_.begin(), of_body_.end());
  return state;
}

/// RFC 9110, 13.1.5: a strong ETag; a date only where there is no ETag, and where it is strong, which it is
/// when the file was a second old at least (8.8.2.2).
std::string Answer::validator() const {
  if (!etag_.empty()) return etag_.starts_with("W/") ? std::string() : etag_;
  const time_t modified = curl_getdate(last_modified_.c_str(), nullptr),
               now = curl_getdate(date_.c_str(), nullptr);
  return modified >= 0 && now >= 0 && now - modified >= 1 ? last_modified_ : std::string();
}

bool Answer::continues(const FileState& kept) const {
  const bool other_tag = !etag_.empty() && etag_ != kept.validator;
  const bool other_date = etag_.empty() && !last_modified_.empty() && last_modified_ != kept.validator;
  const auto total = number_after('/');
  return !other_tag && !other_date && (!total || !kept.total || *total == *kept.total);
}

std::string Answer::in_words() const {
  return std::string(trimmed(fmt::format("the server says {} {}", status_, printable(reason_))));
}

std::optional<std::uint64_t> Answer::number_after(char mark) const {
  const std::size_t at = content_range_.find(mark);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t end = content_range_.find_first_not_of("0123456789", at + 1);
  const auto number =
      to_integer(content_range_.substr(at + 1, end == std::string::npos ? end : end - at - 1));
  return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

// Google Cloud Storage, Azure, RFC 1864 and RFC 9530, in this order; the last two are of the body alone.
void Answer::take_published(const std::string& name, const std::string& value) {
  if (name == "x-goog-hash") {
    for (const std::string& part : split_text(value, ',')) {
      const std::string_view sum = trimmed(part);
      if (sum.starts_with("crc32c=")) add_base64(published_, ChecksumKind::crc32c, sum.substr(7));
      if (sum.starts_with("md5=")) add_base64(published_, ChecksumKind::md5, sum.substr(4));
    }
  }
  if (name == "x-ms-blob-content-md5") add_base64(published_, ChecksumKind::md5, value);
  if (name == "content-md5") add_base64(of_body_, ChecksumKind::md5, value);
  if (name == "content-digest" || name == "repr-digest") {
    auto& sums = name == "repr-digest" ? published_ : of_body_;
    for (const std::string& part : split_text(value, ',')) {
      const std::string_view sum = trimmed(part);
      if (sum.starts_with("sha-256=:") && sum.ends_with(":"))
        add_base64(sums, ChecksumKind::sha256, sum.substr(9, sum.size() - 10));
    }
  }
}

void Answer::take(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with("HTTP/")) {  // again after a redirect
    *this = {};
    const std::vector<std::string> words = split_text(line, ' ');
    if (words.size() > 1) status_ = static_cast<long>(to_integer(words[1]).value_or(0));
    for (std::size_t i = 2; i < words.size(); ++i) reason_ += (i > 2 ? " " : "") + words[i];
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower_case(line.substr(0, colon));
  const std::string value(trimmed(line.substr(colon + 1)));
  if (name == "etag") etag_ = value;
  if (name == "last-modified") last_modified_ = value;
  if (name == "date") date_ = value;
  if (name == "content-range") content_range_ = value;
  if (name == "x-goog-stored-content-encoding") is_stored_otherwise_ = value != "identity";
  if (name == "content-length")
    if (const auto number = to_integer(value); number && *number >= 0)
      length_ = static_cast<std::uint64_t>(*number);
  take_published(name, value);
}

}  // namespace maskmill::fetch
