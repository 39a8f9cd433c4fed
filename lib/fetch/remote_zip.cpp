// SPDX-License-Identifier: Apache-2.0
#include "fetch/remote_zip.h"

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <memory>
#include <numeric>

#include "base/error.h"
#include "base/shared_file.h"
#include "base/text.h"
#include "base/zip_directory.h"

namespace maskmill::fetch {
namespace {

constexpr std::uint64_t kDirectoryPiece = 4 << 20;
constexpr std::uint64_t kMostExtra = 0xFFFF;
constexpr std::size_t kReservedMembers = 1 << 18;

}  // namespace

ByteRanges ranges_of(const RemoteFile& file) {
  return {file.size(),
          [&file](std::span<const ByteRange> ranges,
                  const std::function<void(std::size_t, std::string)>& take) { file.read(ranges, take); }};
}

ByteRanges ranges_of(const Path& path) {
  const auto file = std::make_shared<SharedFile>(path);
  return {fs::file_size(path), [file](std::span<const ByteRange> ranges,
                                      const std::function<void(std::size_t, std::string)>& take) {
            for (std::size_t i = 0; i < ranges.size(); ++i) {
              std::string bytes;
              file->read(ranges[i].offset, ranges[i].bytes, bytes);
              bytes.resize(ranges[i].bytes);  // without the padding
              take(i, std::move(bytes));
            }
          }};
}

/// Members that one range holds.
struct RemoteZip::Batch {
  ByteRange range;
  std::vector<Number> members;
};

RemoteZip::RemoteZip(ByteRanges file) : file_(std::move(file)) {
  read_directory();
  place_members();
}

std::string RemoteZip::piece(std::uint64_t offset, std::uint64_t bytes) const {
  if (offset > file_.size || bytes > file_.size - offset) throw broken_zip("it points past its own end");
  std::string piece;
  if (bytes == 0) return piece;
  file_.read(std::array{ByteRange{offset, bytes}},
             [&](std::size_t, std::string got) { piece = std::move(got); });
  if (piece.size() != bytes) throw broken_zip("it ends early");
  return piece;
}

void RemoteZip::read_directory() {
  const std::uint64_t tail_bytes = std::min(file_.size, ZipDirectory::kEndBytes);
  const std::uint64_t tail_offset = file_.size - tail_bytes;
  const std::string tail = piece(tail_offset, tail_bytes);
  std::string elsewhere;
  const ZipDirectory directory =
      find_zip_directory(file_.size, [&](std::uint64_t offset, std::uint64_t size) -> std::string_view {
        if (offset < tail_offset || offset - tail_offset > tail_bytes || size > file_.size - offset)
          return elsewhere = piece(offset, size);
        return std::string_view(tail).substr(offset - tail_offset, size);
      });
  if (directory.size > kMostDirectoryBytes)
    throw Error(Code::unsupported, "is a zip archive with a directory of more than 1 GiB");
  directory_offset_ = directory.offset;
  directory_bytes_ = tail_bytes;
  members_.reserve(std::min<std::size_t>(directory.count, kReservedMembers));

  std::string bytes;
  std::uint64_t read = 0;
  std::string_view rest;
  while (members_.size() < directory.count) {
    if (rest.size() < kMostZipEntryBytes && read < directory.size) {
      const std::uint64_t at = directory.offset + read;
      // Of a small file the directory has come with the end.
      const bool has_come = at >= tail_offset;
      const std::uint64_t wanted =
          has_come ? directory.size - read : std::min(kDirectoryPiece, directory.size - read);
      bytes = std::string(rest) + (has_come ? tail.substr(at - tail_offset, wanted) : piece(at, wanted));
      read += wanted;
      if (!has_come) directory_bytes_ += wanted;
      rest = bytes;
    }
    add(rest);
  }
}

void RemoteZip::add(std::string_view& directory) {
  const ZipListed listed = take_zip_entry(directory);
  if (find(listed.name)) throw broken_zip(in_quotes(listed.name) + " is there twice");
  Member member;
  member.offset = listed.heading_offset;
  member.packed_size = listed.packed_size;
  member.size = listed.size;
  member.crc = listed.crc;
  member.name = names_.add(listed.name);
  member.is_deflated = listed.is_deflated;
  by_name_.add(hash_of(listed.name), static_cast<Number>(members_.size()));
  members_.push_back(member);
}

/// The size of an entry's extra field stands in its heading alone, but it ends before the next one begins.
void RemoteZip::place_members() {
  std::vector<Number> by_offset(members_.size());
  std::iota(by_offset.begin(), by_offset.end(), Number{0});
  std::ranges::sort(by_offset, {}, [&](Number member) { return members_[member].offset; });
  for (std::size_t i = 0; i < by_offset.size(); ++i) {
    Member& member = members_[by_offset[i]];
    const std::uint64_t next =
        i + 1 < by_offset.size() ? members_[by_offset[i + 1]].offset : directory_offset_;
    const std::uint64_t heading = ZipHeading::kBytes + names_[member.name].size();
    if (member.offset > next || heading > next - member.offset ||
        member.packed_size > next - member.offset - heading)
      throw broken_zip("its entries overlap");
    member.end = std::min(next, member.offset + heading + kMostExtra + member.packed_size);
  }
}

std::optional<RemoteZip::Number> RemoteZip::find(std::string_view name) const {
  return by_name_.find(hash_of(name), [&](Number member) { return names_[members_[member].name] == name; });
}

std::vector<RemoteZip::Batch> RemoteZip::batches(std::span<const Number> members) const {
  std::vector<Number> sorted(members.begin(), members.end());
  std::ranges::sort(sorted, {}, [&](Number member) { return members_[member].offset; });
  std::vector<Batch> batches;
  for (const Number number : sorted) {
    const Member& member = members_[number];
    if (!batches.empty()) {
      Batch& last = batches.back();
      const std::uint64_t end = last.range.offset + last.range.bytes;
      if (member.offset <= end + kMostGap && member.end - last.range.offset <= kLargestRange) {
        last.range.bytes = std::max(end, member.end) - last.range.offset;
        last.members.push_back(number);
        continue;
      }
    }
    batches.push_back({{member.offset, member.end - member.offset}, {number}});
  }
  return batches;
}

RemoteZip::Cost RemoteZip::cost(std::span<const Number> members) const {
  Cost cost;
  for (const Batch& batch : batches(members)) {
    cost.bytes += batch.range.bytes;
    ++cost.requests;
  }
  return cost;
}

void RemoteZip::read(std::span<const Number> members,
                     const std::function<void(Number, std::string_view)>& take) const {
  for (const Number number : members)
    if (const Member& member = members_[number];
        std::max(member.size, member.end - member.offset) > kMostMemberBytes)
      throw Error(Code::unsupported, in_quotes(names_[member.name]) +
                                         " is larger than 256 MiB, and is not read out of a zip file");
  const std::vector<Batch> all = batches(members);
  std::vector<ByteRange> ranges;
  for (const Batch& batch : all) ranges.push_back(batch.range);
  file_.read(ranges, [&](std::size_t number, const std::string& bytes) {
    const Batch& batch = all[number];
    if (bytes.size() != batch.range.bytes) throw broken_zip("it ends early");
    for (const Number wanted : batch.members) {
      const Member& member = members_[wanted];
      take_member(
          member,
          std::string_view(bytes).substr(member.offset - batch.range.offset, member.end - member.offset),
          [&](std::string_view content) { take(wanted, content); });
    }
  });
}

void RemoteZip::take_member(const Member& member, std::string_view bytes,
                            const std::function<void(std::string_view)>& take) const {
  const std::string_view name = names_[member.name];
  const ZipHeading heading = parse_zip_heading(bytes.substr(0, ZipHeading::kBytes));
  if (bytes.substr(ZipHeading::kBytes, heading.name_size) != name)
    throw broken_zip(in_quotes(name) + " has another name in its heading");
  if (heading.data_offset() > bytes.size() || member.packed_size > bytes.size() - heading.data_offset())
    throw broken_zip("its entries overlap");
  const std::string_view packed = bytes.substr(heading.data_offset(), member.packed_size);
  std::string inflated;
  if (member.is_deflated) inflated = inflated_zip_data(packed, member.size, true);
  const std::string_view content = member.is_deflated ? std::string_view(inflated) : packed;
  if (member.crc != 0 && zip_checksum(content) != member.crc)
    throw broken_zip(in_quotes(name) + " does not have the checksum it was written with");
  take(content);
}

}  // namespace maskmill::fetch
