// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace maskmill {

/// "677c122b0eaa5d16_m04yx4_9a041d52.png": what the name of an Open Images mask says.
struct OpenImagesMaskName {
  std::string image;
  std::string mid;        ///< with its slashes: "/m/04yx4"
  std::uint32_t box = 0;  ///< BoxID, 8 hexadecimal digits
};

/// Hexadecimal digits of an image's official id.
inline constexpr std::size_t kOpenImagesIdDigits = 16;

/// Nothing for a name of another form. Both an image's id and a MID may hold "_": where they could be read in
/// two ways, an official id of 16 hexadecimal digits, or else what begins as Freebase's MIDs do, decides.
std::optional<OpenImagesMaskName> parse_mask_name(std::string_view file_name);
/// Its name again. Slashes of the image's id, and characters that a MID does not have, are replaced, and the
/// part then ends in a hash.
std::string to_mask_file_name(const OpenImagesMaskName& name);
/// What stands for the image in it; the id itself where that has no slash.
std::string image_in_mask_name(const std::string& id);

/// 8 lower-case hexadecimal digits, and back; nothing for any other text.
std::string to_box_id(std::uint32_t number);
std::optional<std::uint32_t> parse_box_id(std::string_view text);

/// True for "/m/04yx4" and its like: a letter and a name between slashes.
bool is_mid(std::string_view text);
/// The MID of a label that has none: "/x/hot-dog-4f1c2d3e", its name in lower case and a hash where that is
/// not the name itself. Freebase knows /m/ and /g/ alone, so it is nobody else's. A name that is a MID is its
/// own.
std::string own_mid(std::string_view label_name);

}  // namespace maskmill
