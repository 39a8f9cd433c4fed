// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"

namespace maskmill {

/// Zip files as torch.save and numpy.savez write them (PKWARE's APPNOTE.TXT 6.3.10, of which zip64, stored
/// and deflated entries). An entry is read whole; both classes are for archives of arrays, not for unpacking
/// what people send.

/// Reads the directory and holds it to the file: names are unique, entries lie apart and before the
/// directory, local names agree with it, and no entry claims a size that its bytes cannot inflate to.
/// Throws Error(bad_format), Error(unsupported) for encryption, split archives and other methods.
class ZipReader {
 public:
  struct Entry {
    std::string name;
    std::uint64_t offset = 0;  ///< of the data
    std::uint64_t packed_size = 0, size = 0;
    std::uint32_t crc = 0;  ///< 0: not known
    bool deflated = false;
  };

  /// `file` must outlive the reader. Throws Error(bad_format) also where the entries together claim more
  /// bytes than `most_inflated`; unset: 32 times the file's size and 16 MiB.
  explicit ZipReader(ByteSource& file, std::optional<std::uint64_t> most_inflated = std::nullopt);

  /// In the directory's order.
  const std::vector<Entry>& entries() const { return entries_; }
  /// Null where there is none. Takes logarithmic time.
  const Entry* find(std::string_view name) const;

  /// What ByteSource::at gives where the entry is stored, else `inflated`, which is overwritten. Throws
  /// Error(bad_format) where the checksum differs.
  std::string_view content(const Entry& entry, std::string& inflated) const;
  /// The first bytes of the content, at most `count`, as they are: the checksum is of the whole.
  std::string beginning(const Entry& entry, std::size_t count) const;

 private:
  ByteSource& file_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> by_name_;
};

/// Writes stored entries whose data begin at multiples of 64 bytes, as torch does, so that they can be
/// mapped. The bytes depend on nothing but the calls.
class ZipWriter {
 public:
  /// Sizes and offsets from `zip64_from` on are written as zip64; tests lower it.
  explicit ZipWriter(std::uint64_t zip64_from = 0xFFFFFFFF) : zip64_from_(zip64_from) {}

  /// Makes room for that many bytes, so that large archives are not copied as they grow.
  void reserve(std::uint64_t bytes) { file_.reserve(bytes); }
  void add(std::string name, std::string_view content);
  /// The file. Nothing may be added afterwards.
  std::string finish();

 private:
  struct Written {
    std::string name;
    std::uint64_t offset, size;
    std::uint32_t crc;
  };
  std::uint64_t zip64_from_;
  std::string file_;
  std::vector<Written> written_;
};

}  // namespace maskmill
