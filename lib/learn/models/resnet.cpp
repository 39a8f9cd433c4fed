// SPDX-License-Identifier: Apache-2.0
#include "learn/models/resnet.h"

namespace maskmill::learn {
namespace {

constexpr int kExpansion = 4;

/// Adds layers of one ResNet.
class ResNetBuilder {
 public:
  ResNetBuilder(Graph& graph, const ResNetOptions& options) : graph_(graph), options_(options) {}

  int conv_norm(const std::string& conv_name, const std::string& norm_name, int input, Conv2d conv) {
    conv.in = graph_.channels(input);
    conv.bias = false;
    const int made = graph_.add(conv_name, conv, {input});
    if (options_.norm == Norm::frozen)
      return graph_.add(norm_name, FrozenBatchNorm2d{.features = conv.out, .eps = options_.norm_eps}, {made});
    return graph_.add(norm_name, BatchNorm2d{.features = conv.out, .eps = options_.norm_eps}, {made});
  }

  struct Stage {
    int blocks, planes, stride;
    int first_dilation, dilation;  ///< torchvision begins each stage with the former's
  };
  int stage(const std::string& name, int input, const Stage& stage) {
    for (int block = 0; block < stage.blocks; ++block)
      input = bottleneck(name + "." + std::to_string(block), input, stage.planes,
                         block == 0 ? stage.stride : 1, block == 0 ? stage.first_dilation : stage.dilation);
    return input;
  }

 private:
  int bottleneck(const std::string& name, int input, int planes, int stride, int dilation) {
    const auto numbered = [&](const std::string& layer, int number) {
      return name + "." + layer + std::to_string(number);
    };
    const auto conv_norm_of = [&](int number, int from, Conv2d conv) {
      return conv_norm(numbered("conv", number), numbered("bn", number), from, conv);
    };
    const auto relu = [&](int number, int from) {
      return graph_.add(numbered("relu", number), Relu{}, {from});
    };
    int last = relu(1, conv_norm_of(1, input, {.out = planes, .kernel = square(1)}));
    last = relu(2, conv_norm_of(2, last,
                                {.out = planes,
                                 .stride = square(stride),
                                 .padding = square(dilation),
                                 .dilation = square(dilation)}));
    last = conv_norm_of(3, last, {.out = planes * kExpansion, .kernel = square(1)});
    int identity = input;
    if (stride != 1 || graph_.channels(input) != planes * kExpansion)
      identity = conv_norm(name + ".downsample.0", name + ".downsample.1", input,
                           {.out = planes * kExpansion, .kernel = square(1), .stride = square(stride)});
    return relu(3, graph_.add(name + ".add", Add{}, {last, identity}));
  }

  Graph& graph_;
  const ResNetOptions& options_;
};

}  // namespace

ResNetStages add_resnet50(Graph& graph, const std::string& module, const ResNetOptions& options) {
  ResNetBuilder builder(graph, options);
  int last = builder.conv_norm(module + ".conv1", module + ".bn1", kInput,
                               {.out = 64, .kernel = square(7), .stride = square(2), .padding = square(3)});
  last = graph.add(module + ".relu", Relu{}, {last});
  last = graph.add(module + ".maxpool",
                   MaxPool2d{.kernel = square(3), .stride = square(2), .padding = square(1)}, {last});
  const bool dilated = options.dilated;
  ResNetStages stages{};
  stages.layer1 = builder.stage(module + ".layer1", last, {3, 64, 1, 1, 1});
  stages.layer2 = builder.stage(module + ".layer2", stages.layer1, {4, 128, 2, 1, 1});
  stages.layer3 =
      builder.stage(module + ".layer3", stages.layer2, {6, 256, dilated ? 1 : 2, 1, dilated ? 2 : 1});
  stages.layer4 = builder.stage(module + ".layer4", stages.layer3,
                                {3, 512, dilated ? 1 : 2, dilated ? 2 : 1, dilated ? 4 : 1});
  return stages;
}

std::vector<Draw> resnet_draws(int first, int last) {
  constexpr int kFeatures = 512 * kExpansion, kImageNetClasses = 1000;
  return {DrawDefaults{first, last}, DrawUnused{kFeatures, kImageNetClasses}, DrawKaiming{first, last}};
}

}  // namespace maskmill::learn
