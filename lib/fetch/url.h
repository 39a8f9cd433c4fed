// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/path.h"

namespace maskmill::fetch {

/// True where `text` begins as a URL of the web does: http:// or https://.
bool is_url(std::string_view text);

/// A URL of the web (RFC 3986).
class Url {
 public:
  /// Throws Error(usage) for what is none, saying why, and for one with a user or a password, which belong
  /// into ~/.netrc.
  explicit Url(const std::string& text);

  const std::string& text() const { return text_; }
  /// For messages and files: of a query, which may hold a token, only that there is one.
  const std::string& printable() const { return printable_; }
  bool is_secure() const { return printable_.starts_with("https:"); }
  /// Safe as part of a file's name, as is file_name(): 127.0.0.1%3A8080.
  const std::string& host() const { return host_; }
  /// The name of its file, with its extension.
  const std::string& file_name() const { return file_name_; }
  /// Where a copy of `other` lies below this, a mirror's base: this, and other's host and what follows it.
  Url with_mirrored(const Url& other) const;
  /// 64 digits that no other URL has.
  const std::string& digest() const { return digest_; }

 private:
  std::string text_, printable_, host_, file_name_, digest_;
};

}  // namespace maskmill::fetch
