// SPDX-License-Identifier: Apache-2.0
#include "prepare/near_duplicates.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>
#include <set>

#include "base/parallel.h"
#include "base/random.h"
#include "image/image.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Noise of several scales, as photographs have.
cv::Mat drawn(std::uint64_t seed, int side = 160) {
  Random random({seed, 4});
  cv::Mat sum(side, side, CV_32F, cv::Scalar(128)), level;
  for (int cells = 4; cells <= 64; cells *= 2) {
    cv::Mat_<float> values(cells, cells);
    for (float& value : values) value = static_cast<float>(random.normal() * 120 / cells);
    cv::resize(values, level, sum.size(), 0, 0, cv::INTER_CUBIC);
    sum += level;
  }
  cv::Mat picture;
  sum.convertTo(picture, CV_8U);
  return picture;
}

std::vector<NearPair> pairs_of(const std::vector<cv::Mat>& pictures) {
  NearDuplicates set;
  for (const cv::Mat& picture : pictures) set.add(*gray_thumbnail(picture));
  std::vector<NearPair> pairs;
  set.find([&](const NearPair& pair) { pairs.push_back(pair); });
  return pairs;
}

cv::Mat cut(const cv::Mat& picture, double left, double right, double top, double bottom) {
  const auto px = [](double share, int length) { return static_cast<int>(std::lround(share * length)); };
  const int x = px(left, picture.cols), y = px(top, picture.rows);
  return picture(cv::Rect(x, y, picture.cols - x - px(right, picture.cols),
                          picture.rows - y - px(bottom, picture.rows)));
}

/// The thumbnail's cells changed a little: another file of the same picture.
GrayThumbnail noisy(GrayThumbnail thumbnail, Random& random) {
  for (std::uint8_t& cell : thumbnail.cells) cell = cv::saturate_cast<std::uint8_t>(cell + random.normal());
  return thumbnail;
}

}  // namespace

TEST_CASE("pictures that have nothing in common are no pair") {
  std::vector<cv::Mat> pictures;
  for (std::uint64_t seed = 0; seed < 300; ++seed) pictures.push_back(drawn(seed, 64));
  CHECK(pairs_of(pictures).empty());
}

TEST_CASE("a picture is found again saved at quality 70, halved, with noise, brighter, cut and mirrored") {
  const std::map<std::string, std::function<cv::Mat(const cv::Mat&)>> changes{
      {"quality 70", [](const cv::Mat& p) { return decode_image(encode_jpeg(p, 70)); }},
      {"half",
       [](const cv::Mat& p) {
         return resize_picture(p, {p.cols / 2, p.rows / 2});
       }},
      {"noise",
       [](const cv::Mat& p) {
         Random random(1);
         cv::Mat out = p.clone();
         for (auto& value : cv::Mat_<std::uint8_t>(out))
           value = cv::saturate_cast<std::uint8_t>(value + 2 * random.normal());
         return out;
       }},
      {"brighter", [](const cv::Mat& p) { return cv::Mat(p + cv::Scalar(12)); }},
      {"cut left", [](const cv::Mat& p) { return cut(p, 0.05, 0, 0, 0); }},
      {"cut bottom", [](const cv::Mat& p) { return cut(p, 0, 0, 0, 0.05); }},
      {"cut everywhere", [](const cv::Mat& p) { return cut(p, 0.05, 0.05, 0.05, 0.05); }},
      {"mirrored", [](const cv::Mat& p) { return oriented(p, 2); }},
      {"mirrored and cut", [](const cv::Mat& p) { return oriented(cut(p, 0.03, 0.02, 0.05, 0), 2); }},
  };
  for (const auto& [what, change] : changes) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const cv::Mat picture = drawn(seed);
      const auto pairs = pairs_of({drawn(1000), change(picture), drawn(1001), picture});
      if (pairs.empty()) continue;
      ++found;
      CHECK(pairs.size() == 1);
      CHECK(pairs[0].first == 1);
      CHECK(pairs[0].second == 3);
      CHECK(pairs[0].is_mirrored == (what.find("mirrored") != std::string::npos));
      if (what.find("cut") == std::string::npos) CHECK_FALSE(pairs[0].is_cut);
    }
    INFO(what);
    CHECK(found >= 19);
  }
}

TEST_CASE("pictures of one layout and other content are no pair, however near their hashes are") {
  // What a hash of low frequencies sees is the same; what is fine is not.
  cv::Mat layout;
  cv::GaussianBlur(drawn(7), layout, {}, 8);
  std::vector<cv::Mat> pictures;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed);
    // Two cells up and two down, which low frequencies hardly see.
    cv::Mat_<float> fine(32, 32);
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 32; x += 4) {
        const auto height = static_cast<float>(random.uniform(-14, 14));
        for (int i = 0; i < 4; ++i) fine(y, x + i) = i < 2 ? height : -height;
      }
    cv::Mat spread, sum;
    cv::resize(fine, spread, layout.size(), 0, 0, cv::INTER_NEAREST);
    cv::add(layout, spread, sum, cv::noArray(), CV_8U);
    pictures.push_back(sum.clone());
  }
  NearDuplicates set;
  for (const cv::Mat& picture : pictures) set.add(*gray_thumbnail(picture));
  int pairs = 0;
  const auto effort = set.find([&](const NearPair&) { ++pairs; });
  CHECK(effort.pictures > 0);
  CHECK(pairs == 0);
}

