// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/enum_names.h"
#include "formats/format.h"

namespace maskmill {

/// What the items are.
enum class OpenImagesItems {
  automatic,  ///< the images that are there, or where there are none those of the tables
  images,     ///< those that are there; rows of others are passed over
  rows        ///< all that the tables name
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<OpenImagesItems>{"auto", "images", "rows"};

struct OpenImagesReadSettings {
  OpenImagesItems items = OpenImagesItems::automatic;
  static void visit(auto& self, auto&& setting) {
    setting(
        "items", self.items,
        "the items: the images that are there, or all that the tables name; auto is the former where there "
        "is an image");
  }
};

/// The folders of what is written.
inline constexpr std::string_view kOpenImagesTables = "annotations", kOpenImagesImages = "images",
                                  kOpenImagesMasks = "masks";
/// What files and folders of items without a subset are called by; datumaro calls them so too.
inline constexpr std::string_view kOpenImagesNoSubset = "default";
/// Attributes of the data set that keep what labels have no place for.
inline constexpr std::string_view kOpenImagesMids = "openimages_mids",  // {label: MID}
    kOpenImagesParents = "openimages_parents",                          // {label: [further parent]}
    kOpenImagesParts = "openimages_parts";                              // {label: [part]}
/// Of an item: [{"label": name, "source": text}], the labels of which people said that they are not there.
inline constexpr std::string_view kOpenImagesAbsent = "absent_labels";

/// How far the coordinates of a mask's row may be from those of its box's: tables of masks have 6 digits,
/// those of boxes up to 10.
inline constexpr double kOpenImagesTolerance = 1.01e-6;

/// Format::open and Format::create of openimages().
std::unique_ptr<Source> open_openimages(const OpenRequest& request);
std::unique_ptr<Sink> create_openimages(const CreateRequest& request);

}  // namespace maskmill
