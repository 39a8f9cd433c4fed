// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/picture_links.h"

#include <algorithm>
#include <tuple>

#include "base/byte_source.h"

namespace maskmill {
namespace {

// Twice the thumbnail's side, so that each of its cells is an average.
constexpr Size kDecoded{2 * GrayThumbnail::kSide, 2 * GrayThumbnail::kSide};
// Of a file: EXIF is a segment of 64 KB at most, before which there are few others.
constexpr std::size_t kExifReach = 256 << 10;

std::optional<Capture> capture_of_image(const Item& item) {
  if (item.made_image) return capture_of(image_bytes(item));
  ByteSource file(item.image);
  return capture_of(file.at(0, kExifReach));
}

}  // namespace

PictureTraits picture_traits(const Item& item, const GroupSettings& settings) {
  PictureTraits traits;
  if (!has_image(item)) return traits;
  if (settings.near_duplicates) traits.thumbnail = gray_thumbnail(read_picture(item, {.at_least = kDecoded}));
  if (settings.seconds) traits.capture = capture_of_image(item);
  return traits;
}

void PictureLinks::add(std::uint32_t item, const PictureTraits& traits) {
  if (traits.capture)
    shots_.push_back({cameras_.number_of(traits.capture->camera), item, traits.capture->milliseconds});
  if (!traits.thumbnail) return;
  pictures_.add(*traits.thumbnail);
  item_of_picture_.push_back(item);
}

std::vector<ItemLink> PictureLinks::find() {
  std::vector<ItemLink> links;
  if (seconds_) link_shots(links);
  pictures_.find([&](const NearPair& pair) {
    links.push_back({item_of_picture_[pair.first], item_of_picture_[pair.second], "they show the same"});
  });
  return links;
}

void PictureLinks::link_shots(std::vector<ItemLink>& links) {
  std::ranges::sort(shots_, {},
                    [](const Shot& shot) { return std::tuple(shot.camera, shot.milliseconds, shot.item); });
  for (std::size_t i = 1; i < shots_.size(); ++i) {
    const Shot &last = shots_[i - 1], &shot = shots_[i];
    if (last.camera == shot.camera &&
        static_cast<double>(shot.milliseconds - last.milliseconds) <= *seconds_ * 1000)
      links.push_back({last.item, shot.item, "one camera took them one after the other"});
  }
}

}  // namespace maskmill
