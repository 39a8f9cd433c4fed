// SPDX-License-Identifier: Apache-2.0
// NumPy's array files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <opencv2/core.hpp>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "image/codecs.h"

namespace maskmill::codecs {
namespace {

constexpr std::size_t kMagic = 6;  // "\x93NUMPY", then the version's two bytes and the header's length
constexpr std::size_t kMostHeader = 1 << 16;

/// The dictionary that describes an array, written as Python writes it.
class Dictionary {
 public:
  explicit Dictionary(std::string_view text) : text_(text) {}

  /// What follows 'key': up to the comma or brace that ends it.
  std::string_view value(std::string_view key) const {
    const std::string quoted = fmt::format("'{}'", key);
    const std::size_t found = text_.find(quoted);
    if (found == std::string_view::npos) throw broken();
    std::string_view rest = trimmed(text_.substr(found + quoted.size()));
    if (!rest.starts_with(':')) throw broken();
    rest = trimmed(rest.substr(1));
    const std::size_t end = rest.starts_with('(') ? rest.find(')') + 1 : rest.find_first_of(",}");
    if (end == 0 || end == std::string_view::npos) throw broken();
    return rest.substr(0, end);
  }
  Error broken() const {
    return Error(Code::bad_format,
                 fmt::format("the array's header is broken: {}", in_quotes(text_.substr(0, 80))));
  }

 private:
  std::string_view text_;
};

struct Array {
  char kind = 'u';        ///< NumPy's: b boolean, u unsigned, i signed, f floating
  std::size_t bytes = 1;  ///< a sample
  bool big_endian = false;
  bool by_columns = false;
  int rows = 0, columns = 0, channels = 1;
  std::size_t offset = 0;  ///< of the samples

  std::uint64_t size() const {
    return std::uint64_t(bytes) * static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns) *
           static_cast<std::uint64_t>(channels);
  }
};

void read_type(std::string_view text, Array& array) {
  if (text.size() < 2 || (text.front() != '\'' && text.front() != '"')) text = "''";
  const std::string_view type = text.substr(1, text.size() - 2);
  const auto bytes = type.size() == 3 ? to_integer(type.substr(2)) : std::nullopt;
  const bool known =
      bytes && std::string_view("<>|=").find(type[0]) != std::string_view::npos &&
      ((type[1] == 'b' && bytes == 1) || (type[1] == 'f' && (bytes == 4 || bytes == 8)) ||
       ((type[1] == 'u' || type[1] == 'i') && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8)));
  if (!known)
    throw Error(
        Code::unsupported,
        fmt::format("an array of {}; booleans, integers and floating point numbers of 4 or 8 bytes are read",
                    in_quotes(type)));
  array.big_endian = type[0] == '>';
  array.kind = type[1];
  array.bytes = static_cast<std::size_t>(*bytes);
}

/// (rows, columns) or (rows, columns, channels).
void read_shape(std::string_view text, Array& array) {
  std::vector<std::int64_t> lengths;
  if (text.starts_with('(') && text.ends_with(')'))
    for (const std::string& part : split_text(text.substr(1, text.size() - 2), ',')) {
      if (trimmed(part).empty()) continue;  // (5,)
      const auto length = to_integer(trimmed(part));
      lengths.push_back(length && *length >= 0 && *length <= std::numeric_limits<int>::max() ? *length : -1);
    }
  const bool fits = (lengths.size() == 2 ||
                     (lengths.size() == 3 && (lengths[2] == 1 || lengths[2] == 3 || lengths[2] == 4))) &&
                    lengths[0] >= 0 && lengths[1] >= 0;
  if (!fits)
    throw Error(
        Code::unsupported,
        fmt::format("an array of the shape {}; (height, width) and (height, width, channels) with 1, 3 "
                    "or 4 channels are read",
                    text));
  array.rows = static_cast<int>(lengths[0]), array.columns = static_cast<int>(lengths[1]);
  if (lengths.size() == 3) array.channels = static_cast<int>(lengths[2]);
}

Array read_header(ByteSource& file) {
  const std::string_view start = file.at(0, kMagic + 6);
  if (start.size() < kMagic + 4) throw Error(Code::bad_format, "the file ends within its header");
  const bool wide = byte_at(start, kMagic) > 1;
  if (byte_at(start, kMagic) < 1 || byte_at(start, kMagic) > 3 || (wide && start.size() < kMagic + 6))
    throw Error(Code::unsupported, "an array file of an unknown version");
  const std::size_t length = wide ? little32(start, kMagic + 2) : little16(start, kMagic + 2);
  Array array;
  array.offset = kMagic + (wide ? 6 : 4) + length;
  if (length > kMostHeader) throw Error(Code::bad_format, "the array's header is longer than 64 KiB");
  const std::string text(file.at(array.offset - length, length));
  if (text.size() < length) throw Error(Code::bad_format, "the file ends within its header");
  const Dictionary header(text);
  read_type(header.value("descr"), array);
  const std::string_view order = header.value("fortran_order");
  if (order != "True" && order != "False") throw header.broken();
  array.by_columns = order == "True";
  read_shape(header.value("shape"), array);
  return array;
}

