// SPDX-License-Identifier: Apache-2.0
#include "base/zip_directory.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::size_t kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint16_t kEncrypted = 1;
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // the number stands in the zip64 field
constexpr std::uint16_t kIn64Short = 0xFFFF;
constexpr std::uint64_t kMostDeflated = 1032;  // deflate makes one byte of no more

/// Little-endian numbers of a part of the file, in bounds or not at all.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  Number take() {
    const std::string_view raw = take(sizeof(Number));
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < raw.size(); ++i)
      number |= static_cast<std::uint64_t>(static_cast<unsigned char>(raw[i])) << (8 * i);
    return static_cast<Number>(number);
  }
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) throw broken_zip("it ends early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::string_view rest() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

std::uint64_t find_end(std::uint64_t file_size, const ZipBytes& read) {
  if (file_size < kEndSize) throw broken_zip("it ends early");
  const std::uint64_t last = file_size - kEndSize;
  // A comment of up to 65535 bytes may follow; it must reach to the end of the file exactly.
  for (std::uint64_t back = 0; back <= std::min<std::uint64_t>(last, 0xFFFF); ++back) {
    Bytes end(read(last - back, kEndSize));
    if (end.take<std::uint32_t>() != kEnd) continue;
    end.take(16);
    if (end.take<std::uint16_t>() == back) return last - back;
  }
  throw broken_zip("its directory is missing; it may be cut short");
}

}  // namespace

Error broken_zip(const std::string& message) {
  return Error(Code::bad_format, "not a sound zip file: " + message);
}

ZipDirectory find_zip_directory(std::uint64_t file_size, const ZipBytes& read) {
  const std::uint64_t end_at = find_end(file_size, read);
  Bytes end(read(end_at, kEndSize));
  end.take(4);
  const auto disk = end.take<std::uint16_t>(), first_disk = end.take<std::uint16_t>();
  ZipDirectory directory;
  const auto count_here = end.take<std::uint16_t>();
  directory.count = end.take<std::uint16_t>();
  directory.size = end.take<std::uint32_t>();
  directory.offset = end.take<std::uint32_t>();
  if (disk != first_disk || count_here != directory.count)
    throw Error(Code::unsupported, "is a zip archive in several parts");

  std::uint64_t limit = end_at;
  if (directory.count == kIn64Short || directory.size == kIn64 || directory.offset == kIn64) {
    if (end_at < kLocator64Size) throw broken_zip("its zip64 directory is missing");
    Bytes locator(read(end_at - kLocator64Size, kLocator64Size));
    if (locator.take<std::uint32_t>() != kLocator64) throw broken_zip("its zip64 directory is missing");
    locator.take(4);
    limit = locator.take<std::uint64_t>();
    Bytes end64(read(limit, kEnd64Size));
    if (end64.take<std::uint32_t>() != kEnd64) throw broken_zip("its zip64 directory is missing");
    end64.take(8 + 2 + 2 + 4 + 4 + 8);
    directory.count = end64.take<std::uint64_t>();
    directory.size = end64.take<std::uint64_t>();
    directory.offset = end64.take<std::uint64_t>();
  }
  if (directory.offset > limit || directory.size > limit - directory.offset)
    throw broken_zip("its directory overlaps its end");
  if (directory.count > directory.size / kCentralSize) throw broken_zip("its directory is too small");
  return directory;
}

ZipListed take_zip_entry(std::string_view& directory) {
  Bytes bytes(directory);
  if (bytes.take<std::uint32_t>() != kCentral) throw broken_zip("its directory is damaged");
  ZipListed listed;
  bytes.take(4);
  const auto flags = bytes.take<std::uint16_t>(), method = bytes.take<std::uint16_t>();
  bytes.take(4);
  listed.crc = bytes.take<std::uint32_t>();
  listed.packed_size = bytes.take<std::uint32_t>();
  listed.size = bytes.take<std::uint32_t>();
  const auto name_size = bytes.take<std::uint16_t>(), extra_size = bytes.take<std::uint16_t>(),
             comment_size = bytes.take<std::uint16_t>();
  bytes.take(8);
  listed.heading_offset = bytes.take<std::uint32_t>();
  listed.name = bytes.take(name_size);
  Bytes extras(bytes.take(extra_size));
  bytes.take(comment_size);

  while (!extras.empty()) {
    const auto kind = extras.take<std::uint16_t>();
    Bytes extra(extras.take(extras.take<std::uint16_t>()));
    if (kind != kZip64Extra) continue;
    for (std::uint64_t* number : {&listed.size, &listed.packed_size, &listed.heading_offset})
      if (*number == kIn64) *number = extra.take<std::uint64_t>();
  }
  if ((flags & kEncrypted) != 0) throw Error(Code::unsupported, "is an encrypted zip archive");
  if (method != kStored && method != kDeflated)
    throw Error(Code::unsupported,
                fmt::format("is packed by zip method {}; stored and deflated can be read", method));
  listed.is_deflated = method == kDeflated;
  if (!listed.is_deflated && listed.packed_size != listed.size)
    throw broken_zip(in_quotes(listed.name) + " is stored in a size that is not its own");
  if (listed.is_deflated && listed.size / kMostDeflated > listed.packed_size)
    throw broken_zip(in_quotes(listed.name) + " claims a size out of all proportion");
  directory = bytes.rest();
  return listed;
}

ZipHeading parse_zip_heading(std::string_view bytes) {
  Bytes heading(bytes);
  if (heading.take<std::uint32_t>() != kLocal) throw broken_zip("the heading of an entry is damaged");
  heading.take(22);
  ZipHeading parsed;
  parsed.name_size = heading.take<std::uint16_t>();
  parsed.extra_size = heading.take<std::uint16_t>();
  return parsed;
}

std::string inflated_zip_data(std::string_view packed, std::uint64_t size, bool whole) {
  const auto fail = [] { return broken_zip("its compressed data are damaged"); };
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw Error(Code::bug, "zlib cannot be started");
  struct Ender {
    z_stream* stream;
    ~Ender() { inflateEnd(stream); }
  } ender{&stream};
  std::string bytes(size, '\0');
  // zlib counts in 32 bits.
  constexpr std::uint64_t step = std::numeric_limits<uInt>::max();
  std::uint64_t read = 0, written = 0;
  for (int state = Z_OK; state != Z_STREAM_END && (whole || written < size);) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
    stream.avail_in = static_cast<uInt>(std::min(step, packed.size() - read));
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + written);
    stream.avail_out = static_cast<uInt>(std::min(step, size - written));
    const uInt in_before = stream.avail_in, out_before = stream.avail_out;
    state = inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END) throw fail();
    read += in_before - stream.avail_in;
    written += out_before - stream.avail_out;
  }
  if (written != size || (whole && read != packed.size())) throw fail();
  return bytes;
}

std::uint32_t zip_checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace maskmill
