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

constexpr std::size_t kSignatureBytes = 8, kHeaderBytes = 13, kAroundChunk = 12;

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

// Nothing where a chunk is broken, IDATs do not follow each other, or the end is missing.
std::optional<Pixels> compressed_pixels(std::string_view png) {
  Pixels pixels;
  enum class At { before, in, behind } at = At::before;
  for (std::size_t offset = kSignatureBytes; png.size() - offset >= kAroundChunk;) {
    const std::size_t length = big32(png, offset);
    if (length > png.size() - offset - kAroundChunk) return std::nullopt;
    const std::string_view type = png.substr(offset + 4, 4), data = png.substr(offset + 8, length);
    if (libdeflate_crc32(0, type.data(), length + 4) != big32(png, offset + 8 + length)) return std::nullopt;
    if (type == "IDAT") {
      if (at == At::behind) return std::nullopt;
      at = At::in;
      pixels.add(data);
    } else if (at == At::in) {
      at = At::behind;
    }
    if (type == "IEND") return at == At::behind ? std::optional(std::move(pixels)) : std::nullopt;
    offset += kAroundChunk + length;
  }
  return std::nullopt;
}

bool inflate(std::string_view packed, std::span<std::uint8_t> bytes) {
  struct Free {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
  };
  const std::unique_ptr<libdeflate_decompressor, Free> decompressor(libdeflate_alloc_decompressor());
  // Without a place for how much came, all must come.
  return decompressor &&
         libdeflate_zlib_decompress(decompressor.get(), packed.data(), packed.size(), bytes.data(),
                                    bytes.size(), nullptr) == LIBDEFLATE_SUCCESS;
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
  constexpr std::size_t kInterlace = kSignatureBytes + 8 + 12;
  if (png.size() <= kSignatureBytes + kAroundChunk + kHeaderBytes || byte_at(png, kInterlace) != 0) return {};
  const std::optional<Pixels> pixels = compressed_pixels(png);
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
