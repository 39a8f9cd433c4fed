// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/path.h"

namespace maskmill::fetch {

/// SHA-256 (FIPS 180-4), piece by piece: what publishers of files state, where base/hash.h is for ourselves.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void add(std::string_view bytes);
  /// Of what was added so far: 64 lower-case digits.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Throws Error(not_found | unreadable). ctrl-C throws Error(interrupted).
std::string sha256_of(const Path& file);

}  // namespace maskmill::fetch
