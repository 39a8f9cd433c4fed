// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/path.h"

namespace maskmill {

/// A file that is read in pieces. Its methods may be called on any thread.
class SharedFile {
 public:
  /// Readable bytes behind what read() gives: parsers ask for some.
  static constexpr std::size_t kPadding = 64;

  /// Throws Error(not_found | unreadable); of a folder or a pipe too.
  explicit SharedFile(Path path);
  ~SharedFile();
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  const Path& path() const { return path_; }
  /// Up to `length` bytes from `offset` on; fewer at the file's end. Throws Error(unreadable).
  std::size_t read_some(std::uint64_t offset, char* bytes, std::size_t length) const;
  /// Fills `buffer` with exactly these bytes and the padding. Throws Error(unreadable), also for a file that
  /// has become shorter.
  void read(std::uint64_t offset, std::uint64_t length, std::string& buffer) const;

 private:
  Path path_;
  int descriptor_;
};

}  // namespace maskmill
