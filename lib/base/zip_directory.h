// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace maskmill {

/// The parts of a zip file (PKWARE's APPNOTE.TXT 6.3.10), for readers that hold it and for those that ask a
/// server for pieces of it. All throw Error(bad_format) for what is damaged.

/// Exactly these bytes of the file, valid until the next call. Throws Error(bad_format) past its end.
using ZipBytes = std::function<std::string_view(std::uint64_t offset, std::uint64_t size)>;

struct ZipDirectory {
  /// The end of a file and its comment: where the directory lies is found in these last bytes, unless
  /// something lies between.
  static constexpr std::uint64_t kEndBytes = 22 + 0xFFFF + 20 + 56;

  std::uint64_t offset = 0, size = 0, count = 0;
};

/// Throws Error(unsupported) for an archive in several parts.
ZipDirectory find_zip_directory(std::uint64_t file_size, const ZipBytes& read);

/// What the directory says of an entry.
struct ZipListed {
  std::string_view name;
  std::uint64_t heading_offset = 0;  ///< of what stands before its data
  std::uint64_t packed_size = 0, size = 0;
  std::uint32_t crc = 0;  ///< 0: not known
  bool is_deflated = false;
};

/// Takes the first entry of the directory's bytes and removes it from them. Throws Error(unsupported) for
/// encryption and for methods other than stored and deflated, and Error(bad_format) for a size that the
/// packed bytes cannot have.
ZipListed take_zip_entry(std::string_view& directory);
/// The most bytes that one entry of a directory has.
inline constexpr std::size_t kMostZipEntryBytes = 46 + 3 * 0xFFFF;

/// What stands before the data of an entry.
struct ZipHeading {
  static constexpr std::size_t kBytes = 30;  ///< and then the name and the extra field
  std::size_t name_size = 0, extra_size = 0;
  std::size_t data_offset() const { return kBytes + name_size + extra_size; }
};

/// Of its first kBytes.
ZipHeading parse_zip_heading(std::string_view bytes);

/// The first `size` bytes of what was deflated; with `whole`, neither data nor packed bytes may be left.
std::string inflated_zip_data(std::string_view packed, std::uint64_t size, bool whole);
/// CRC-32, as zip files have it.
std::uint32_t zip_checksum(std::string_view bytes);

/// Error(bad_format): "not a sound zip file: ".
Error broken_zip(const std::string& message);

}  // namespace maskmill
