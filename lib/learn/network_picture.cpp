// SPDX-License-Identifier: Apache-2.0
#include "learn/network_picture.h"

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "learn/augment.h"

namespace maskmill::learn {
namespace {

cv::Mat resized(const cv::Mat& picture, Size network) {
  Sample sample;
  sample.image = picture;
  resize(sample, network);
  return sample.image;
}

cv::Mat resized_bilinearly(const cv::Mat& picture, Size size) {
  cv::Mat resized;
  cv::resize(picture, resized, {size.width, size.height}, 0, 0, cv::INTER_LINEAR);
  return resized;
}

void require_picture(const cv::Mat& picture) {
  if (picture.type() != CV_8UC3 || picture.empty())
    throw Error(Code::bug, "pictures to predict are CV_8UC3 and not empty");
}

}  // namespace

NetworkPicture network_picture(std::string_view bytes, Size network) {
  const Size size = probe_image_bytes(bytes).size();
  return {resized(decode_image(bytes, {.at_least = network}), network), size};
}

NetworkPicture network_picture(const cv::Mat& picture, Size network) {
  require_picture(picture);
  return {resized(picture, network), {picture.cols, picture.rows}};
}

NetworkPicture detector_picture(std::string_view bytes, const DetectorSize& bounds) {
  const Size size = probe_image_bytes(bytes).size();
  const Size network = detector_size(size, bounds);
  return {resized_bilinearly(decode_image(bytes, {.at_least = network}), network), size};
}

NetworkPicture detector_picture(const cv::Mat& picture, const DetectorSize& bounds) {
  require_picture(picture);
  const Size size{picture.cols, picture.rows};
  return {resized_bilinearly(picture, detector_size(size, bounds)), size};
}

Error without_image(const Item& item) {
  return Error(Code::not_found, "the item has no image").at_file(item.origin.file).at_field(item.id);
}

}  // namespace maskmill::learn
