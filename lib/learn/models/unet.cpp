// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include "learn/models.h"

namespace maskmill::learn {
namespace {

constexpr int kLevels = 4;

/// Twice convolution, normalisation, ReLU: the layers of `module`, each name starting with `prefix`.
int add_block(Graph& graph, const std::string& module, const std::string& prefix, int input, int features) {
  for (const std::string number : {"1", "2"}) {
    const std::string stem = module + "." + prefix;
    const Conv2d conv{.in = graph.channels(input), .out = features, .padding = square(1), .bias = false};
    input = graph.add(stem + "conv" + number, conv, {input});
    input = graph.add(stem + "norm" + number, BatchNorm2d{.features = features}, {input});
    input = graph.add(stem + "relu" + number, Relu{}, {input});
  }
  return input;
}

Graph build_unet(int in_channels, int classes, const ModelSettings& settings) {
  Graph graph(in_channels, 1 << kLevels);
  std::array<int, kLevels> skips{};
  int features = settings.init_features;
  int last = kInput;
  for (int level = 1; level <= kLevels; ++level, features *= 2) {
    const std::string number = std::to_string(level);
    last = add_block(graph, "encoder" + number, "enc" + number, last, features);
    skips.at(static_cast<std::size_t>(level) - 1) = last;
    last = graph.add("pool" + number, MaxPool2d{}, {last});
  }
  last = add_block(graph, "bottleneck", "bottleneck", last, features);
  graph.end_encoder();
  for (int level = kLevels; level >= 1; --level) {
    const std::string number = std::to_string(level);
    features /= 2;
    last = graph.add("upconv" + number, ConvTranspose2d{.in = features * 2, .out = features}, {last});
    last = graph.add("concat" + number, Concat{}, {last, skips.at(static_cast<std::size_t>(level) - 1)});
    last = add_block(graph, "decoder" + number, "dec" + number, last, features);
  }
  const Conv2d head{.in = features, .out = classes, .kernel = square(1)};
  graph.output("out", graph.add("conv", head, {last}));
  return graph;
}

}  // namespace

const Architecture& unet() {
  static constexpr Architecture architecture{
      .name = "unet",
      .title = "U-Net",
      .description =
          "Four levels down and up with skip connections (Ronneberger, Fischer and Brox, 2015), "
          "batch-normalised; "
          "weight names of mateuszbuda/brain-segmentation-pytorch. Widths and heights are multiples of 16.",
      .build = build_unet};
  return architecture;
}

}  // namespace maskmill::learn
