// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace maskmill {

/// XXH3, 128 bits: fast, and good enough that equal digests mean equal content where nobody is attacking.
struct Digest {
  std::uint64_t high = 0, low = 0;
  std::string hex() const;  ///< 32 lower-case digits
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

/// For containers.
struct HashDigest {
  std::size_t operator()(const Digest& digest) const { return static_cast<std::size_t>(digest.low); }
};

Digest digest_of(std::string_view bytes);

/// The same, piece by piece.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  void add(std::string_view bytes);
  Digest digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace maskmill
