// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/picture_links.h"

namespace maskmill {
namespace {

// Twice the thumbnail's side, so that each of its cells is an average.
constexpr Size kDecoded{2 * GrayThumbnail::kSide, 2 * GrayThumbnail::kSide};

}  // namespace

PictureTraits picture_traits(const Item& item, const GroupSettings& settings) {
  PictureTraits traits;
  if (!has_image(item)) return traits;
  if (settings.near_duplicates) traits.thumbnail = gray_thumbnail(read_picture(item, {.at_least = kDecoded}));
  return traits;
}

void PictureLinks::add(std::uint32_t item, const PictureTraits& traits) {
  if (!traits.thumbnail) return;
  pictures_.add(*traits.thumbnail);
  item_of_picture_.push_back(item);
}

std::vector<ItemLink> PictureLinks::find() const {
  std::vector<ItemLink> links;
  pictures_.find([&](const NearPair& pair) {
    links.push_back({item_of_picture_[pair.first], item_of_picture_[pair.second], "they show the same"});
  });
  return links;
}

}  // namespace maskmill
