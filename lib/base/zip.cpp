// SPDX-License-Identifier: Apache-2.0
#include "base/zip.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "base/zip_directory.h"

namespace maskmill {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::size_t kLocalSize = ZipHeading::kBytes, kEnd64Size = 56;
constexpr std::uint16_t kZip64Extra = 1, kPaddingExtra = 0x4246;  // torch's "FB"
constexpr std::uint16_t kUtf8Names = 0x800, kStored = 0;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // the number stands in the zip64 field
constexpr std::uint16_t kIn64Short = 0xFFFF;
constexpr std::size_t kAlignment = 64;

std::string_view view_at(ByteSource& file, std::uint64_t offset, std::uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) throw broken_zip("it points past its own end");
  const std::string_view bytes = file.at(offset, static_cast<std::size_t>(size));
  if (bytes.size() != size) throw broken_zip("it ends early");  // it shrank meanwhile
  return bytes;
}

struct Placed {
  ZipReader::Entry entry;
  std::uint64_t heading_offset = 0;
};

/// With what its heading says.
Placed placed_entry(ByteSource& file, const ZipListed& listed) {
  Placed placed{
      {std::string(listed.name), 0, listed.packed_size, listed.size, listed.crc, listed.is_deflated},
      listed.heading_offset};
  const ZipHeading heading = parse_zip_heading(view_at(file, listed.heading_offset, ZipHeading::kBytes));
  if (view_at(file, listed.heading_offset + ZipHeading::kBytes, heading.name_size) != listed.name)
    throw broken_zip(in_quotes(listed.name) + " has another name in its heading");
  placed.entry.offset = listed.heading_offset + heading.data_offset();
  if (placed.entry.offset > file.size() || listed.packed_size > file.size() - placed.entry.offset)
    throw broken_zip("it points past its own end");
  return placed;
}

template <class Number>
void put(std::string& to, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    to += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xFF);
}

}  // namespace

ZipReader::ZipReader(ByteSource& file, std::optional<std::uint64_t> most_inflated) : file_(file) {
  const ZipDirectory directory = find_zip_directory(
      file.size(), [&](std::uint64_t offset, std::uint64_t size) { return view_at(file, offset, size); });
  const std::string listing(view_at(file, directory.offset, directory.size));
  std::string_view bytes(listing);
  std::vector<Placed> all;
  std::uint64_t room = most_inflated.value_or(32 * file.size() + (std::uint64_t{16} << 20));
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    const ZipListed listed = take_zip_entry(bytes);
    all.push_back(placed_entry(file, listed));
    if (listed.size > room) throw broken_zip("its entries claim sizes out of all proportion");
    room -= listed.size;
  }

  for (const Placed& placed : all) entries_.push_back(placed.entry);
  by_name_.resize(all.size());
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::sort(by_name_.begin(), by_name_.end(),
            [&](std::size_t a, std::size_t b) { return entries_[a].name < entries_[b].name; });
  for (std::size_t i = 1; i < by_name_.size(); ++i)
    if (entries_[by_name_[i - 1]].name == entries_[by_name_[i]].name)
      throw broken_zip(in_quotes(entries_[by_name_[i]].name) + " is there twice");

  std::sort(all.begin(), all.end(),
            [](const Placed& a, const Placed& b) { return a.heading_offset < b.heading_offset; });
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::uint64_t next = i + 1 < all.size() ? all[i + 1].heading_offset : directory.offset;
    if (all[i].entry.offset + all[i].entry.packed_size > next) throw broken_zip("its entries overlap");
  }
}

const ZipReader::Entry* ZipReader::find(std::string_view name) const {
  const auto found = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [&](std::size_t index, std::string_view wanted) { return entries_[index].name < wanted; });
  return found != by_name_.end() && entries_[*found].name == name ? &entries_[*found] : nullptr;
}

std::string_view ZipReader::content(const Entry& entry, std::string& inflated) const {
  std::string_view bytes = view_at(file_, entry.offset, entry.packed_size);
  if (entry.deflated) bytes = inflated = inflated_zip_data(bytes, entry.size, true);
  // torch leaves the checksum at 0 after set_crc32_options(False).
  if (entry.crc != 0 && zip_checksum(bytes) != entry.crc)
    throw broken_zip(in_quotes(entry.name) + " does not have the checksum it was written with");
  return bytes;
}

std::string ZipReader::beginning(const Entry& entry, std::size_t count) const {
  const std::uint64_t size = std::min<std::uint64_t>(count, entry.size);
  if (!entry.deflated) return std::string(view_at(file_, entry.offset, size));
  // Packed bytes may be more than what they stand for, but not by much.
  const std::uint64_t packed = std::min<std::uint64_t>(entry.packed_size, 2 * size + 4096);
  return inflated_zip_data(view_at(file_, entry.offset, packed), size, false);
}

