// SPDX-License-Identifier: Apache-2.0
#include "learn/read_sample.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "image/image.h"
#include "learn/network_picture.h"

namespace maskmill::learn {

namespace {

NetworkPicture picture_of(const Item& item, Size size) {
  if (!has_image(item)) throw without_image(item);
  try {
    return network_picture(image_bytes(item), size);
  } catch (Error& error) {
    throw std::move(error.at_file(image_file(item)));
  }
}

}  // namespace

Finding finding_about(const Item& item, std::string rule, Severity severity, std::string message) {
  Place place = item.origin;
  if (place.empty()) place.file = image_file(item).string();
  return {std::move(rule), severity, place, std::move(message), ""};
}

Sample read_sample(const Item& item, const ClassMap& classes, Size size, std::vector<Finding>& findings) {
  const NetworkPicture picture = picture_of(item, size);
  const SemanticMask mask = classes.read(item, picture.size);
  if (!mask.unknown_values.empty()) {
    const auto& [value, pixels] = *mask.unknown_values.begin();
    findings.push_back(finding_about(item, "value-outside-labels", Severity::warning,
                                     "its mask holds " + counted(mask.unknown_values.size(), "value") +
                                         " that no label has, such as " + std::to_string(value) + " in " +
                                         counted(static_cast<std::size_t>(pixels), "pixel") +
                                         "; they are ignored"));
  }
  return {picture.pixels, resize_nearest(mask.labels, size), {}};
}

Sample read_sample_again(const Item& item, const ClassMap& classes, Size size) {
  const NetworkPicture picture = picture_of(item, size);
  return {picture.pixels, classes.read_resized(item, picture.size, size), {}};
}

}  // namespace maskmill::learn
