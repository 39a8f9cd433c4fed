// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "learn/graph.h"

namespace maskmill::learn {

/// The last node of each of a ResNet's stages.
struct ResNetStages {
  int layer1, layer2, layer3, layer4;  ///< 256, 512, 1024 and 2048 channels
};

/// torchvision's resnet50 without its classifier, its names below `module`, layer3 and layer4 dilated in
/// place of strided, so that both are an eighth of the input's size. The graph must be empty.
ResNetStages add_dilated_resnet50(Graph& graph, const std::string& module);

/// The weights of what add_dilated_resnet50 added, drawn as torchvision draws them.
std::vector<Draw> resnet_draws(int first, int last);

}  // namespace maskmill::learn
