// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/checksum.h"

namespace maskmill::fetch {

/// Which file a server has at one time.
struct FileState {
  std::string validator;               ///< a strong ETag or date (RFC 9110, 8.8); empty where there is none
  std::optional<std::uint64_t> total;  ///< its bytes, where the server says
  std::vector<Checksum> published;     ///< what the server says of all of them
  bool can_be_continued() const { return !validator.empty(); }
};

/// What the headers of an answer say (RFC 9110), the last one after redirects.
class Answer {
 public:
  static constexpr long kWhole = 200, kPart = 206, kRangeNotSatisfiable = 416;

  /// A line of the header; a status line begins anew.
  void take(std::string_view line);

  /// 0 until there is one.
  long status() const { return status_; }
  bool is_file() const { return status_ == kWhole || status_ == kPart; }
  bool is_redirect() const { return status_ / 100 == 3; }
  /// 404 and 410.
  bool is_not_found() const;
  bool wants_password() const { return status_ == 401 || status_ == 407; }
  /// True for what may be otherwise in a while.
  bool may_pass() const;

  FileState state() const;
  /// Of "bytes 100-199/200": where the body begins.
  std::optional<std::uint64_t> range_begin() const { return number_after(' '); }
  /// False where the file is not the one of which bytes are there already.
  bool continues(const FileState& kept) const;
  /// "the server says 404 Not Found"
  std::string in_words() const;

 private:
  std::string validator() const;
  std::optional<std::uint64_t> number_after(char mark) const;
  void take_published(const std::string& name, const std::string& value);

  long status_ = 0;
  std::string reason_, etag_, last_modified_, date_, content_range_;
  std::optional<std::uint64_t> length_;
  std::vector<Checksum> published_, of_body_;
  bool is_stored_otherwise_ =
      false;  ///< the server unpacks it as it sends it: what it publishes is of other bytes
};

}  // namespace maskmill::fetch
