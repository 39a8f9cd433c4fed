// SPDX-License-Identifier: Apache-2.0
#include "learn/models.h"

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

const Architecture& find_architecture(std::string_view name) {
  std::vector<std::string> names;
  for (const Architecture* architecture : architectures()) {
    if (architecture->name == name) return *architecture;
    names.emplace_back(architecture->name);
  }
  const auto nearest = nearest_name(name, names);
  throw Error(Code::usage, "there is no architecture " + in_quotes(name))
      .hint(nearest ? "did you mean " + *nearest + "?" : "there are: " + joined(names, ", "));
}

Graph build(const ModelSettings& settings, int in_channels, int classes) {
  return find_architecture(settings.name).build(in_channels, classes, settings);
}

}  // namespace maskmill::learn
