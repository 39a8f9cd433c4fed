// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/item_places.h"

namespace maskmill {
namespace {

constexpr std::size_t kBlock = 32;  // entries
constexpr char kEnd = '\0';         // of a text; in no path

}  // namespace

void ItemPlaces::add(const Item* item) {
  std::string bytes;
  if (item) {
    const std::string image = image_file(*item).string();
    bytes = (image.empty() ? item->origin.file : image) + kEnd + item->subset;
  } else {
    bytes += kEnd;
  }
  bytes += kEnd;
  const std::uint64_t begin = bytes_.append(bytes);
  if (size_++ % kBlock == 0) blocks_.push_back(begin);
  end_ = begin + bytes.size();
}

ItemPlaces::Entry ItemPlaces::at(std::size_t position) const {
  const std::size_t block = position / kBlock;
  const std::uint64_t end = block + 1 < blocks_.size() ? blocks_[block + 1] : end_;
  std::string bytes;
  bytes_.read(blocks_[block], end - blocks_[block], bytes);
  std::size_t at = 0;
  const auto next = [&] {
    const std::size_t stop = bytes.find(kEnd, at);
    const std::string text = bytes.substr(at, stop - at);
    at = stop + 1;
    return text;
  };
  for (std::size_t i = 0; i < position % kBlock; ++i) next(), next();
  Entry entry;
  entry.file = next();
  entry.subset = next();
  return entry;
}

}  // namespace maskmill