void ZipWriter::add(std::string name, std::string_view content) {
  const bool large = content.size() >= zip64_from_;
  const std::uint32_t crc = zip_checksum(content);
  const std::uint64_t offset = file_.size();
  const std::size_t zip64_size = large ? 4 + 16 : 0;
  const std::size_t unpadded = offset + kLocalSize + name.size() + zip64_size + 4;
  const std::size_t padding = (kAlignment - unpadded % kAlignment) % kAlignment;

  put<std::uint32_t>(file_, kLocal);
  put<std::uint16_t>(file_, large ? 45 : 20);  // version needed: 4.5 has zip64
  put<std::uint16_t>(file_, kUtf8Names);
  put<std::uint16_t>(file_, kStored);
  put<std::uint16_t>(file_, 0);       // time
  put<std::uint16_t>(file_, 0x0021);  // date: 1 January 1980, the first there is
  put<std::uint32_t>(file_, crc);
  for (int i = 0; i < 2; ++i)
    put<std::uint32_t>(file_, large ? kIn64 : static_cast<std::uint32_t>(content.size()));
  put<std::uint16_t>(file_, static_cast<std::uint16_t>(name.size()));
  put<std::uint16_t>(file_, static_cast<std::uint16_t>(zip64_size + 4 + padding));
  file_ += name;
  if (large) {
    put<std::uint16_t>(file_, kZip64Extra);
    put<std::uint16_t>(file_, 16);
    for (int i = 0; i < 2; ++i) put<std::uint64_t>(file_, content.size());
  }
  put<std::uint16_t>(file_, kPaddingExtra);
  put<std::uint16_t>(file_, static_cast<std::uint16_t>(padding));
  file_.append(padding, 'Z');
  file_ += content;
  written_.push_back({std::move(name), offset, content.size(), crc});
}

std::string ZipWriter::finish() {
  const std::uint64_t directory = file_.size();
  for (const Written& entry : written_) {
    const bool large = entry.size >= zip64_from_, far = entry.offset >= zip64_from_;
    const std::size_t zip64_size = (large ? 16 : 0) + (far ? 8 : 0);
    const std::uint16_t version = zip64_size > 0 ? 45 : 20;
    const std::uint32_t size = large ? kIn64 : static_cast<std::uint32_t>(entry.size);
    put<std::uint32_t>(file_, kCentral);
    put<std::uint16_t>(file_, version);
    put<std::uint16_t>(file_, version);
    put<std::uint16_t>(file_, kUtf8Names);
    put<std::uint16_t>(file_, kStored);
    put<std::uint16_t>(file_, 0);
    put<std::uint16_t>(file_, 0x0021);
    put<std::uint32_t>(file_, entry.crc);
    put<std::uint32_t>(file_, size);
    put<std::uint32_t>(file_, size);
    put<std::uint16_t>(file_, static_cast<std::uint16_t>(entry.name.size()));
    put<std::uint16_t>(file_, static_cast<std::uint16_t>(zip64_size > 0 ? 4 + zip64_size : 0));
    file_.append(2 + 2 + 2 + 4, '\0');  // comment, disk, attributes
    put<std::uint32_t>(file_, far ? kIn64 : static_cast<std::uint32_t>(entry.offset));
    file_ += entry.name;
    if (zip64_size == 0) continue;
    put<std::uint16_t>(file_, kZip64Extra);
    put<std::uint16_t>(file_, static_cast<std::uint16_t>(zip64_size));
    if (large) put<std::uint64_t>(file_, entry.size);
    if (large) put<std::uint64_t>(file_, entry.size);
    if (far) put<std::uint64_t>(file_, entry.offset);
  }

  const std::uint64_t size = file_.size() - directory, count = written_.size();
  const bool many = count >= kIn64Short, far = directory >= zip64_from_ || size >= zip64_from_;
  if (many || far) {
    const std::uint64_t end64 = file_.size();
    put<std::uint32_t>(file_, kEnd64);
    put<std::uint64_t>(file_, kEnd64Size - 12);
    put<std::uint16_t>(file_, 45);
    put<std::uint16_t>(file_, 45);
    put<std::uint64_t>(file_, 0);  // two disk numbers
    put<std::uint64_t>(file_, count);
    put<std::uint64_t>(file_, count);
    put<std::uint64_t>(file_, size);
    put<std::uint64_t>(file_, directory);
    put<std::uint32_t>(file_, kLocator64);
    put<std::uint32_t>(file_, 0);
    put<std::uint64_t>(file_, end64);
    put<std::uint32_t>(file_, 1);
  }
  put<std::uint32_t>(file_, kEnd);
  put<std::uint32_t>(file_, 0);
  for (int i = 0; i < 2; ++i)
    put<std::uint16_t>(file_, many ? kIn64Short : static_cast<std::uint16_t>(count));
  put<std::uint32_t>(file_, far ? kIn64 : static_cast<std::uint32_t>(size));
  put<std::uint32_t>(file_, far ? kIn64 : static_cast<std::uint32_t>(directory));
  put<std::uint16_t>(file_, 0);
  return std::move(file_);
}

}  // namespace maskmill
