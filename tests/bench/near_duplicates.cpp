// SPDX-License-Identifier: Apache-2.0
// near_duplicates pictures FOLDER...: how often a picture that was changed is found, and which of the
// pictures as they are belong together. near_duplicates hashes N...: seconds to find pairs among N hashes.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "base/random.h"
#include "prepare/check/alignment.h"
#include "prepare/near_duplicates.h"

using namespace maskmill;

namespace {

/// As check has it.
std::optional<GrayThumbnail> thumbnail_of(std::string_view bytes) {
  const auto grid = alignment_grid(probe_image_bytes(bytes).size());
  const cv::Mat picture = decode_image(bytes, {.at_least = grid});
  return gray_thumbnail(grid ? on_alignment_grid(picture, *grid) : picture);
}

cv::Mat cut(const cv::Mat& picture, double left, double right, double top, double bottom) {
  const auto part = [](double share, int length) { return static_cast<int>(std::lround(share * length)); };
  const int x = part(left, picture.cols), y = part(top, picture.rows);
  return picture(cv::Rect(x, y, picture.cols - x - part(right, picture.cols),
                          picture.rows - y - part(bottom, picture.rows)))
      .clone();
}

cv::Mat noisy(const cv::Mat& picture, double deviation, Random& random) {
  cv::Mat out = picture.clone();
  for (int y = 0; y < out.rows; ++y)
    for (auto *value = out.ptr<std::uint8_t>(y), *end = value + 3 * out.cols; value != end; ++value)
      *value = cv::saturate_cast<std::uint8_t>(*value + deviation * random.normal());
  return out;
}

using Change = std::function<std::string(const cv::Mat&, Random&)>;

std::vector<std::pair<const char*, Change>> changes() {
  const auto half = [](const cv::Mat& picture) {
    return resize_picture(picture, {picture.cols / 2, picture.rows / 2});
  };
  return {
      {"JPEG of quality 70", [](const cv::Mat& p, Random&) { return encode_jpeg(p, 70); }},
      {"resized to a half", [=](const cv::Mat& p, Random&) { return encode_png(half(p)); }},
      {"noise of 2 gray values", [](const cv::Mat& p, Random& r) { return encode_png(noisy(p, 2, r)); }},
      {"12 gray values brighter",
       [](const cv::Mat& p, Random&) { return encode_png(p + cv::Scalar(12, 12, 12)); }},
      {"a half, noise of 2, quality 70",
       [=](const cv::Mat& p, Random& r) { return encode_jpeg(noisy(half(p), 2, r), 70); }},
      {"5 % cut off one side",
       [](const cv::Mat& p, Random& r) {
         double sides[4] = {};
         sides[r.below(4)] = 0.05;
         return encode_jpeg(cut(p, sides[0], sides[1], sides[2], sides[3]));
       }},
      {"5 % cut off along both axes, anywhere",
       [](const cv::Mat& p, Random& r) {
         const double x = 0.05 * r.uniform(), y = 0.05 * r.uniform();
         return encode_jpeg(cut(p, x, 0.05 - x, y, 0.05 - y));
       }},
      {"5 % cut off every side",
       [](const cv::Mat& p, Random&) { return encode_jpeg(cut(p, 0.05, 0.05, 0.05, 0.05)); }},
      {"mirrored", [](const cv::Mat& p, Random&) { return encode_jpeg(oriented(p, 2)); }},
      {"mirrored, 5 % cut off along both axes",
       [](const cv::Mat& p, Random& r) {
         const double x = 0.05 * r.uniform(), y = 0.05 * r.uniform();
         return encode_jpeg(oriented(cut(p, x, 0.05 - x, y, 0.05 - y), 2));
       }},
  };
}

void pictures(const std::vector<Path>& folders) {
  std::vector<Path> files;
  NearDuplicates set;
  for (const Path& folder : folders)
    for (const Path& file : list_files(folder)) try {
        if (const auto thumbnail = thumbnail_of(read_file(file))) set.add(*thumbnail), files.push_back(file);
      } catch (const Error&) {
      }
  std::printf("%zu pictures\n", files.size());
  const auto effort = set.find([&](const NearPair& pair) {
    std::printf("%.3f%s%s %s %s\n", pair.agreement, pair.is_mirrored ? " mirrored" : "",
                pair.is_cut ? " cut" : "", files[pair.first].string().c_str(),
                files[pair.second].string().c_str());
  });
  std::printf("%llu hashes compared, %llu pictures\n", static_cast<unsigned long long>(effort.hashes),
              static_cast<unsigned long long>(effort.pictures));
  std::printf("| change | pictures | found | least agreement |\n|---|---|---|---|\n");
  for (const auto& [what, change] : changes()) {
    Random random(5);
    std::size_t found = 0, tried = 0;
    double least = 1;
    for (const Path& file : files) {
      const auto before = thumbnail_of(read_file(file));
      const auto after = thumbnail_of(change(read_image(file), random));
      if (!after) continue;
      ++tried;
      NearDuplicates two;
      two.add(*before), two.add(*after);
      double agreement = -1;
      two.find([&](const NearPair& pair) { agreement = pair.agreement; });
      if (agreement < 0) continue;
      ++found;
      least = std::min(least, agreement);
    }
    std::printf("| %s | %zu | %zu | %.3f |\n", what, tried, found, least);
  }
}

/// Random walks in place of pictures: their spectra fall like those of photographs.
GrayThumbnail drawn(Random& random) {
  cv::Mat sum = cv::Mat::zeros(32, 32, CV_32F), level;
  for (int side = 4; side <= 32; side *= 2) {
    cv::Mat_<float> values(side, side);
    for (float& value : values) value = static_cast<float>(random.normal() * 120 / side);
    cv::resize(values, level, {32, 32}, 0, 0, cv::INTER_CUBIC);
    sum += level;
  }
  GrayThumbnail thumbnail;
  for (int i = 0; i < 1024; ++i)
    thumbnail.cells[static_cast<std::size_t>(i)] =
        cv::saturate_cast<std::uint8_t>(128 + sum.at<float>(i / 32, i % 32));
  return thumbnail;
}

void hashes(std::size_t count) {
  Random random(9);
  NearDuplicates set;
  std::size_t planted = 0, pairs = 0;
  for (std::size_t i = 0; i < count; ++i) {
    GrayThumbnail thumbnail = drawn(random);
    set.add(thumbnail);
    if (i % 100 != 0) continue;
    for (std::uint8_t& cell : thumbnail.cells) cell = cv::saturate_cast<std::uint8_t>(cell + random.normal());
    set.add(thumbnail), ++planted;
  }
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t busy = std::clock();
  const auto effort = set.find([&](const NearPair&) { ++pairs; });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("| %u | %zu | %zu | %.2f | %.2f | %llu | %llu |\n", set.size(), planted, pairs, seconds.count(),
              static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC,
              static_cast<unsigned long long>(effort.hashes),
              static_cast<unsigned long long>(effort.pictures));
}

}  // namespace

int main(int argc, char** argv) try {
  const Jobs jobs(0);
  if (argc > 2 && std::strcmp(argv[1], "pictures") == 0) {
    pictures({argv + 2, argv + argc});
  } else if (argc > 2 && std::strcmp(argv[1], "hashes") == 0) {
    std::printf(
        "| pictures | planted | pairs | s | CPU s | hashes compared | pictures compared |\n|---|---|---|---|---|---|---|\n");
    for (int i = 2; i < argc; ++i) hashes(std::stoul(argv[i]));
  } else {
    std::fputs("Usage: near_duplicates pictures FOLDER... | hashes N...\n", stderr);
    return 2;
  }
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "near_duplicates: %s\n", error.what());
  return exit_code(error.code());
}
