// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "dataset/rle.h"

namespace maskmill {
namespace {

constexpr int kFirstCharacter = 48;
constexpr int kMoreFollow = 0x20;
constexpr int kNegative = 0x10;     // the sign, in the last character of a number
constexpr int kMostCharacters = 7;  // 35 bits: any difference of two counts, and its sign

Error bad_string(std::string_view text, const std::string& what) {
  return Error(Code::bad_value, fmt::format("{} in the run lengths {}", what, in_quotes(text)));
}

/// One number, from `position` on, which moves behind it.
std::int64_t read_number(std::string_view text, std::size_t& position) {
  std::int64_t number = 0;
  for (int i = 0; i < kMostCharacters; ++i) {
    if (position == text.size()) throw bad_string(text, "the text ends inside a number");
    const int digit = static_cast<unsigned char>(text[position]) - kFirstCharacter;
    if (digit < 0 || digit > 63)
      throw bad_string(text, fmt::format("character {} is none of '0' to 'o'", position + 1));
    ++position;
    if (i == 0 && digit < kMoreFollow) return (digit ^ kNegative) - kNegative;  // as most are
    number |= std::int64_t{digit & 0x1f} << 5 * i;
    if (digit & kMoreFollow) continue;
    if (digit & kNegative) number -= std::int64_t{1} << 5 * (i + 1);
    return number;
  }
  throw bad_string(text,
                   fmt::format("the number that ends at character {} is larger than any run", position));
}

}  // namespace

std::string to_coco_string(const Rle& rle) {
  validate(rle);
  std::string text;
  for (std::size_t i = 0; i < rle.counts.size(); ++i) {
    std::int64_t number = rle.counts[i];
    if (i > 2) number -= rle.counts[i - 2];
    for (bool more = true; more;) {
      const int digit = static_cast<int>(number & 0x1f);
      number >>= 5;
      more = number != (digit & kNegative ? -1 : 0);
      text += static_cast<char>((more ? digit | kMoreFollow : digit) + kFirstCharacter);
    }
  }
  return text;
}

Rle from_coco_string(std::string_view text, Size size) {
  validate(size);
  Rle rle{size, {}};
  rle.counts.reserve(static_cast<std::size_t>(std::ranges::count_if(
      text, [](char character) { return ((character - kFirstCharacter) & kMoreFollow) == 0; })));
  std::int64_t filled = 0;
  for (std::size_t position = 0; position < text.size();) {
    std::int64_t count = read_number(text, position);
    if (rle.counts.size() > 2) count += rle.counts[rle.counts.size() - 2];
    if (count < 0) throw bad_string(text, fmt::format("run {} is below 0", rle.counts.size() + 1));
    filled += count;
    if (filled > size.area())
      throw bad_string(text, fmt::format("run {} goes past the {} pixels of the size {}",
                                         rle.counts.size() + 1, size.area(), to_string(size)));
    rle.counts.push_back(static_cast<std::uint32_t>(count));
  }
  if (filled < size.area())
    throw bad_string(text, fmt::format("{} of the {} pixels of the size {} are missing", size.area() - filled,
                                       size.area(), to_string(size)));
  return rle;
}

}  // namespace maskmill
