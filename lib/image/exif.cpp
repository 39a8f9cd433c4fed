// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>

#include "base/error.h"
#include "base/text.h"
#include "image/capture.h"
#include "image/codecs.h"

namespace maskmill::codecs {
namespace {

// TIFF 6.0, section 2: a directory entry is a tag, a type, a count, and the value or where it lies.
constexpr std::size_t kEntryBytes = 12;
// Cameras write some dozens of entries; a broken count must not make the search long.
constexpr std::uint32_t kMostEntries = 1024;
constexpr std::uint32_t kAscii = 2, kShort = 3, kLong = 4;
constexpr std::uint32_t kMostText = 256;

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
  /// The entry at `offset` as a text without what lies behind its first zero and without blanks around; empty
  /// for another type.
  std::string text(std::uint64_t offset) {
    const auto type = number16(offset + 2), count = number32(offset + 4);
    if (!type || !count || *type != kAscii) return {};
    const std::uint64_t at = *count <= 4 ? offset + 8 : number32(offset + 8).value_or(0);
    const std::string_view found = bytes_.at(at, std::min(*count, kMostText));
    return std::string(trimmed(found.substr(0, found.find('\0'))));
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

/// A reader in the byte order that the TIFF's mark names.
std::optional<Reader> reader_of(ByteSource& tiff) {
  const std::string_view mark = tiff.at(0, 4);
  const bool big_endian = mark == std::string_view("MM\0*", 4);
  if (!big_endian && mark != std::string_view("II*\0", 4)) return std::nullopt;
  return Reader(tiff, big_endian);
}

/// visit(tag, offset) for each entry of the directory at `directory`. False: there is none.
template <class Visit>
bool for_each_entry(Reader& reader, std::uint64_t directory, Visit&& visit) {
  const auto count = reader.number16(directory);
  if (!count) return false;
  std::uint64_t entry = directory + 2;
  for (std::uint32_t i = 0; i < std::min(*count, kMostEntries); ++i, entry += kEntryBytes) {
    const auto tag = reader.number16(entry);
    if (!tag) break;
    visit(*tag, entry);
  }
  return true;
}

/// "2004:08:31 13:05:59" as EXIF writes it, in milliseconds of the calendar; nothing for what is no date.
std::optional<std::int64_t> milliseconds_of(std::string_view text, std::string_view fraction) {
  constexpr std::string_view shape = "dddd:dd:dd dd:dd:dd";
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    return static_cast<int>(to_integer(text.substr(at, length)).value_or(0));
  };
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year(number(0, 4)),
                                    chrono::month(static_cast<unsigned>(number(5, 2))),
                                    chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (number(0, 4) == 0 || !date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 60)
    return std::nullopt;
  const std::int64_t days = chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = ((days * 24 + number(11, 2)) * 60 + number(14, 2)) * 60 + number(17, 2);
  int thousandths = 0, unit = 100;
  for (const char digit : fraction.substr(0, 3)) {
    if (!is_digit(digit)) break;
    thousandths += unit * (digit - '0');
    unit /= 10;
  }
  return seconds * 1000 + thousandths;
}

}  // namespace

std::optional<TiffTags> read_tiff_tags(ByteSource& tiff) {
  auto reader = reader_of(tiff);
  const auto directory = reader ? reader->number32(4) : std::nullopt;
  if (!directory) return std::nullopt;
  TiffTags tags;
  const bool is_there = for_each_entry(*reader, *directory, [&](std::uint32_t tag, std::uint64_t entry) {
    std::uint32_t* target = nullptr;
    switch (tag) {
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
        return;
    }
    if (const auto value = reader->first_value(entry)) *target = *value;
  });
  return is_there ? std::optional(tags) : std::nullopt;
}

int exif_orientation(std::string_view tiff) {
  ByteSource bytes(tiff);
  const auto tags = read_tiff_tags(bytes);
  return tags && tags->orientation >= 1 && tags->orientation <= 8 ? static_cast<int>(tags->orientation) : 1;
}

}  // namespace maskmill::codecs

namespace maskmill {
namespace {

codecs::ExifBlock exif_block_of(std::string_view bytes) {
  codecs::ExifBlock block;
  ByteSource file(bytes);
  try {
    const FileKind kind = file_kind(bytes);
    if (kind == FileKind::jpeg) codecs::probe_jpeg(file, &block);
    if (kind == FileKind::png) codecs::probe_png(file, &block);
  } catch (const Error&) {  // a broken header is told by who reads the picture
    return {};
  }
  return block;
}

}  // namespace

// EXIF 2.32, tables 3 and 7.
std::optional<Capture> capture_of(std::string_view bytes) {
  const codecs::ExifBlock block = exif_block_of(bytes);
  if (block.size == 0 || block.offset >= bytes.size()) return std::nullopt;
  ByteSource tiff(bytes.substr(block.offset, block.size));
  auto reader = codecs::reader_of(tiff);
  const auto first = reader ? reader->number32(4) : std::nullopt;
  if (!first) return std::nullopt;
  std::string make, model, serial, time, fraction;
  std::optional<std::uint32_t> exif;
  codecs::for_each_entry(*reader, *first, [&](std::uint32_t tag, std::uint64_t entry) {
    if (tag == 271) make = reader->text(entry);
    if (tag == 272) model = reader->text(entry);
    if (tag == 34665) exif = reader->first_value(entry);
  });
  if (!exif || model.empty()) return std::nullopt;
  codecs::for_each_entry(*reader, *exif, [&](std::uint32_t tag, std::uint64_t entry) {
    if (tag == 36867) time = reader->text(entry);
    if (tag == 37521) fraction = reader->text(entry);
    if (tag == 42033) serial = reader->text(entry);
  });
  const auto milliseconds = codecs::milliseconds_of(time, fraction);
  if (!milliseconds) return std::nullopt;
  std::string camera = make;
  for (const std::string& part : {model, serial})
    if (!part.empty()) camera += (camera.empty() ? "" : " ") + part;
  return Capture{camera, *milliseconds};
}

}  // namespace maskmill
