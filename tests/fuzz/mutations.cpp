// SPDX-License-Identifier: Apache-2.0
#include "mutations.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>
#include <vector>

namespace maskmill::fuzz {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 22;
constexpr int kDeep = 20'000;

// Mostly a few bytes, sometimes a large part.
std::pair<std::size_t, std::size_t> piece(const std::string& file, Random& random) {
  const std::size_t start = random.below(file.size() + 1), left = file.size() - start;
  const std::size_t most = random.chance(0.7) ? std::min<std::size_t>(left, 32) : left;
  return {start, random.below(most + 1)};
}

void flip_bytes(std::string& file, Random& random) {
  if (file.empty()) return;
  for (std::uint64_t i = random.below(8) + 1; i > 0; --i) {
    char& byte = file[random.below(file.size())];
    byte = random.chance(0.5) ? static_cast<char>(byte ^ (1 << random.below(8)))
                              : static_cast<char>(random.below(256));
  }
}

void truncate(std::string& file, Random& random) {
  file.resize(random.below(file.size() + 1));
}

void cut_out(std::string& file, Random& random) {
  const auto [start, length] = piece(file, random);
  file.erase(start, length);
}

void repeat(std::string& file, Random& random) {
  const auto [start, length] = piece(file, random);
  const std::string copy = file.substr(start, length);
  const std::uint64_t times = random.chance(0.8) ? 1 : 1 + random.below(2000);
  for (std::uint64_t i = 0; i < times && file.size() < kMostBytes; ++i) file.insert(start, copy);
}

void move(std::string& file, Random& random) {
  const auto [start, length] = piece(file, random);
  const std::string copy = file.substr(start, length);
  file.erase(start, length);
  file.insert(random.below(file.size() + 1), copy);
}

void write_extreme_number(std::string& file, Random& random) {
  static constexpr std::array<std::string_view, 18> extremes{"0",
                                                             "-1",
                                                             "1e999",
                                                             "-1e999",
                                                             "NaN",
                                                             "1e-999",
                                                             "0.5",
                                                             "255",
                                                             "256",
                                                             "65536",
                                                             "2147483647",
                                                             "2147483648",
                                                             "4294967295",
                                                             "4294967296",
                                                             "-2147483649",
                                                             "9223372036854775807",
                                                             "99999999999999999999",
                                                             "1e15"};
  std::vector<std::pair<std::size_t, std::size_t>> numbers;
  for (std::size_t i = 0; i < file.size(); ++i) {
    const std::size_t start = i;
    while (i < file.size() && std::isdigit(static_cast<unsigned char>(file[i]))) ++i;
    if (i > start) numbers.emplace_back(start, i - start);
  }
  if (numbers.empty()) return flip_bytes(file, random);
  const auto [start, length] = numbers[random.below(numbers.size())];
  file.replace(start, length, extremes[random.below(extremes.size())]);
}

void write_extreme_length(std::string& file, Random& random) {
  static constexpr std::array<std::uint64_t, 10> extremes{
      0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0xFFFFFFFFFFFFFFFF};
  const std::size_t width = std::size_t{1} << random.below(4);
  if (file.size() < width) return;
  // Headers hold the lengths.
  const std::size_t range = random.chance(0.6) ? std::min<std::size_t>(file.size(), 128) : file.size();
  if (range < width) return;
  const std::size_t at = random.below(range - width + 1);
  const std::uint64_t value = extremes[random.below(extremes.size())];
  const bool is_big_endian = random.chance(0.5);
  for (std::size_t i = 0; i < width; ++i)
    file[at + (is_big_endian ? width - 1 - i : i)] = static_cast<char>(value >> (8 * i));
}

void nest(std::string& file, Random& random) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> pairs{
      {{"[", "]"}, {"{\"a\":", "}"}, {"<object>", "</object>"}, {"(", ")"}}};
  const auto [open, close] = pairs[random.below(pairs.size())];
  const auto [start, length] = piece(file, random);
  const std::uint64_t depth = random.chance(0.5) ? kDeep : random.below(300);
  std::string opening, closing;
  for (std::uint64_t i = 0; i < depth; ++i) opening += open, closing += close;
  if (random.chance(0.7)) file.insert(start + length, closing);
  file.insert(start, opening);
}

void write_odd_text(std::string& file, Random& random) {
  static constexpr std::array<std::string_view, 12> odd{
      "..",   "/",  "../../etc/passwd", std::string_view("\0", 1),          "\xEF\xBB\xBF", "\xFF\xFE",
      "\r\n", "\"", "<![CDATA[",        "<!DOCTYPE a [<!ENTITY b \"c\">]>", "null",         "&#x110000;"};
  file.insert(random.below(file.size() + 1), odd[random.below(odd.size())]);
}

std::uint32_t crc_of(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

void correct_png_checksums(std::string& file) {
  constexpr std::size_t signature = 8, around = 12;  // a chunk's length, type and checksum
  for (std::size_t at = signature; at + around <= file.size();) {
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(file[at + i]);
    if (length > file.size() - at - around) return;
    const std::uint32_t crc = crc_of(std::string_view(file).substr(at + 4, length + 4));
    for (std::size_t i = 0; i < 4; ++i) file[at + 8 + length + i] = static_cast<char>(crc >> (24 - 8 * i));
    at += around + length;
  }
}

}  // namespace

std::string mutated(std::string file, Random& random) {
  static constexpr std::array changes{
      flip_bytes,           truncate, cut_out,       repeat, move, write_extreme_number,
      write_extreme_length, nest,     write_odd_text};
  for (std::uint64_t i = random.below(3) + 1; i > 0; --i) changes[random.below(changes.size())](file, random);
  if (file.starts_with("\x89PNG") && random.chance(0.8)) correct_png_checksums(file);
  return file;
}

}  // namespace maskmill::fuzz
