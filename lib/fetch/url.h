// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/path.h"

namespace maskmill::fetch {

/// True where `text` begins as a URL of the web does: http:// or https://.
bool is_url(std::string_view text);

/// A URL of the web (RFC 3986), with the dots in its path resolved.
class Url {
 public:
  /// Throws Error(usage) for what is none, naming what is wrong with it.
  explicit Url(const std::string& text);

  const std::string& text() const { return text_; }
  /// For messages and files: without user and password.
  const std::string& printable() const { return printable_; }
  bool is_secure() const { return printable_.starts_with("https:"); }
  /// A relative path that no other URL has, as host/models/a.pth: readable, and safe to join to a folder.
  const Path& file_path() const { return file_path_; }

 private:
  std::string text_, printable_;
  Path file_path_;
};

}  // namespace maskmill::fetch
