// SPDX-License-Identifier: Apache-2.0
#include "image/png_rows.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <bit>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <opencv2/core/hal/intrin.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/codecs.h"

namespace maskmill::codecs {
namespace {

constexpr std::size_t kHeaderBytes = 13, kAroundChunk = 12;

// What deflate makes at most of a byte (zlib's technical notes): a header that claims more lies.
constexpr std::size_t kMostInflation = 1032;

/// The compressed pixels: in one piece of the file where they lie in one chunk.
class Pixels {
 public:
  void add(std::string_view bytes) {
    if (chunks_++ == 0) {
      first_ = bytes;
      return;
    }
    if (chunks_ == 2) joined_ = first_;
    joined_ += bytes;
  }
  std::string_view bytes() const { return chunks_ > 1 ? std::string_view(joined_) : first_; }

 private:
  int chunks_ = 0;
  std::string_view first_;
  std::string joined_;
};

/// The chunks of a PNG, each held against its checksum and against the order of PNG 1.2, 4.1.
class Chunks {
 public:
  explicit Chunks(std::string_view png) : png_(png) {}

  /// Nothing where anything is out of order, or interlaced.
  std::optional<Pixels> pixels() {
    while (next()) {
      if (type_ == "IEND") return at_ == At::pixels || at_ == At::behind ? end() : std::nullopt;
      if (!take()) break;
    }
    return std::nullopt;
  }

 private:
  enum class At { start, header, palette, pixels, behind };

  bool next() {
    if (png_.size() - offset_ < kAroundChunk) return false;
    const std::size_t length = big32(png_, offset_);
    if (length > png_.size() - offset_ - kAroundChunk) return false;
    type_ = png_.substr(offset_ + 4, 4);
    data_ = png_.substr(offset_ + 8, length);
    const std::uint32_t sum = libdeflate_crc32(0, type_.data(), length + 4);
    offset_ += kAroundChunk + length;
    return sum == big32(png_, offset_ - 4);
  }

  bool take() {
    if (at_ == At::start) return type_ == "IHDR" && take_header();
    if (type_ == "IDAT") {
      if (at_ == At::behind || (is_indexed_ && at_ == At::header)) return false;
      at_ = At::pixels;
      pixels_.add(data_);
      return true;
    }
    if (at_ == At::pixels) at_ = At::behind;
    if (type_ == "PLTE") return take_palette();
    const bool is_ancillary = (byte_at(type_, 0) & 0x20U) != 0;
    return is_ancillary;
  }

  bool take_header() {
    if (data_.size() != kHeaderBytes) return false;
    at_ = At::header;
    is_indexed_ = byte_at(data_, 9) == kIndexed;
    const bool plain = byte_at(data_, 10) == 0 && byte_at(data_, 11) == 0,
               interlaced = byte_at(data_, 12) != 0;
    return plain && !interlaced;
  }

  bool take_palette() {
    if (at_ != At::header || !is_indexed_ || data_.empty() || data_.size() % 3 != 0 || data_.size() > 3 * 256)
      return false;
    at_ = At::palette;
    return true;
  }

  std::optional<Pixels> end() { return data_.empty() ? std::optional(std::move(pixels_)) : std::nullopt; }

