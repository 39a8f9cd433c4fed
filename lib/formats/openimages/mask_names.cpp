// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/mask_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::string_view kExtension = ".png";
constexpr std::size_t kMostOfName = 40;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hexadecimal(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

/// Of MIDs without their slashes. Those of Open Images hold "_" too: /m/04_sv is a motorcycle.
bool is_mid_letter(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c) || c == '-' || c == '_';
}

bool is_mid_text(std::string_view text) {
  return text.size() > 1 && is_lower(text.front()) && std::ranges::all_of(text, is_mid_letter);
}

/// As Freebase's begin, and our own.
bool begins_as_mid(std::string_view text) {
  return text.starts_with("m0") || text.starts_with("m1") || text.starts_with("g1") || text.starts_with("x");
}

/// Where in "IMAGE_MID" the MID begins. Both may hold "_": an official id is known by its form, and else the
/// MID by its beginning.
std::optional<std::size_t> find_mid(std::string_view text) {
  const bool has_id = text.size() > kOpenImagesIdDigits && text[kOpenImagesIdDigits] == '_' &&
                      std::ranges::all_of(text.substr(0, kOpenImagesIdDigits), is_hexadecimal);
  if (has_id && is_mid_text(text.substr(kOpenImagesIdDigits + 1))) return kOpenImagesIdDigits + 1;
  const auto last = text.rfind('_');
  for (auto at = last; at != std::string_view::npos && at > 0; at = text.rfind('_', at - 1))
    if (begins_as_mid(text.substr(at + 1)) && is_mid_text(text.substr(at + 1))) return at + 1;
  if (last == std::string_view::npos || last == 0 || !is_mid_text(text.substr(last + 1))) return std::nullopt;
  return last + 1;
}

std::string short_hash(std::string_view text) {
  return digest_of(text).hex().substr(0, 8);
}

}  // namespace

std::string to_box_id(std::uint32_t number) {
  return fmt::format("{:08x}", number);
}

std::optional<std::uint32_t> parse_box_id(std::string_view text) {
  if (text.size() != 8 || !std::ranges::all_of(text, is_hexadecimal)) return std::nullopt;
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

std::optional<OpenImagesMaskName> parse_mask_name(std::string_view file_name) {
  if (!file_name.ends_with(kExtension)) return std::nullopt;
  file_name.remove_suffix(kExtension.size());
  const std::size_t before_box = file_name.rfind('_');
  if (before_box == std::string_view::npos || before_box == 0) return std::nullopt;
  const std::string_view named = file_name.substr(0, before_box);
  const auto box = parse_box_id(file_name.substr(before_box + 1));
  const auto begin = find_mid(named);
  if (!box || !begin) return std::nullopt;
  const std::string_view mid = named.substr(*begin);
  return OpenImagesMaskName{std::string(named.substr(0, *begin - 1)),
                            fmt::format("/{}/{}", mid.front(), mid.substr(1)), *box};
}

std::string image_in_mask_name(const std::string& id) {
  const std::size_t slash = id.rfind('/');
  return slash == std::string::npos ? id : id.substr(slash + 1) + "-" + short_hash(id);
}

std::string to_mask_file_name(const OpenImagesMaskName& name) {
  std::string mid;
  for (const char c : name.mid)
    if (c != '/') mid += is_mid_letter(c) ? c : '-';
  const std::string image = image_in_mask_name(name.image);
  const auto named = [&] { return fmt::format("{}_{}_{}{}", image, mid, to_box_id(name.box), kExtension); };
  const auto read = parse_mask_name(named());
  if (!is_mid(name.mid) || !read || read->mid != name.mid || read->image != image)
    mid += "-" + short_hash(name.mid);
  return named();
}

bool is_mid(std::string_view text) {
  return text.size() > 3 && text[0] == '/' && is_lower(text[1]) && text[2] == '/' &&
         std::ranges::all_of(text.substr(3), is_mid_letter);
}

std::string own_mid(std::string_view label_name) {
  if (is_mid(label_name)) return std::string(label_name);
  std::string mid = "/x/";
  for (const char c : lower_case(label_name.substr(0, kMostOfName)))
    mid += is_digit(c) || is_lower(c) ? c : '-';
  if (mid.substr(3) != label_name) mid += "-" + short_hash(label_name);
  return mid;
}

}  // namespace maskmill
