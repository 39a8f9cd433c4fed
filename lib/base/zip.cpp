// SPDX-License-Identifier: Apache-2.0
#include "base/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr std::uint16_t kZip64Extra = 1, kPaddingExtra = 0x4246;  // torch's "FB"
constexpr std::uint16_t kUtf8Names = 0x800, kEncrypted = 1;
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // the number stands in the zip64 field
constexpr std::uint16_t kIn64Short = 0xFFFF;
constexpr std::size_t kAlignment = 64;
constexpr std::uint64_t kMostDeflated = 1032;  // deflate makes one byte of no more

Error broken(const std::string& message) {
  return Error(Code::bad_format, "not a sound zip file: " + message);
}

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
    if (count > bytes_.size()) throw broken("it ends early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

void require_inside(const ByteSource& file, std::uint64_t offset, std::uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) throw broken("it points past its own end");
}

std::string_view view_at(ByteSource& file, std::uint64_t offset, std::uint64_t size) {
  require_inside(file, offset, size);
  const std::string_view bytes = file.at(offset, static_cast<std::size_t>(size));
  if (bytes.size() != size) throw broken("it ends early");  // it shrank meanwhile
  return bytes;
}

Bytes at(ByteSource& file, std::uint64_t offset, std::uint64_t size) {
  return Bytes(view_at(file, offset, size));
}

struct Directory {
  std::uint64_t offset = 0, size = 0, count = 0;
};

std::uint64_t find_end(ByteSource& file) {
  if (file.size() < kEndSize) throw broken("it ends early");
  const std::uint64_t last = file.size() - kEndSize;
  // A comment of up to 65535 bytes may follow; it must reach to the end of the file exactly.
  for (std::uint64_t back = 0; back <= std::min<std::uint64_t>(last, 0xFFFF); ++back) {
    Bytes end = at(file, last - back, kEndSize);
    if (end.take<std::uint32_t>() != kEnd) continue;
    end.take(16);
    if (end.take<std::uint16_t>() == back) return last - back;
  }
  throw broken("its directory is missing; it may be cut short");
}

Directory find_directory(ByteSource& file) {
  const std::uint64_t end_at = find_end(file);
  Bytes end = at(file, end_at, kEndSize);
  end.take(4);
  const auto disk = end.take<std::uint16_t>(), first_disk = end.take<std::uint16_t>();
  Directory directory;
  const auto count_here = end.take<std::uint16_t>();
  directory.count = end.take<std::uint16_t>();
  directory.size = end.take<std::uint32_t>();
  directory.offset = end.take<std::uint32_t>();
  if (disk != first_disk || count_here != directory.count)
    throw Error(Code::unsupported, "is a zip archive in several parts");

  std::uint64_t limit = end_at;
  if (directory.count == kIn64Short || directory.size == kIn64 || directory.offset == kIn64) {
    if (end_at < kLocator64Size) throw broken("its zip64 directory is missing");
    Bytes locator = at(file, end_at - kLocator64Size, kLocator64Size);
    if (locator.take<std::uint32_t>() != kLocator64) throw broken("its zip64 directory is missing");
    locator.take(4);
    limit = locator.take<std::uint64_t>();
    Bytes end64 = at(file, limit, kEnd64Size);
    if (end64.take<std::uint32_t>() != kEnd64) throw broken("its zip64 directory is missing");
    end64.take(8 + 2 + 2 + 4 + 4 + 8);
    directory.count = end64.take<std::uint64_t>();
    directory.size = end64.take<std::uint64_t>();
    directory.offset = end64.take<std::uint64_t>();
  }
  if (directory.offset > limit || directory.size > limit - directory.offset)
    throw broken("its directory overlaps its end");
  if (directory.count > directory.size / kCentralSize) throw broken("its directory is too small");
  return directory;
}

struct Listed {
  ZipReader::Entry entry;
  std::uint64_t header_offset = 0;
};

