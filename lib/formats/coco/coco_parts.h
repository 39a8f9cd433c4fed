// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"

namespace maskmill {

/// Lines kept on disk until they are joined; gone with the object, and with the process.
class LineStore {
 public:
  /// `folder`: where the file lies, without a name. Throws Error(write_failed).
  explicit LineStore(const Path& folder);
  /// Throws Error(write_failed).
  void append(std::string_view line);
  /// Every line from the first on; to be called once, after the last append(). Throws Error(write_failed).
  void for_each(const std::function<void(std::string_view)>& visit);

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Path folder_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

/// Ids as they come, made unique at the end: 8 bytes each.
class IdList {
 public:
  void add(std::optional<std::int64_t> id);
  std::size_t size() const { return ids_.size(); }

  struct Resolved {
    std::vector<std::int64_t> ids;
    std::size_t renumbered = 0;  ///< those that repeated another's
  };
  /// The first of an id keeps it. The others, and those without one, get numbers that are free, from 1 up.
  Resolved resolve() &&;

 private:
  std::vector<std::int64_t> ids_;
  std::vector<bool> is_stated_;
};

}  // namespace maskmill
