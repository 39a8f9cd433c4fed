// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace maskmill {

/// Keys of ours in COCO files; other programs pass them over, as the format lets them.
namespace coco_key {
inline constexpr std::string_view kOurs = "maskmill";       ///< in `info`: what follows, as an object
inline constexpr std::string_view kItem = "maskmill_item";  ///< in an image: the item's id
/// In `info`'s: names of labels of which nothing said whether they are things, or what colour they have.
inline constexpr std::string_view kKindUnknown = "kind_unknown", kColourMade = "color_made";
inline constexpr std::string_view kSubset = "subset";  ///< in an image, where one file holds all subsets
inline constexpr std::string_view kAttributes = "attributes";  ///< attributes in an object of their own
}  // namespace coco_key

}  // namespace maskmill
