// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "fetch/url.h"

namespace maskmill::fetch {

enum class OpenImagesSplit { train, validation, test };

}  // namespace maskmill::fetch

template <>
inline constexpr std::array<std::string_view, 3> maskmill::enum_names<maskmill::fetch::OpenImagesSplit>{
    "train", "validation", "test"};

namespace maskmill::fetch {

/// Where Open Images lies: V7's files, which are partly those of older versions
/// (https://storage.googleapis.com/openimages/web/download_v7.html).
Url open_images_classes();    ///< the 601 classes with boxes, 350 of which have masks
Url open_images_hierarchy();  ///< of these
Url open_images_boxes(OpenImagesSplit split);
Url open_images_masks(OpenImagesSplit split);
/// Where images come from, by whom and under which licence. Of train, those with boxes.
Url open_images_images(OpenImagesSplit split);
/// The masks of the images whose id begins with this digit.
Url open_images_shard(OpenImagesSplit split, char digit);
inline constexpr std::string_view kOpenImagesShards = "0123456789abcdef";
/// Its longer side has 1,024 pixels.
Url open_images_image(OpenImagesSplit split, std::string_view id);

}  // namespace maskmill::fetch
