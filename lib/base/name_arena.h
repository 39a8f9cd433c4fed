// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace maskmill {

/// Names of any number in few large pieces of memory: their bytes and 2 each.
class NameArena {
 public:
  /// What a name is known by; none equals `none`.
  using Number = std::uint32_t;
  static constexpr Number none = 0xFFFFFFFF;

  /// Throws Error(unsupported) for a name of 64 KB, and beyond 4 GB of names.
  Number add(std::string_view name);
  /// Valid as long as the arena, wherever it is moved; empty for `none`.
  std::string_view operator[](Number number) const;

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::uint32_t used_ = 0;  ///< of the last block
};

}  // namespace maskmill
