// SPDX-License-Identifier: Apache-2.0
#include "dataset/item.h"

#include <algorithm>

namespace maskmill {

const AttributeValue* find_attribute(const Attributes& attributes, std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const auto& attribute) { return attribute.first == name; });
  return found == attributes.end() ? nullptr : &found->second;
}

bool has_image(const Item& item) {
  return item.made_image || !item.image.empty();
}

std::string image_bytes(const Item& item) {
  return item.made_image ? item.made_image->make() : read_file(item.image);
}

cv::Mat read_picture(const Item& item, const ReadImage& options) {
  if (!item.made_image) return read_image(item.image, options);
  try {
    return decode_image(item.made_image->make(), options);
  } catch (Error& error) {
    throw error.at_file(image_file(item));
  }
}

Path image_file(const Item& item) {
  return item.made_image ? item.made_image->from.front() : item.image;
}

}  // namespace maskmill
