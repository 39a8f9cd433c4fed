// SPDX-License-Identifier: Apache-2.0
#include "support/drawn.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "image/image.h"

namespace maskmill::tests {

LabelMap street_labels() {
  std::vector<Label> labels(4);
  const char* names[] = {"background", "road", "car", "void"};
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i].name = names[i], labels[i].id = static_cast<int>(i);
  labels[3].id = 255;
  labels[0].role = Role::background;
  labels[3].role = Role::ignore;
  return LabelMap(labels);
}

cv::Mat blotches(Size size, const std::vector<int>& values, std::uint64_t seed) {
  Random random({seed, 77});
  cv::Mat mask(size.height, size.width, CV_8UC1);
  constexpr int cell = 7;
  std::vector<int> grid(static_cast<std::size_t>((size.width / cell + 1) * (size.height / cell + 1)));
  for (int& value : grid) value = values[random.below(values.size())];
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      mask.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(
          grid[static_cast<std::size_t>(y / cell * (size.width / cell + 1) + x / cell)]);
  return mask;
}

cv::Mat picture(Size size, std::uint64_t seed) {
  Random random({seed, 78});
  struct Wave {
    double across, down, phase;
  };
  std::array<Wave, 6> waves;
  for (Wave& wave : waves) {
    const double angle = random.uniform(0, 2 * std::numbers::pi);
    const double turns = random.uniform(0.5, 4) * 2 * std::numbers::pi / std::max(size.width, size.height);
    wave = {turns * std::cos(angle), turns * std::sin(angle), random.uniform(0, 2 * std::numbers::pi)};
  }
  cv::Mat rgb(size.height, size.width, CV_8UC3);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      double sum = 110;
      for (const Wave& wave : waves) sum += 20 * std::cos(wave.across * x + wave.down * y + wave.phase);
      for (int c = 0; c < 3; ++c)
        rgb.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<std::uint8_t>(sum + 10 * c + 24 * random.uniform());
    }
  return rgb;
}

Item street_item(const Scratch& scratch, const std::string& id, Size size, const std::vector<int>& values,
                 std::uint64_t seed) {
  static const auto coding = [] {
    MaskCoding by_id;
    const LabelMap labels = street_labels();
    for (int i = 0; i < labels.size(); ++i) by_id.values.emplace_back(*labels[i].id, i);
    return std::make_shared<const MaskCoding>(by_id);
  }();
  Item item;
  item.id = id;
  item.file_name = id + ".jpg";
  item.image = scratch.write("images/" + item.file_name, encode_jpeg(picture(size, seed)));
  item.size = size;
  item.semantic.emplace();
  item.semantic->file = scratch.write("masks/" + id + ".png", encode_index_png(blotches(size, values, seed)));
  item.semantic->coding = coding;
  item.origin.file = item.image.string();
  return item;
}

}  // namespace maskmill::tests
