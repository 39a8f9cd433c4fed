// SPDX-License-Identifier: Apache-2.0
#include "learn/network_picture.h"

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

}  // namespace

NetworkPicture network_picture(std::string_view bytes, Size network) {
  const Size size = probe_image_bytes(bytes).size();
  return {resized(decode_image(bytes, {.at_least = network}), network), size};
}

NetworkPicture network_picture(const cv::Mat& picture, Size network) {
  if (picture.type() != CV_8UC3 || picture.empty())
    throw Error(Code::bug, "pictures to predict are CV_8UC3 and not empty");
  return {resized(picture, network), {picture.cols, picture.rows}};
}

Error without_image(const Item& item) {
  return Error(Code::not_found, "the item has no image").at_file(item.origin.file).at_field(item.id);
}

}  // namespace maskmill::learn
