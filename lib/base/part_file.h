// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/path.h"

namespace maskmill {

/// Bytes kept on disk until they are read again; gone with the object, and with the process. A process may
/// hold few files open, and a data set may have many subsets, so all their lines share one.
class PartFile {
 public:
  /// Without a name in the system's folder for temporary files, which TMPDIR names. Throws
  /// Error(write_failed).
  PartFile();
  /// In `folder`, for an output of which errors speak. Throws Error(write_failed).
  PartFile(const Path& folder, Path output);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// Returns where the bytes begin. Throws Error(write_failed).
  std::uint64_t append(std::string_view bytes);
  /// Makes `bytes` those. Throws Error(write_failed).
  void read(std::uint64_t offset, std::uint64_t length, std::string& bytes) const;

 private:
  PartFile(const Path& folder, Path named, const char* hint);
  /// Of the last system call.
  Error failure(std::string_view what) const;

  Path named_;
  const char* hint_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// Lines in a file that others share: in memory 16 KB and one line, and 16 bytes for each 16 KB on disk.
class LineStore {
 public:
  /// `file` must outlive this.
  explicit LineStore(PartFile& file) : file_(file) {}
  /// Throws Error(write_failed).
  void append(std::string_view line);
  /// Every line from the first on. Throws Error(write_failed).
  void for_each(const std::function<void(std::string_view)>& visit) const;

 private:
  struct Block {
    std::uint64_t offset = 0, length = 0;
  };
  PartFile& file_;
  std::vector<Block> blocks_;  ///< whole lines each
  std::string last_lines_;     ///< not in the file yet
};

}  // namespace maskmill