Listed read_listed(Bytes& directory) {
  if (directory.take<std::uint32_t>() != kCentral) throw broken("its directory is damaged");
  Listed listed;
  directory.take(4);
  const auto flags = directory.take<std::uint16_t>(), method = directory.take<std::uint16_t>();
  directory.take(4);
  listed.entry.crc = directory.take<std::uint32_t>();
  listed.entry.packed_size = directory.take<std::uint32_t>();
  listed.entry.size = directory.take<std::uint32_t>();
  const auto name_size = directory.take<std::uint16_t>(), extra_size = directory.take<std::uint16_t>(),
             comment_size = directory.take<std::uint16_t>();
  directory.take(8);
  listed.header_offset = directory.take<std::uint32_t>();
  listed.entry.name = directory.take(name_size);
  Bytes extras(directory.take(extra_size));
  directory.take(comment_size);

  while (!extras.empty()) {
    const auto kind = extras.take<std::uint16_t>();
    Bytes extra(extras.take(extras.take<std::uint16_t>()));
    if (kind != kZip64Extra) continue;
    for (std::uint64_t* number : {&listed.entry.size, &listed.entry.packed_size, &listed.header_offset})
      if (*number == kIn64) *number = extra.take<std::uint64_t>();
  }
  if ((flags & kEncrypted) != 0) throw Error(Code::unsupported, "is an encrypted zip archive");
  if (method != kStored && method != kDeflated)
    throw Error(Code::unsupported,
                fmt::format("is packed by zip method {}; stored and deflated can be read", method));
  listed.entry.deflated = method == kDeflated;
  if (!listed.entry.deflated && listed.entry.packed_size != listed.entry.size)
    throw broken(in_quotes(listed.entry.name) + " is stored in a size that is not its own");
  if (listed.entry.deflated && listed.entry.size / kMostDeflated > listed.entry.packed_size)
    throw broken(in_quotes(listed.entry.name) + " claims a size out of all proportion");
  return listed;
}

/// Fills in where the data begin.
void read_local_header(ByteSource& file, Listed& listed) {
  Bytes header = at(file, listed.header_offset, kLocalSize);
  if (header.take<std::uint32_t>() != kLocal) throw broken("the heading of an entry is damaged");
  header.take(22);
  const auto name_size = header.take<std::uint16_t>(), extra_size = header.take<std::uint16_t>();
  const std::uint64_t name_at = listed.header_offset + kLocalSize;
  if (at(file, name_at, name_size).take(name_size) != listed.entry.name)
    throw broken(in_quotes(listed.entry.name) + " has another name in its heading");
  listed.entry.offset = name_at + name_size + extra_size;
  require_inside(file, listed.entry.offset, listed.entry.packed_size);
}

/// The first `size` bytes; with `whole`, neither data nor packed bytes may be left.
std::string inflated_bytes(std::string_view packed, std::uint64_t size, bool whole) {
  const auto fail = [] { return broken("its compressed data are damaged"); };
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

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

template <class Number>
void put(std::string& to, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    to += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xFF);
}

}  // namespace

ZipReader::ZipReader(ByteSource& file, std::optional<std::uint64_t> most_inflated) : file_(file) {
  const Directory directory = find_directory(file);
  const std::string listing(view_at(file, directory.offset, directory.size));
  Bytes bytes(listing);
  std::vector<Listed> all;
  std::uint64_t room = most_inflated.value_or(32 * file.size() + (std::uint64_t{16} << 20));
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    Listed listed = read_listed(bytes);
    read_local_header(file, listed);
    if (listed.entry.size > room) throw broken("its entries claim sizes out of all proportion");
    room -= listed.entry.size;
    all.push_back(std::move(listed));
  }

  for (const Listed& listed : all) entries_.push_back(listed.entry);
  by_name_.resize(all.size());
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::sort(by_name_.begin(), by_name_.end(),
            [&](std::size_t a, std::size_t b) { return entries_[a].name < entries_[b].name; });
  for (std::size_t i = 1; i < by_name_.size(); ++i)
    if (entries_[by_name_[i - 1]].name == entries_[by_name_[i]].name)
      throw broken(in_quotes(entries_[by_name_[i]].name) + " is there twice");

  std::sort(all.begin(), all.end(),
            [](const Listed& a, const Listed& b) { return a.header_offset < b.header_offset; });
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::uint64_t next = i + 1 < all.size() ? all[i + 1].header_offset : directory.offset;
    if (all[i].entry.offset + all[i].entry.packed_size > next) throw broken("its entries overlap");
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
  if (entry.deflated) bytes = inflated = inflated_bytes(bytes, entry.size, true);
  // torch leaves the checksum at 0 after set_crc32_options(False).
  if (entry.crc != 0 && checksum(bytes) != entry.crc)
    throw broken(in_quotes(entry.name) + " does not have the checksum it was written with");
  return bytes;
}

std::string ZipReader::beginning(const Entry& entry, std::size_t count) const {
  const std::uint64_t size = std::min<std::uint64_t>(count, entry.size);
  if (!entry.deflated) return std::string(view_at(file_, entry.offset, size));
  // Packed bytes may be more than what they stand for, but not by much.
  const std::uint64_t packed = std::min<std::uint64_t>(entry.packed_size, 2 * size + 4096);
  return inflated_bytes(view_at(file_, entry.offset, packed), size, false);
}

void ZipWriter::add(std::string name, std::string_view content) {
  const bool large = content.size() >= zip64_from_;
  const std::uint32_t crc = checksum(content);
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
