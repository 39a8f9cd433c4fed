// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "image/codecs.h"

namespace maskmill::codecs {
namespace {

// TIFF 6.0, section 2: a directory entry is a tag, a type, a count, and the value or where it lies.
constexpr std::size_t kEntryBytes = 12;
// Cameras write some dozens of entries; a broken count must not make the search long.
constexpr std::uint32_t kMostEntries = 1024;
constexpr std::uint32_t kShort = 3, kLong = 4;

class Reader {
 public:
  Reader(ByteSource& bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  std::optional<std::uint32_t> number16(std::uint64_t offset) {
    const std::string_view found = bytes_.at(offset, 2);
    if (found.size() < 2) return std::nullopt;
    return big_endian_ ? big16(found, 0) : little16(found, 0);
  }
  std::optional<std::uint32_t> number32(std::uint64_t offset) {
    const std::string_view found = bytes_.at(offset, 4);
    if (found.size() < 4) return std::nullopt;
    return big_endian_ ? big32(found, 0) : little32(found, 0);
  }
  /// The first value of the entry at `offset`; nothing for a type that is no unsigned integer.
  std::optional<std::uint32_t> first_value(std::uint64_t offset) {
    const auto type = number16(offset + 2), count = number32(offset + 4);
    if (!type || !count || *count == 0) return std::nullopt;
    if (*type == kLong) return *count == 1 ? number32(offset + 8) : follow(offset + 8, kLong);
    if (*type == kShort) return *count <= 2 ? number16(offset + 8) : follow(offset + 8, kShort);
    return std::nullopt;
  }

 private:
  std::optional<std::uint32_t> follow(std::uint64_t offset, std::uint32_t type) {
    const auto target = number32(offset);
    if (!target) return std::nullopt;
    return type == kLong ? number32(*target) : number16(*target);
  }

  ByteSource& bytes_;
  bool big_endian_;
};

}  // namespace

std::optional<TiffTags> read_tiff_tags(ByteSource& tiff) {
  const std::string_view mark = tiff.at(0, 4);
  const bool big_endian = mark == std::string_view("MM\0*", 4);
  if (!big_endian && mark != std::string_view("II*\0", 4)) return std::nullopt;
  Reader reader(tiff, big_endian);
  const auto directory = reader.number32(4);
  if (!directory) return std::nullopt;
  const auto count = reader.number16(*directory);
  if (!count) return std::nullopt;
  TiffTags tags;
  std::uint64_t entry = std::uint64_t{*directory} + 2;
  for (std::uint32_t i = 0; i < std::min(*count, kMostEntries); ++i, entry += kEntryBytes) {
    const auto tag = reader.number16(entry);
    if (!tag) break;
    std::uint32_t* target = nullptr;
    switch (*tag) {
      case 256:
        target = &tags.width;
        break;
      case 257:
        target = &tags.height;
        break;
      case 258:
        target = &tags.bits;
        break;
      case 262:
        target = &tags.photometric;
        break;
      case 274:
        target = &tags.orientation;
        break;
      case 277:
        target = &tags.samples;
        break;
      default:
        continue;
    }
    if (const auto value = reader.first_value(entry)) *target = *value;
  }
  return tags;
}

int exif_orientation(std::string_view tiff) {
  ByteSource bytes(tiff);
  const auto tags = read_tiff_tags(bytes);
  return tags && tags->orientation >= 1 && tags->orientation <= 8 ? static_cast<int>(tags->orientation) : 1;
}

}  // namespace maskmill::codecs
