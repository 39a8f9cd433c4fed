// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dataset/item.h"
#include "image/capture.h"
#include "prepare/near_duplicates.h"
#include "prepare/split/item_groups.h"

namespace maskmill {

/// What an item's image says of its groups; nothing where nobody asks, and of an item without an image.
struct PictureTraits {
  std::optional<GrayThumbnail> thumbnail;
  std::optional<Capture> capture;
};

/// On any thread. Throws Error as image_bytes and decode_image.
PictureTraits picture_traits(const Item& item, const GroupSettings& settings);

/// Two items that stay together, and why, for messages: "they show the same".
struct ItemLink {
  std::uint32_t first, second;
  std::string_view why;
};

/// Links items by their images. Takes memory and time as NearDuplicates does, and 24 bytes an image whose
/// time is known.
class PictureLinks {
 public:
  explicit PictureLinks(const GroupSettings& settings) : seconds_(settings.seconds) {}

  /// In the items' order.
  void add(std::uint32_t item, const PictureTraits& traits);
  /// Enough links to connect all items that belong together. On all threads of the current Jobs.
  std::vector<ItemLink> find();
  bool knows_a_time() const { return !shots_.empty(); }

 private:
  struct Shot {
    std::uint32_t camera, item;
    std::int64_t milliseconds;
  };
  void link_shots(std::vector<ItemLink>& links);

  std::optional<double> seconds_;
  KeyNumbers cameras_;
  std::vector<Shot> shots_;
  NearDuplicates pictures_;
  std::vector<std::uint32_t> item_of_picture_;
};

}  // namespace maskmill
