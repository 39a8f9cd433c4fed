// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/place_list.h"

#include <algorithm>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr char kSeparator = '\0';  // in no path

std::string text_of(const Place& place) {
  return place.file + kSeparator + (place.line ? std::to_string(*place.line) : "") + kSeparator + place.field;
}

Place place_of(std::string_view text) {
  Place place;
  const std::size_t line = text.find(kSeparator) + 1, field = text.find(kSeparator, line) + 1;
  place.file = text.substr(0, line - 1);
  if (const auto number = to_integer(text.substr(line, field - 1 - line)))
    place.line = static_cast<std::size_t>(*number);
  place.field = text.substr(field);
  return place;
}

/// Seven bits a byte, the low ones first; the eighth says that more follow.
void append_number(std::string& bytes, std::size_t number) {
  for (; number >= 128; number /= 128) bytes += static_cast<char>(128 | number % 128);
  bytes += static_cast<char>(number);
}

std::size_t take_number(std::string_view& bytes) {
  std::size_t number = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= std::size_t{byte % 128U} << shift;
    if (byte < 128) return number;
  }
}

}  // namespace

void PlaceList::add(const Place& place) {
  std::string text = text_of(place);
  const auto same = static_cast<std::size_t>(std::ranges::mismatch(text, last_).in1 - text.begin());
  append_number(bytes_, same);
  append_number(bytes_, text.size() - same);
  bytes_.append(text, same);
  last_ = std::move(text);
  ++size_;
}

void PlaceList::for_each(const std::function<void(Place)>& visit) const {
  std::string_view bytes = bytes_;
  std::string text;
  for (std::size_t i = 0; i < size_; ++i) {
    text.resize(take_number(bytes));
    const std::size_t length = take_number(bytes);
    text += bytes.substr(0, length);
    bytes.remove_prefix(length);
    visit(place_of(text));
  }
}

}  // namespace maskmill
