// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"

namespace maskmill {

/// A cell's path with "/" between its parts, whatever system wrote it, and without "./" before it.
std::string plain_path(std::string_view cell);

/// Where the files lie that a table's paths name. A table may have been written from a folder above its own,
/// or on another machine: what stands before the part that is found here is then left out, in all paths that
/// begin with it.
class TablePaths {
 public:
  /// Paths begin in `root` or, without one, in the table's folder or one of the three above it.
  TablePaths(Path table_folder, const std::optional<std::string>& root);

  /// Looks for the file, unless a rule that it found earlier says where it must be. After 64 files that are
  /// not there it looks no more.
  void learn(const std::string& path);
  /// Where the file must be.
  Path find(const std::string& path) const;

  /// What begins with `prefix` ends in `folder`.
  struct Rule {
    std::string prefix;  ///< empty, or up to and with a "/"
    Path folder;
  };
  /// Those that are not as written: another folder than the table's.
  std::vector<Rule> moved() const;

 private:
  const Rule* rule_for(const std::string& path) const;

  Path table_folder_;
  std::vector<Path> folders_;
  std::vector<Rule> rules_;
  int tries_left_ = 64;
};

}  // namespace maskmill
