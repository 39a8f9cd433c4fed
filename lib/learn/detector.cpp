// SPDX-License-Identifier: Apache-2.0
#include "learn/detector.h"

#include <algorithm>

namespace maskmill::learn {

std::span<const DetectorArchitecture* const> detectors() {
  static const std::array list{&fasterrcnn_resnet50_fpn(), &fasterrcnn_resnet50_fpn_v2(),
                               &maskrcnn_resnet50_fpn(), &maskrcnn_resnet50_fpn_v2()};
  return list;
}

const DetectorArchitecture* find_detector(std::string_view name) {
  const auto found = std::ranges::find(detectors(), name, &DetectorArchitecture::name);
  return found == detectors().end() ? nullptr : *found;
}

}  // namespace maskmill::learn
