// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/path.h"

namespace maskmill {

/// Bytes kept on disk until they are read again; gone with the object, and with the process. A process may
/// hold few files open, and a data set may have many subsets, so all their lines share one.
class PartFile {
 public:
  /// `folder`: where the file lies, without a name; the system's own for temporary files where none is given.
  /// Throws Error(write_failed).
  explicit PartFile(const Path& folder = {});
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// Returns where the bytes begin. Throws Error(write_failed).
  std::uint64_t append(std::string_view bytes);
  /// Makes `bytes` those. Throws Error(write_failed).
  void read(std::uint64_t offset, std::uint64_t length, std::string& bytes) const;

 private:
  Path folder_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace maskmill
