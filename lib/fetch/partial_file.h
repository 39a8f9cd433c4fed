// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/path.h"
#include "fetch/sha256.h"
#include "fetch/url.h"

namespace maskmill::fetch {

/// Which file a server has at one time.
struct FileState {
  std::string validator;               ///< a strong ETag or date (RFC 9110, 8.8); empty where there is none
  std::optional<std::uint64_t> total;  ///< its bytes, where the server says
  bool can_be_continued() const { return !validator.empty(); }
};

/// The bytes of a URL that have come so far, in `target`.part, held by this process alone. The state of the
/// server's file that they are of stands in target.part.json; bytes of no state are dropped.
class PartialFile {
 public:
  /// Waits for another process that has it, and makes the folders above. Throws Error(write_failed |
  /// unreadable | interrupted).
  PartialFile(const Url& url, const Path& target);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  std::uint64_t size() const { return size_; }
  /// Of which state of the server's file these bytes are.
  const FileState& state() const { return state_; }

  /// These two and become_target() throw Error(write_failed).
  void append(std::string_view bytes);
  void begin_again(const FileState& state);
  std::string sha256() const { return sum_.hex(); }
  /// On disk before it has the name.
  void become_target();
  void remove();

 private:
  void lock();
  void take_up();
  bool is_locked_file_in_place() const;

  const Url& url_;
  Path target_, path_, state_path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  FileState state_;
  Sha256 sum_;
};

Error interrupted_download();

}  // namespace maskmill::fetch
