// SPDX-License-Identifier: Apache-2.0
#include "learn/class_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>

#include "base/error.h"

namespace maskmill::learn {
namespace {

double share(std::int64_t part, std::int64_t of) {
  return of > 0 ? static_cast<double>(part) / static_cast<double>(of) : 0.0;
}

double median_of(std::vector<double> values) {
  const std::size_t half = values.size() / 2;
  std::ranges::sort(values);
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

void ClassPixels::add(const cv::Mat& mask, std::size_t classes) {
  ClassPixels of_mask{std::vector<std::int64_t>(classes), std::vector<std::int64_t>(classes)};
  std::int64_t known = 0;
  for (int y = 0; y < mask.rows; ++y) {
    const auto* row = mask.ptr<std::uint16_t>(y);
    for (int x = 0; x < mask.cols; ++x)
      if (row[x] < classes) {
        ++of_mask.pixels[row[x]];
        ++known;
      }
  }
  for (std::size_t i = 0; i < classes; ++i)
    if (of_mask.pixels[i] > 0) of_mask.pixels_of_images[i] = known;
  add(of_mask);
}

void ClassPixels::add(const ClassPixels& other) {
  const auto add_all = [](std::vector<std::int64_t>& to, const std::vector<std::int64_t>& from) {
    to.resize(std::max(to.size(), from.size()));
    std::ranges::transform(from, to, to.begin(), std::plus());
  };
  add_all(pixels, other.pixels);
  add_all(pixels_of_images, other.pixels_of_images);
}

std::vector<double> class_weights(const LossSettings& settings, const ClassPixels& there,
                                  std::size_t classes) {
  if (settings.balance == ClassBalance::none) {
    if (!settings.class_weights.empty() && settings.class_weights.size() != classes)
      throw Error(Code::usage, fmt::format("needs one number for each of the {} classes; found {}", classes,
                                           settings.class_weights.size()))
          .at_field("loss.class-weights");
    return settings.class_weights;
  }
  const std::int64_t all = std::accumulate(there.pixels.begin(), there.pixels.end(), std::int64_t{0});
  const bool in_images = settings.balance == ClassBalance::median;
  std::vector<double> shares, occurring;
  for (std::size_t i = 0; i < classes; ++i) {
    shares.push_back(share(there.pixels[i], in_images ? there.pixels_of_images[i] : all));
    if (shares.back() > 0) occurring.push_back(shares.back());
  }
  if (occurring.empty()) return {};
  const double numerator = in_images ? median_of(occurring) : 1.0;
  const auto weight_of = [&](double of_share) {
    constexpr double kBound = 1.02;  // ENet's
    return settings.balance == ClassBalance::log ? 1 / std::log(kBound + of_share) : numerator / of_share;
  };
  const double rarest = std::ranges::min(occurring);
  std::vector<double> weights;
  for (const double each : shares) weights.push_back(weight_of(each > 0 ? each : rarest));
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(classes);
  for (double& weight : weights) weight /= mean;
  return weights;
}

}  // namespace maskmill::learn
