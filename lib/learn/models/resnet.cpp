// SPDX-License-Identifier: Apache-2.0
#include "learn/models/resnet.h"

namespace maskmill::learn {
namespace {

constexpr int kExpansion = 4;

int add_conv_norm(Graph& graph, const std::string& conv_name, const std::string& norm_name, int input,
                  Conv2d conv) {
  conv.in = graph.channels(input);
  conv.bias = false;
  const int made = graph.add(conv_name, conv, {input});
  return graph.add(norm_name, BatchNorm2d{.features = conv.out}, {made});
}

int add_bottleneck(Graph& graph, const std::string& name, int input, int planes, int stride, int dilation) {
  const auto numbered = [&](const std::string& layer, int number) {
    return name + "." + layer + std::to_string(number);
  };
  const auto conv_norm = [&](int number, int from, Conv2d conv) {
    return add_conv_norm(graph, numbered("conv", number), numbered("bn", number), from, conv);
  };
  const auto relu = [&](int number, int from) { return graph.add(numbered("relu", number), Relu{}, {from}); };

  int last = relu(1, conv_norm(1, input, {.out = planes, .kernel = square(1)}));
  last = relu(2, conv_norm(2, last,
                           {.out = planes,
                            .stride = square(stride),
                            .padding = square(dilation),
                            .dilation = square(dilation)}));
  last = conv_norm(3, last, {.out = planes * kExpansion, .kernel = square(1)});
  int identity = input;
  if (stride != 1 || graph.channels(input) != planes * kExpansion)
    identity = add_conv_norm(graph, name + ".downsample.0", name + ".downsample.1", input,
                             {.out = planes * kExpansion, .kernel = square(1), .stride = square(stride)});
  return relu(3, graph.add(name + ".add", Add{}, {last, identity}));
}

struct Stage {
  int blocks, planes, stride;
  int first_dilation, dilation;  ///< torchvision begins each stage with the former's
};

int add_stage(Graph& graph, const std::string& name, int input, const Stage& stage) {
  for (int block = 0; block < stage.blocks; ++block)
    input = add_bottleneck(graph, name + "." + std::to_string(block), input, stage.planes,
                           block == 0 ? stage.stride : 1, block == 0 ? stage.first_dilation : stage.dilation);
  return input;
}

}  // namespace

ResNetStages add_dilated_resnet50(Graph& graph, const std::string& module) {
  int last = add_conv_norm(graph, module + ".conv1", module + ".bn1", kInput,
                           {.out = 64, .kernel = square(7), .stride = square(2), .padding = square(3)});
  last = graph.add(module + ".relu", Relu{}, {last});
  last = graph.add(module + ".maxpool",
                   MaxPool2d{.kernel = square(3), .stride = square(2), .padding = square(1)}, {last});
  ResNetStages stages{};
  stages.layer1 = add_stage(graph, module + ".layer1", last, {3, 64, 1, 1, 1});
  stages.layer2 = add_stage(graph, module + ".layer2", stages.layer1, {4, 128, 2, 1, 1});
  stages.layer3 = add_stage(graph, module + ".layer3", stages.layer2, {6, 256, 1, 1, 2});
  stages.layer4 = add_stage(graph, module + ".layer4", stages.layer3, {3, 512, 1, 2, 4});
  return stages;
}

std::vector<Draw> resnet_draws(int first, int last) {
  constexpr int kFeatures = 512 * kExpansion, kImageNetClasses = 1000;
  return {DrawDefaults{first, last}, DrawUnused{kFeatures, kImageNetClasses}, DrawKaiming{first, last}};
}

}  // namespace maskmill::learn
