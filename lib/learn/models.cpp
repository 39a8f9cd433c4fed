// SPDX-License-Identifier: Apache-2.0
#include "learn/models.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::learn {

std::span<const Architecture* const> architectures() {
  static const std::array list{&unet(), &fcn_resnet50(), &deeplabv3_resnet50()};
  return list;
}

namespace {

const Architecture* find_architecture(std::string_view name) {
  const auto found = std::ranges::find(architectures(), name, &Architecture::name);
  return found == architectures().end() ? nullptr : *found;
}

}  // namespace

const DetectorArchitecture* detector_of(const ModelSettings& settings) {
  const DetectorArchitecture* detector = find_detector(settings.name);
  if (detector || find_architecture(settings.name)) return detector;
  std::vector<std::string> names;
  for (const Architecture* each : architectures()) names.emplace_back(each->name);
  for (const DetectorArchitecture* each : detectors()) names.emplace_back(each->name);
  const auto nearest = nearest_name(settings.name, names);
  throw Error(Code::usage, "there is no architecture " + in_quotes(settings.name))
      .hint(nearest ? "did you mean " + *nearest + "?" : "there are: " + joined(names, ", "));
}

Graph build(const ModelSettings& settings, int in_channels, int classes) {
  if (const DetectorArchitecture* detector = detector_of(settings))
    return detector->build(classes, settings.detector);
  return find_architecture(settings.name)->build(in_channels, classes, settings);
}

}  // namespace maskmill::learn
