// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/progress.h"
#include "base/random.h"
#include "fetch/access.h"

namespace maskmill::tests {

/// Three attempts, with hardly a wait between them.
inline const fetch::Patience kHasty{.attempts = 3,
                                    .first_wait = std::chrono::milliseconds(1),
                                    .longest_wait = std::chrono::seconds(1),
                                    .stalled = std::chrono::seconds(30)};

inline std::string bytes_of(std::size_t size, std::uint64_t seed = 1) {
  Random random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

/// No notices of waits, for as long as this lives.
struct Quiet {
  Quiet() { set_quiet(true); }
  ~Quiet() { set_quiet(false); }
};

}  // namespace maskmill::tests