template <class Stored>
Stored sample_at(const char* at, bool swapped) {
  std::array<char, sizeof(Stored)> bytes{};
  std::memcpy(bytes.data(), at, sizeof(Stored));
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  Stored sample;
  std::memcpy(&sample, bytes.data(), sizeof(Stored));
  return sample;
}

template <class Stored>
bool fits(Stored sample) {
  if constexpr (std::is_floating_point_v<Stored>)
    return sample >= 0 && sample <= 65535 && sample == std::floor(sample);
  else if constexpr (std::is_signed_v<Stored>)
    return sample >= 0 && static_cast<std::uint64_t>(sample) <= 65535;
  else
    return static_cast<std::uint64_t>(sample) <= 65535;
}

/// CV_16U samples of a mask. Throws Error(bad_value) at the first that is no label's number.
template <class Stored>
cv::Mat samples_of(const Array& array, const char* data) {
  cv::Mat pixels = new_pixels({array.columns, array.rows}, CV_16UC(array.channels));
  const bool swapped = array.big_endian != (std::endian::native == std::endian::big);
  const auto rows = static_cast<std::size_t>(array.rows), columns = static_cast<std::size_t>(array.columns),
             channels = static_cast<std::size_t>(array.channels);
  for (std::size_t y = 0; y < rows; ++y) {
    auto* out = pixels.ptr<std::uint16_t>(static_cast<int>(y));
    for (std::size_t x = 0; x < columns; ++x)
      for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t index =
            array.by_columns ? (c * columns + x) * rows + y : (y * columns + x) * channels + c;
        const auto sample = sample_at<Stored>(data + index * sizeof(Stored), swapped);
        if (!fits(sample))
          throw Error(Code::bad_value,
                      fmt::format("the pixel {}, {} is {}; a mask holds whole numbers from 0 to 65535", x, y,
                                  sample));
        *out++ = static_cast<std::uint16_t>(sample);
      }
  }
  return pixels;
}

cv::Mat samples(const Array& array, std::string_view bytes) {
  if (bytes.size() - array.offset < array.size())
    throw Error(Code::bad_format, fmt::format("the file ends early: {} of {} bytes of samples are there",
                                              bytes.size() - array.offset, array.size()));
  const char* data = bytes.data() + array.offset;
  const auto pick = [&]<class Small, class Half, class Word, class Long>(Small, Half, Word, Long) {
    return array.bytes == 1   ? samples_of<Small>(array, data)
           : array.bytes == 2 ? samples_of<Half>(array, data)
           : array.bytes == 4 ? samples_of<Word>(array, data)
                              : samples_of<Long>(array, data);
  };
  if (array.kind == 'f')
    return array.bytes == 4 ? samples_of<float>(array, data) : samples_of<double>(array, data);
  if (array.kind == 'i') return pick(std::int8_t{}, std::int16_t{}, std::int32_t{}, std::int64_t{});
  return pick(std::uint8_t{}, std::uint16_t{}, std::uint32_t{}, std::uint64_t{});
}

}  // namespace

ImageInfo probe_npy(ByteSource& file) {
  const Array array = read_header(file);
  ImageInfo info;
  info.kind = FileKind::npy;
  info.stored = {array.columns, array.rows};
  info.channels = array.channels;
  info.bit_depth = array.bytes == 1 ? 8 : 16;
  return info;
}

cv::Mat decode_npy(std::string_view bytes) {
  ByteSource file(bytes);
  const Array array = read_header(file);
  const cv::Mat wide = samples(array, bytes);
  double highest = 0;
  cv::minMaxLoc(wide.reshape(1), nullptr, &highest);
  if (highest > 255) {
    if (array.channels > 1)
      throw Error(Code::unsupported, "an array of several channels holds more than 8 bits a sample");
    return wide;
  }
  cv::Mat narrow;
  wide.convertTo(narrow, CV_8U);
  return narrow;
}

}  // namespace maskmill::codecs

namespace maskmill {

std::string encode_npy(const cv::Mat& samples) {
  if (samples.type() != CV_8UC1 && samples.type() != CV_16UC1)
    throw Error(Code::bug, "an array to write has one channel of 8 or 16 bits");
  constexpr std::size_t kStart = codecs::kMagic + 4, kAlignment = 64;
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}",
                                   samples.depth() == CV_8U ? "|u1" : "<u2", samples.rows, samples.cols);
  header.append(kAlignment - 1 - (kStart + header.size()) % kAlignment, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY\x01";
  for (const std::size_t number : {std::size_t{0}, header.size(), std::size_t{0}})  // minor version, length
    bytes += static_cast<char>(number);
  bytes += header;
  bytes.reserve(bytes.size() + samples.total() * samples.elemSize());
  for (int y = 0; y < samples.rows; ++y)
    for (int x = 0; x < samples.cols; ++x)
      if (samples.depth() == CV_8U) {
        bytes += static_cast<char>(samples.at<std::uint8_t>(y, x));
      } else {
        const std::uint16_t sample = samples.at<std::uint16_t>(y, x);
        bytes += static_cast<char>(sample & 0xFF);
        bytes += static_cast<char>(sample >> 8);
      }
  return bytes;
}

}  // namespace maskmill
