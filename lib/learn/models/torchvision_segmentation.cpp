// SPDX-License-Identifier: Apache-2.0
// torchvision's segmentation networks over a dilated ResNet-50.
#include <array>
#include <string>
#include <vector>

#include "learn/models.h"
#include "learn/models/resnet.h"

namespace maskmill::learn {
namespace {

int add_conv_norm_relu(Graph& graph, const std::string& module, int first_number, int input, Conv2d conv) {
  const auto name = [&](int offset) { return module + "." + std::to_string(first_number + offset); };
  conv.in = graph.channels(input);
  conv.bias = false;
  int last = graph.add(name(0), conv, {input});
  last = graph.add(name(1), BatchNorm2d{.features = conv.out}, {last});
  return graph.add(name(2), Relu{}, {last});
}

int add_fcn_head(Graph& graph, const std::string& module, int input, int classes) {
  const int inner = graph.channels(input) / 4;
  int last = add_conv_norm_relu(graph, module, 0, input, {.out = inner, .padding = square(1)});
  last = graph.add(module + ".3", Dropout{.p = 0.1}, {last});
  return graph.add(module + ".4", Conv2d{.in = inner, .out = classes, .kernel = square(1)}, {last});
}

int add_aspp(Graph& graph, const std::string& module, int input) {
  constexpr int kChannels = 256;
  const auto branch = [&](int number) { return module + ".convs." + std::to_string(number); };
  std::vector<int> branches{
      add_conv_norm_relu(graph, branch(0), 0, input, {.out = kChannels, .kernel = square(1)})};
  for (const int rate : {12, 24, 36})
    branches.push_back(
        add_conv_norm_relu(graph, branch(static_cast<int>(branches.size())), 0, input,
                           {.out = kChannels, .padding = square(rate), .dilation = square(rate)}));
  const int pooled = graph.add(branch(4) + ".0", GlobalAvgPool{}, {input});
  const int pooling =
      add_conv_norm_relu(graph, branch(4), 1, pooled, {.out = kChannels, .kernel = square(1)});
  branches.push_back(graph.add(branch(4) + ".interpolate", Interpolate{}, {pooling, input}));
  const int all = graph.add(module + ".concat", Concat{}, branches);
  const int projected =
      add_conv_norm_relu(graph, module + ".project", 0, all, {.out = kChannels, .kernel = square(1)});
  return graph.add(module + ".project.3", Dropout{.p = 0.5}, {projected});
}

int add_deeplab_head(Graph& graph, const std::string& module, int input, int classes) {
  int last = add_aspp(graph, module + ".0", input);
  last = add_conv_norm_relu(graph, module, 1, last, {.out = graph.channels(last), .padding = square(1)});
  return graph.add(module + ".4", Conv2d{.in = graph.channels(last), .out = classes, .kernel = square(1)},
                   {last});
}

using AddHead = int (*)(Graph&, const std::string& module, int input, int classes);

Graph build_over_resnet50(int in_channels, int classes, const ModelSettings& settings, AddHead add_head) {
  Graph graph(in_channels, 1);
  const auto nodes = [&] { return static_cast<int>(graph.nodes().size()); };
  const ResNetStages stages = add_resnet50(graph, "backbone", {.dilated = true});
  graph.end_encoder();
  const int backbone = nodes();
  const int scores = add_head(graph, "classifier", stages.layer4, classes);
  const int head = nodes();
  graph.output("out", graph.add("interpolate", Interpolate{}, {scores, kInput}));
  std::vector<Draw> draws = resnet_draws(0, backbone);
  if (settings.aux) {
    const int aux = nodes();
    const int aux_scores = add_fcn_head(graph, "aux_classifier", stages.layer3, classes);
    graph.output("aux", graph.add("aux_interpolate", Interpolate{}, {aux_scores, kInput}));
    draws.push_back(DrawDefaults{aux, nodes()});  // torchvision makes it first
  }
  draws.push_back(DrawDefaults{backbone, head});
  graph.draw(std::move(draws));
  return graph;
}

Graph build_fcn(int in_channels, int classes, const ModelSettings& settings) {
  return build_over_resnet50(in_channels, classes, settings, add_fcn_head);
}

Graph build_deeplab(int in_channels, int classes, const ModelSettings& settings) {
  return build_over_resnet50(in_channels, classes, settings, add_deeplab_head);
}

}  // namespace

const Architecture& fcn_resnet50() {
  static constexpr Architecture architecture{
      .name = "fcn_resnet50",
      .title = "FCN over ResNet-50",
      .description =
          "A small convolutional head (Long, Shelhamer and Darrell, 2015) over a ResNet-50 dilated to an eighth "
          "of the input; weight names of torchvision's fcn_resnet50. Any width and height.",
      .build = build_fcn};
  return architecture;
}

const Architecture& deeplabv3_resnet50() {
  static constexpr Architecture architecture{
      .name = "deeplabv3_resnet50",
      .title = "DeepLabV3 over ResNet-50",
      .description =
          "Dilated convolutions of several rates side by side (Chen et al., \"Rethinking Atrous Convolution\", "
          "2017) over a ResNet-50 dilated to an eighth of the input; weight names of torchvision's "
          "deeplabv3_resnet50. Any width and height.",
      .build = build_deeplab};
  return architecture;
}

}  // namespace maskmill::learn
