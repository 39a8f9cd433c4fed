// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/path.h"

namespace maskmill::fetch {

/// What publishers of files state: SHA-256 (FIPS 180-4), MD5 (RFC 1321) and CRC-32C (RFC 3720), where
/// base/hash.h is for ourselves.
enum class ChecksumKind { sha256, md5, crc32c };

}  // namespace maskmill::fetch

template <>
inline constexpr std::array<std::string_view, 3> maskmill::enum_names<maskmill::fetch::ChecksumKind>{
    "sha256", "md5", "crc32c"};

namespace maskmill::fetch {

struct Checksum {
  ChecksumKind kind = ChecksumKind::sha256;
  std::string digits;  ///< lower-case hexadecimal; of a SHA-256 at least its first 8

  /// "md5:9e107d9d372bb6826bd81d3542a419d6"
  std::string text() const;
  friend bool operator==(const Checksum&, const Checksum&) = default;
};

/// What Checksum::text gives, in any case; without a kind, its number of digits says it (64, 32 or 8). Throws
/// Error(bad_value).
Checksum parse_checksum(std::string_view text);

/// As HTTP headers and Open Images' tables have them, in base64. Throws Error(bad_value).
Checksum checksum_from_base64(ChecksumKind kind, std::string_view base64);

/// Several kinds over the same bytes, piece by piece.
class Checksums {
 public:
  explicit Checksums(const std::vector<ChecksumKind>& kinds = {ChecksumKind::sha256});
  /// Those kinds of which checksums are known.
  explicit Checksums(const std::vector<Checksum>& known);
  ~Checksums();
  Checksums(Checksums&&) noexcept;
  Checksums& operator=(Checksums&&) noexcept;

  void add(std::string_view bytes);
  /// Of what was added so far, in lower-case digits. Of another kind, throws Error(bug).
  std::string hex(ChecksumKind kind) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The bytes of a file. Throws Error(not_found | unreadable). ctrl-C throws Error(interrupted).
void add_file(Checksums& sums, const Path& file);
/// Throws Error(bad_format), saying of which file by `name`, where one that is known differs from what was
/// found.
void require_equal(const Checksums& found, const std::vector<Checksum>& known, const std::string& name);

/// 64 lower-case digits.
std::string sha256_of(std::string_view bytes);
/// Of a file that is held to what is known of it. Throws as add_file() and require_equal().
std::string sha256_of_known(const Path& file, const std::vector<Checksum>& known, const std::string& name);

}  // namespace maskmill::fetch
