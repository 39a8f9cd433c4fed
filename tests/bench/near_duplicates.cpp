// SPDX-License-Identifier: Apache-2.0
// near_duplicates pictures FOLDER...: how often a picture that was changed is found, and which of the
// pictures as they are belong together. near_duplicates drawn N..., blank N..., parts N... FOLDER...: seconds
// to find pairs among N pictures that are drawn, all but blank, or random parts of those in the folders.
#include <fmt/format.h>

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
#include "base/text.h"
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

/// Pages that are blank but for the shade in a corner, all of them alike, and a sensor's noise: their hashes
/// are equal or lie near each other.
GrayThumbnail blank(Random& random) {
  GrayThumbnail thumbnail;
  for (int i = 0; i < 1024; ++i)
    thumbnail.cells[static_cast<std::size_t>(i)] =
        cv::saturate_cast<std::uint8_t>(230 - 80 * std::exp(-(i % 32 + i / 32) / 5.0) + 3 * random.normal());
  return thumbnail;
}

/// Random parts of photographs, mirrored or not: their bits depend on each other as those of photographs do,
/// and parts that overlap are alike.
class Parts {
 public:
  explicit Parts(const std::vector<Path>& folders) {
    for (const Path& folder : folders)
      for (const Path& file : list_files(folder)) try {
          const cv::Mat picture = read_image(file, {.at_least = Size{240, 240}});
          const double scale = 320.0 / std::max(picture.cols, picture.rows);
          cv::Mat small, gray;
          cv::resize(picture, small, {}, scale, scale, cv::INTER_AREA);
          cv::cvtColor(small, gray, cv::COLOR_RGB2GRAY);
          if (std::min(gray.cols, gray.rows) >= 120) grays_.push_back(gray);
        } catch (const Error&) {
        }
    if (grays_.empty()) throw Error(Code::not_found, "no picture lies there");
  }

  GrayThumbnail draw(Random& random) const {
    while (true) {
      const cv::Mat& whole = grays_[random.below(grays_.size())];
      const auto part = [&](int length) { return static_cast<int>(random.uniform(0.3, 0.7) * length); };
      const cv::Size size(part(whole.cols), part(whole.rows));
      const auto start = [&](int room) {
        return static_cast<int>(random.below(static_cast<std::uint64_t>(room)));
      };
      cv::Mat cut =
          whole({start(whole.cols - size.width), start(whole.rows - size.height), size.width, size.height});
      if (random.below(2) == 0) cv::flip(cut, cut = cv::Mat(), 1);
      if (const auto thumbnail = gray_thumbnail(cut)) return *thumbnail;
    }
  }

 private:
  std::vector<cv::Mat> grays_;
};

/// One in a hundred pictures comes twice.
void growth(const std::vector<std::size_t>& counts, const std::function<GrayThumbnail(Random&)>& draw) {
  std::printf(
      "| pictures | planted | pairs | s | CPU s | hashes compared | pictures compared | grows with the power |\n"
      "|---|---|---|---|---|---|---|---|\n");
  double cpu_before = 0, size_before = 0;
  for (const std::size_t count : counts) {
    Random random(9);
    NearDuplicates set;
    std::size_t planted = 0, pairs = 0;
    for (std::size_t i = 0; i < count; ++i) {
      GrayThumbnail thumbnail = draw(random);
      set.add(thumbnail);
      if (i % 100 != 0) continue;
      for (std::uint8_t& cell : thumbnail.cells)
        cell = cv::saturate_cast<std::uint8_t>(cell + random.normal());
      set.add(thumbnail), ++planted;
    }
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t busy = std::clock();
    const auto effort = set.find([&](const NearPair&) { ++pairs; });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const double cpu = static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC;
    std::string power;
    if (cpu_before > 0)
      power = fmt::format("{:.2f}", std::log(cpu / cpu_before) / std::log(set.size() / size_before));
    std::printf("| %u | %zu | %zu | %.2f | %.2f | %llu | %llu | %s |\n", set.size(), planted, pairs,
                seconds.count(), cpu, static_cast<unsigned long long>(effort.hashes),
                static_cast<unsigned long long>(effort.pictures), power.c_str());
    std::fflush(stdout);
    cpu_before = cpu, size_before = set.size();
  }
}

/// The leading numbers of the arguments.
std::vector<std::size_t> counts_of(int argc, char** argv, int& next) {
  std::vector<std::size_t> counts;
  for (; next < argc && to_integer(argv[next]); ++next) counts.push_back(std::stoul(argv[next]));
  return counts;
}

}  // namespace

int main(int argc, char** argv) try {
  const Jobs jobs(0);
  if (argc > 2 && std::strcmp(argv[1], "pictures") == 0) {
    pictures({argv + 2, argv + argc});
  } else if (argc > 2 && std::strcmp(argv[1], "drawn") == 0) {
    int next = 2;
    growth(counts_of(argc, argv, next), drawn);
  } else if (argc > 2 && std::strcmp(argv[1], "blank") == 0) {
    int next = 2;
    growth(counts_of(argc, argv, next), blank);
  } else if (argc > 3 && std::strcmp(argv[1], "parts") == 0) {
    int next = 2;
    const auto counts = counts_of(argc, argv, next);
    const Parts parts({argv + next, argv + argc});
    growth(counts, [&](Random& random) { return parts.draw(random); });
  } else {
    std::fputs("Usage: near_duplicates pictures FOLDER... | drawn N... | blank N... | parts N... FOLDER...\n",
               stderr);
    return 2;
  }
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "near_duplicates: %s\n", error.what());
  return exit_code(error.code());
}
