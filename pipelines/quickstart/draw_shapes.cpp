// SPDX-License-Identifier: Apache-2.0
// quickstart-shapes FOLDER: a small data set of drawn discs, boxes and triangles on noisy ground, as image
// and mask pairs.
#include <array>
#include <cstdio>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/output.h"
#include "base/random.h"
#include "image/image.h"

using namespace maskmill;

namespace {

constexpr int kItems = 240;
constexpr std::array<const char*, 4> kNames{"background", "disc", "box", "triangle"};

// Discs are reddish, boxes greenish, triangles bluish, each in its own shade: a network learns to tell them
// apart in a minute, and still has to find where they end.
cv::Scalar shade_of(int kind, Random& random) {
  cv::Scalar colour(random.uniform(20, 110), random.uniform(20, 110), random.uniform(20, 110));
  colour[kind - 1] = random.uniform(150, 240);
  return colour;
}

// Low-frequency blotches and noise: flat ground would make the task one of thresholding.
cv::Mat drawn_ground(Size size, Random& random) {
  cv::Mat coarse(5, 6, CV_8UC3);
  for (int y = 0; y < coarse.rows; ++y)
    for (int x = 0; x < coarse.cols; ++x) {
      const double light = random.uniform(70, 190);
      for (int c = 0; c < 3; ++c)
        coarse.at<cv::Vec3b>(y, x)[c] = static_cast<std::uint8_t>(light + random.uniform(-35, 35));
    }
  cv::Mat ground;
  cv::resize(coarse, ground, {size.width, size.height}, 0, 0, cv::INTER_CUBIC);
  return ground;
}

void add_noise(cv::Mat& picture, double strength, Random& random) {
  for (cv::Vec3b& pixel : cv::Mat_<cv::Vec3b>(picture))
    for (std::uint8_t& sample : pixel.val)
      sample = cv::saturate_cast<std::uint8_t>(sample + strength * random.normal());
}

std::vector<cv::Point> corners(int kind, cv::Point centre, double radius, double angle) {
  const int count = kind == 2 ? 4 : 3;
  std::vector<cv::Point> points;
  for (int i = 0; i < count; ++i) {
    const double turn = angle + 2 * CV_PI * i / count;
    points.emplace_back(cvRound(centre.x + radius * std::cos(turn)),
                        cvRound(centre.y + radius * std::sin(turn)));
  }
  return points;
}

struct Drawn {
  cv::Mat picture, mask;
};

Drawn draw(int number) {
  Random random({2024, static_cast<std::uint64_t>(number)});
  const Size size{192 + 32 * static_cast<int>(random.below(3)), 160 + 32 * static_cast<int>(random.below(2))};
  Drawn drawn{drawn_ground(size, random), cv::Mat::zeros(size.height, size.width, CV_8UC1)};
  const auto shapes = 2 + random.below(3);
  for (std::uint64_t i = 0; i < shapes; ++i) {
    const int kind = 1 + static_cast<int>(random.below(3));
    const double radius = random.uniform(24, 58);
    const cv::Point centre(cvRound(random.uniform(0, size.width)), cvRound(random.uniform(0, size.height)));
    const cv::Scalar colour = shade_of(kind, random);
    if (kind == 1) {
      cv::circle(drawn.picture, centre, cvRound(radius), colour, cv::FILLED, cv::LINE_AA);
      cv::circle(drawn.mask, centre, cvRound(radius), kind, cv::FILLED);
    } else {
      const std::vector<std::vector<cv::Point>> outline{
          corners(kind, centre, radius, random.uniform(0, 2 * CV_PI))};
      cv::fillPoly(drawn.picture, outline, colour, cv::LINE_AA);
      cv::fillPoly(drawn.mask, outline, kind);
    }
  }
  add_noise(drawn.picture, 10, random);
  return drawn;
}

Json label_document() {
  Json labels = Json::array();
  const std::vector<Rgb> palette = voc_palette(static_cast<int>(kNames.size()));
  for (std::size_t id = 0; id < kNames.size(); ++id)
    labels.push_back({{"name", kNames[id]},
                      {"id", id},
                      {"color", {palette[id].r, palette[id].g, palette[id].b}},
                      {"role", id == 0 ? "background" : "object"}});
  return {{"labels", labels}};
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fputs("Usage: quickstart-shapes FOLDER\n", stderr);
    return 2;
  }
  OutputFolder folder(argv[1], Overwrite::yes);
  for (int number = 0; number < kItems; ++number) {
    const Drawn drawn = draw(number);
    char name[32];
    std::snprintf(name, sizeof name, "shapes_%03d", number);
    folder.write(std::string("images/") + name + ".jpg", encode_jpeg(drawn.picture, 92));
    folder.write(std::string("masks/") + name + ".png", encode_index_png(drawn.mask, voc_palette(4)));
  }
  folder.write("labels.json", to_text(label_document()));
  folder.write("provenance.json", to_text(Json{{"command", "quickstart-shapes"}}));
  folder.commit();
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "quickstart-shapes: %s\n", error.what());
  return exit_code(error.code());
}
