// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash_index.h"
#include "base/name_arena.h"
#include "base/path.h"
#include "fetch/remote_file.h"

namespace maskmill::fetch {

/// A file of which parts can be had.
struct ByteRanges {
  std::uint64_t size = 0;
  /// As RemoteFile::read().
  std::function<void(std::span<const ByteRange> ranges,
                     const std::function<void(std::size_t number, std::string bytes)>& take)>
      read;
};
ByteRanges ranges_of(const RemoteFile& file);  ///< which must outlive them
/// Throws Error(not_found | unreadable).
ByteRanges ranges_of(const Path& file);

/// A zip file of which single members are wanted, and not the whole. Its directory is read once, in pieces:
/// a member takes some 70 bytes of memory and its name. Members must be stored or deflated, lie apart, and
/// have names of their own; zip64 is read.
class RemoteZip {
 public:
  /// Parts that lie no farther apart than kMostGap bytes are asked for as one, up to kLargestRange.
  static constexpr std::uint64_t kMostGap = 128 << 10, kLargestRange = 2 << 20;
  /// Of a member, packed and unpacked, and of a directory. Larger ones are not read.
  static constexpr std::uint64_t kMostMemberBytes = 256 << 20, kMostDirectoryBytes = 1 << 30;

  using Number = std::uint32_t;

  /// Throws as `file` does, and Error(bad_format | unsupported).
  explicit RemoteZip(ByteRanges file);

  std::size_t size() const { return members_.size(); }
  std::string_view name(Number member) const { return names_[members_[member].name]; }
  std::optional<Number> find(std::string_view name) const;
  /// Of what the member holds, as the directory says; read() holds it to that.
  std::uint64_t bytes(Number member) const { return members_[member].size; }

  /// What a read() of these members would ask for.
  struct Cost {
    std::uint64_t bytes = 0;
    std::size_t requests = 0;
  };
  Cost cost(std::span<const Number> members) const;
  /// Of the directory and what it was found by.
  std::uint64_t directory_bytes() const { return directory_bytes_; }

  /// Hands on what each member holds, in the order in which it comes, on the calling thread. Checks headings
  /// and CRC-32. Throws as `file` does, Error(bad_format), and Error(unsupported) for a member that is too
  /// large.
  void read(std::span<const Number> members,
            const std::function<void(Number member, std::string_view content)>& take) const;

 private:
  struct Member {
    std::uint64_t offset = 0;  ///< of its heading
    std::uint64_t packed_size = 0, size = 0;
    std::uint64_t end = 0;  ///< no byte of it lies from there on
    std::uint32_t crc = 0;
    NameArena::Number name = NameArena::none;
    bool is_deflated = false;
  };
  struct Batch;

  std::string piece(std::uint64_t offset, std::uint64_t bytes) const;
  void read_directory();
  void add(std::string_view& directory);
  void place_members();
  std::vector<Batch> batches(std::span<const Number> members) const;
  void take_member(const Member& member, std::string_view bytes,
                   const std::function<void(std::string_view)>& take) const;

  ByteRanges file_;
  std::uint64_t directory_offset_ = 0, directory_bytes_ = 0;
  std::vector<Member> members_;
  NameArena names_;
  HashIndex by_name_;
};

}  // namespace maskmill::fetch
