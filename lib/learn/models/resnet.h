// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "learn/graph.h"

namespace maskmill::learn {

/// The last node of each of a ResNet's stages.
struct ResNetStages {
  int layer1, layer2, layer3, layer4;  ///< 256, 512, 1024 and 2048 channels
};

enum class Norm { batch, frozen };

struct ResNetOptions {
  bool dilated = false;  ///< layer3 and layer4, in place of strided: both are an eighth of the input's size
  Norm norm = Norm::batch;
  double norm_eps = 1e-5;
};

/// torchvision's resnet50 without its classifier, its names below `module`. The graph must be empty.
ResNetStages add_resnet50(Graph& graph, const std::string& module, const ResNetOptions& options);

/// The weights of what add_resnet50 added, drawn as torchvision draws them.
std::vector<Draw> resnet_draws(int first, int last);

}  // namespace maskmill::learn