  static constexpr std::uint32_t kIndexed = 3;
  std::string_view png_, type_, data_;
  std::size_t offset_ = kPngSignatureBytes;
  At at_ = At::start;
  bool is_indexed_ = false;
  Pixels pixels_;
};

bool inflate(std::string_view packed, std::span<std::uint8_t> bytes) {
  struct Free {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
  };
  const std::unique_ptr<libdeflate_decompressor, Free> decompressor(libdeflate_alloc_decompressor());
  // Without a place for how much came, all must come.
  std::size_t taken = 0;
  return decompressor &&
         libdeflate_zlib_decompress_ex(decompressor.get(), packed.data(), packed.size(), bytes.data(),
                                       bytes.size(), &taken, nullptr) == LIBDEFLATE_SUCCESS &&
         taken == packed.size();
}

std::uint8_t sum(int a, int b) {
  return static_cast<std::uint8_t>(a + b);
}

// PNG 1.2, 6.6.
int paeth(int left, int above, int corner) {
  const int to_left = std::abs(above - corner), to_above = std::abs(left - corner);
  const int to_corner = std::abs(left + above - 2 * corner);
  const int nearer = to_above <= to_corner ? above : corner;
  return to_left <= to_above && to_left <= to_corner ? left : nearer;
}

// The filter of most masks: each byte is the sum of all up to it. 16 at once, doubling the reach of the sums.
void sum_up(const std::uint8_t* from, std::uint8_t* to, std::size_t size) {
  constexpr std::size_t kLanes = cv::v_uint8x16::nlanes;
  std::uint8_t before = 0;
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    cv::v_uint8x16 sums = cv::v_load(from + i);
    sums = cv::v_add_wrap(sums, cv::v_rotate_left<1>(sums));
    sums = cv::v_add_wrap(sums, cv::v_rotate_left<2>(sums));
    sums = cv::v_add_wrap(sums, cv::v_rotate_left<4>(sums));
    sums = cv::v_add_wrap(sums, cv::v_rotate_left<8>(sums));
    sums = cv::v_add_wrap(sums, cv::v_setall_u8(before));
    cv::v_store(to + i, sums);
    before = to[i + kLanes - 1];
  }
  for (; i < size; ++i) to[i] = before = sum(from[i], before);
}

/// PNG 1.2, 6.2 to 6.6, over samples of kBytes bytes. `above` is the row before, or zeros.
template <std::size_t kBytes>
bool unfilter(int filter, const std::uint8_t* from, const std::uint8_t* above, std::uint8_t* to,
              std::size_t size) {
  std::array<std::uint8_t, kBytes> left{}, corner{};
  switch (filter) {
    case 0:
      std::copy_n(from, size, to);
      return true;
    case 1:
      if constexpr (kBytes == 1) {
        sum_up(from, to, size);
        return true;
      }
      for (std::size_t i = 0; i < size; ++i) to[i] = left[i % kBytes] = sum(from[i], left[i % kBytes]);
      return true;
    case 2:
      for (std::size_t i = 0; i < size; ++i) to[i] = sum(from[i], above[i]);
      return true;
    case 3:
      for (std::size_t i = 0; i < size; ++i)
        to[i] = left[i % kBytes] = sum(from[i], (left[i % kBytes] + above[i]) / 2);
      return true;
    case 4:
      for (std::size_t i = 0; i < size; ++i) {
        to[i] = left[i % kBytes] = sum(from[i], paeth(left[i % kBytes], above[i], corner[i % kBytes]));
        corner[i % kBytes] = above[i];
      }
      return true;
    default:
      return false;
  }
}

void to_machine_order(std::span<std::uint8_t> samples) {
  if constexpr (std::endian::native == std::endian::little)
    for (std::size_t i = 0; i + 1 < samples.size(); i += 2) std::swap(samples[i], samples[i + 1]);
}

// In place, to the front: a row moves by as many bytes as filters stand before it.
template <std::size_t kBytes>
bool unfilter_rows(std::uint8_t* bytes, std::size_t rows, std::size_t size) {
  std::vector<std::uint8_t> zeros(size), row(size);
  const std::uint8_t* above = zeros.data();
  for (std::size_t y = 0; y < rows; ++y) {
    const std::uint8_t* from = bytes + y * (size + 1);
    std::uint8_t* to = bytes + y * size;
    const int filter = *from;
    std::copy_n(from + 1, size, row.data());
    if (!unfilter<kBytes>(filter, row.data(), above, to, size)) return false;
    above = to;
  }
  return true;
}

}  // namespace

std::optional<cv::Mat> decode_gray_rows(std::string_view png, int height, int row_samples, int sample_bytes) {
  if (png.size() < kPngSignatureBytes) return {};
  const std::optional<Pixels> pixels = Chunks(png).pixels();
  if (!pixels) return {};

  const auto rows = static_cast<std::size_t>(height), sample = static_cast<std::size_t>(sample_bytes);
  const std::size_t size = static_cast<std::size_t>(row_samples) * sample, filtered = rows * (size + 1);
  const std::size_t samples = (filtered + sample - 1) / sample;
  if (filtered / kMostInflation > pixels->bytes().size() || samples > INT_MAX) return {};
  cv::Mat memory = new_pixels({static_cast<int>(samples), 1}, sample_bytes == 2 ? CV_16UC1 : CV_8UC1);
  std::uint8_t* bytes = memory.data;
  if (!inflate(pixels->bytes(), {bytes, filtered})) return {};
  const bool known =
      sample_bytes == 2 ? unfilter_rows<2>(bytes, rows, size) : unfilter_rows<1>(bytes, rows, size);
  if (!known) return {};
  if (sample_bytes == 2) to_machine_order({bytes, rows * size});
  return memory.colRange(0, height * row_samples).reshape(0, height);
}

}  // namespace maskmill::codecs
