// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/path.h"

namespace maskmill::tests {

/// A folder of the running test's own, gone when the test ends.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const Path& path() const { return path_; }
  Path operator/(const Path& name) const { return path_ / name; }
  /// Writes a file, making the folders above it, and returns its path.
  Path write(const Path& name, std::string_view bytes) const;

 private:
  Path path_;
};

/// Replaces a file's bytes by others. Removes it first, so that another hard link keeps the old ones.
void rewrite(const Path& path, std::string_view bytes);

/// How many files and folders lie directly in a folder, hidden ones among them.
std::size_t entries_in(const Path& folder);

/// ../shared/data beside the checkout, or empty where it is absent: such a test says that it was skipped and
/// returns.
Path real_data();

/// The Error that `action` throws; fails the test if it throws nothing.
template <class Action>
Error thrown_by(Action&& action);

}  // namespace maskmill::tests

#include "catch.h"

namespace maskmill::tests {
template <class Action>
Error thrown_by(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  throw 0;
}
}  // namespace maskmill::tests