TEST_CASE(
    "thousands of one picture are connected by as many pairs, with work that does not grow with their square") {
  const auto effort_of = [](std::uint32_t count) {
    NearDuplicates set;
    Random random(3);
    const GrayThumbnail thumbnail = *gray_thumbnail(drawn(1));
    for (std::uint32_t i = 0; i < count; ++i) set.add(i % 2 == 0 ? thumbnail : noisy(thumbnail, random));
    std::set<std::uint32_t> seen;
    std::size_t pairs = 0;
    const auto effort = set.find([&](const NearPair& pair) {
      ++pairs;
      seen.insert(pair.first);
      seen.insert(pair.second);
    });
    CHECK(pairs == count - 1);
    CHECK(seen.size() == count);
    return effort;
  };
  const auto few = effort_of(1000), many = effort_of(4000);
  CHECK(many.hashes < 6 * few.hashes + 4'000'000);
  CHECK(many.pictures <= 6 * few.pictures);
}

TEST_CASE("the hashes compared for a picture are a small part of all, and bounded") {
  const auto effort_of = [](std::size_t count) {
    Random random(5);
    NearDuplicates set;
    GrayThumbnail thumbnail;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::uint8_t& cell : thumbnail.cells) cell = static_cast<std::uint8_t>(random.below(256));
      set.add(thumbnail);
    }
    return set.find([](const NearPair&) {});
  };
  // 34 hashes a picture, each of 4 parts with 17 of 65,536 values.
  const double expected = 34.0 * 4 * 17 / 65536;
  for (const std::size_t count : {4000, 16000}) {
    const double all = static_cast<double>(count) * static_cast<double>(count);
    CHECK(static_cast<double>(effort_of(count).hashes) / all < 1.5 * expected);
  }
}

TEST_CASE("a partner of another kind is said even where the others would do") {
  Random random(6);
  NearDuplicates set;
  const GrayThumbnail thumbnail = *gray_thumbnail(drawn(2));
  for (int i = 0; i < 9; ++i) set.add(noisy(thumbnail, random));
  const auto kind_of = [](std::uint32_t number) { return number < 3 ? 0U : 1U; };
  std::set<std::uint32_t> crossing;
  set.find(
      [&](const NearPair& pair) {
        if (kind_of(pair.first) != kind_of(pair.second)) crossing.insert(pair.second);
      },
      kind_of);
  CHECK(crossing.size() == 6);
}

TEST_CASE("the pairs do not depend on the number of threads") {
  const auto found = [](int threads) {
    const Jobs jobs(threads);
    Random random(8);
    NearDuplicates set;
    for (std::uint64_t i = 0; i < 1500; ++i) set.add(noisy(*gray_thumbnail(drawn(i % 500, 40)), random));
    std::vector<std::tuple<std::uint32_t, std::uint32_t, double>> pairs;
    set.find([&](const NearPair& pair) { pairs.emplace_back(pair.first, pair.second, pair.agreement); });
    return pairs;
  };
  const auto one = found(1);
  CHECK(one.size() == 1000);
  CHECK(one == found(2));
}

TEST_CASE("of real pictures each is found again, and none is taken for another") {
  const Path data = real_data();
  if (data.empty()) {
    WARN("skipped: the real data are not beside the checkout");
    return;
  }
  NearDuplicates set;
  std::vector<std::string> names;
  std::map<std::uint32_t, std::uint32_t> copy_of;
  int taken = 0;
  for (const Path& file : list_files(data / "oxford_pets_sample" / "images")) {
    if (++taken % 6 != 0) continue;
    cv::Mat picture;
    try {
      picture = read_image(file, {.at_least = Size{120, 120}});
    } catch (const Error&) {
      continue;  // the sample's traps
    }
    const auto whole = gray_thumbnail(picture);
    const auto changed = gray_thumbnail(decode_image(encode_jpeg(cut(picture, 0.05, 0, 0, 0.02), 70)));
    if (!whole || !changed) continue;
    const std::uint32_t number = set.add(*whole);
    copy_of[set.add(*changed)] = number;
  }
  REQUIRE(copy_of.size() > 90);
  std::size_t right = 0, wrong = 0;
  set.find([&](const NearPair& pair) {
    const auto copy = copy_of.find(pair.second);
    copy != copy_of.end() && copy->second == pair.first ? ++right : ++wrong;
  });
  CHECK(right + 1 >= copy_of.size());
  CHECK(wrong == 0);
}
