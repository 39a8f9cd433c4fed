// SPDX-License-Identifier: Apache-2.0
#include "support/drawn_shapes.h"

#include <cstdlib>
#include <opencv2/core.hpp>
#include <string>

#include "base/random.h"
#include "image/image.h"

namespace maskmill::tests {
namespace {

enum : int { kGround, kDisc, kBox, kVoid };

}  // namespace

DrawnShape drawn_shape(Size size, std::uint64_t number) {
  Random random{stable_hash("drawn shape"), number};
  const auto below = [&](int bound) {
    return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
  };
  const int radius = 4 + below(size.height / 5);
  const int centre_x = radius + below(size.width - 2 * radius);
  const int centre_y = radius + below(size.height - 2 * radius);
  const bool is_disc = random.chance(0.5);
  const auto label_at = [&](int x, int y) {
    const int dx = std::abs(x - centre_x), dy = std::abs(y - centre_y);
    if (y < 2) return kVoid;
    if (is_disc) return dx * dx + dy * dy <= radius * radius ? kDisc : kGround;
    return std::max(dx, dy) <= radius ? kBox : kGround;
  };
  DrawnShape drawn{cv::Mat(size.height, size.width, CV_8UC3), cv::Mat(size.height, size.width, CV_16UC1)};
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      const int label = label_at(x, y);
      const auto byte = [&](int middle) {
        return static_cast<std::uint8_t>(label == kVoid ? below(256) : middle - 20 + below(40));
      };
      drawn.labels.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(label);
      drawn.picture.at<cv::Vec3b>(y, x) = {byte(label == kDisc ? 200 : 40), byte(60),
                                           byte(label == kBox ? 200 : 40)};
    }
  return drawn;
}

LabelMap shape_labels() {
  const auto label = [](const char* name, std::int64_t id, Role role) {
    Label made;
    made.name = name;
    made.id = id;
    made.role = role;
    return made;
  };
  return LabelMap({label("background", 0, Role::background), label("disc", 1, Role::object),
                   label("box", 2, Role::object), label("void", 255, Role::ignore)});
}

std::vector<Item> drawn_items(const Scratch& scratch, int train, int val, Size size) {
  const auto coding = std::make_shared<MaskCoding>();
  coding->values = {{0, 0}, {1, 1}, {2, 2}, {3, 3}};
  std::vector<Item> items;
  for (int i = 0; i < train + val; ++i) {
    const DrawnShape drawn = drawn_shape(size, static_cast<std::uint64_t>(i));
    Item item;
    item.id = std::to_string(i);
    item.image = scratch.write("images/" + item.id + ".png", encode_png(drawn.picture));
    item.file_name = item.id + ".png";
    item.subset = i < train ? "train" : "val";
    cv::Mat mask;
    drawn.labels.convertTo(mask, CV_8U);
    item.semantic =
        MaskRef{scratch.write("masks/" + item.id + ".png", encode_index_png(mask)), coding, {}, false};
    items.push_back(std::move(item));
  }
  return items;
}

std::unique_ptr<Source> source_of(std::vector<Item> items) {
  Metadata metadata;
  metadata.labels = shape_labels();
  metadata.subsets = {"train", "val"};
  return make_source(std::move(metadata), std::move(items));
}

}  // namespace maskmill::tests
