// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/path.h"

namespace maskmill {

/// Bytes in memory or in a file, of which only the parts that are asked for are read. One thread at a time.
class ByteSource {
 public:
  /// `bytes` must outlive this.
  explicit ByteSource(std::string_view bytes) : memory_(bytes), size_(bytes.size()) {}
  /// Throws Error(not_found | unreadable) naming the path.
  explicit ByteSource(const Path& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  std::uint64_t size() const { return size_; }
  /// `count` bytes from `offset`, fewer where the data end. Of a file they are valid until the next call, and
  /// little more than them is read. Throws Error(unreadable).
  std::string_view at(std::uint64_t offset, std::size_t count);

 private:
  std::string_view memory_;
  std::uint64_t size_ = 0;
  int descriptor_ = -1;
  std::string window_;
  std::uint64_t window_offset_ = 0;
};

}  // namespace maskmill
