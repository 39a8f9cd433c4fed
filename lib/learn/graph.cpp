// SPDX-License-Identifier: Apache-2.0
#include "learn/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace maskmill::learn {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

Error mistake(const std::string& node, const std::string& message) {
  return Error(Code::bug, fmt::format("layer {}: {}", node, message));
}

void require_channels(const std::string& node, int expected, int found) {
  if (expected != found) throw mistake(node, fmt::format("takes {} channels and gets {}", expected, found));
}

void require_groups(const std::string& node, int in, int out, int groups) {
  if (in < 1 || out < 1 || groups < 1 || in % groups != 0 || out % groups != 0)
    throw mistake(node, fmt::format("{} to {} channels in {} groups", in, out, groups));
}

/// Channels that the layer gives, for inputs of these.
int channels_after(const std::string& node, const Layer& layer, const std::vector<int>& inputs) {
  const auto single = [&] {
    if (inputs.size() != 1) throw mistake(node, fmt::format("takes one input and gets {}", inputs.size()));
    return inputs.front();
  };
  const auto resized = [&] {
    if (inputs.size() != 2) throw mistake(node, fmt::format("takes two inputs and gets {}", inputs.size()));
    return inputs.front();
  };
  const auto convolution = [&](const auto& conv) {
    require_groups(node, conv.in, conv.out, conv.groups);
    require_channels(node, conv.in, single());
    return conv.out;
  };
  return std::visit(
      Overloaded{[&](const Conv2d& conv) { return convolution(conv); },
                 [&](const ConvTranspose2d& conv) { return convolution(conv); },
                 [&](const BatchNorm2d& norm) {
                   require_channels(node, norm.features, single());
                   return norm.features;
                 },
                 [&](const FrozenBatchNorm2d& norm) {
                   require_channels(node, norm.features, single());
                   return norm.features;
                 },
                 [&](const Linear& linear) {
                   if (linear.out < 1 || linear.in < 1 || linear.in % single() != 0)
                     throw mistake(node, fmt::format("{} to {} numbers, and gets {} channels", linear.in,
                                                     linear.out, single()));
                   return linear.out;
                 },
                 [&](const Relu&) { return single(); }, [&](const Sigmoid&) { return single(); },
                 [&](const MaxPool2d&) { return single(); }, [&](const Dropout&) { return single(); },
                 [&](const GlobalAvgPool&) { return single(); },
                 [&](const Interpolate&) { return resized(); },
                 [&](const InterpolateNearest&) { return resized(); },
                 [&](const Concat&) {
                   if (inputs.empty()) throw mistake(node, "has no inputs");
                   return std::accumulate(inputs.begin(), inputs.end(), 0);
                 },
                 [&](const Add&) {
                   if (inputs.empty()) throw mistake(node, "has no inputs");
                   for (const int channels : inputs) require_channels(node, inputs.front(), channels);
                   return inputs.front();
                 }},
      layer);
}

int convolved(int side, int kernel, int stride, int padding, int dilation) {
  const int reach = side + 2 * padding - dilation * (kernel - 1) - 1;
  return reach < 0 ? 0 : reach / stride + 1;
}

/// Extent that the layer gives, for inputs of these; the formulas of torch.nn's reference.
Extent extent_after(const Node& node, const std::vector<Extent>& inputs) {
  const Extent in = inputs.front();
  const auto same = [&] {
    for (const Extent& other : inputs)
      if (other != in)
        throw mistake(node.name, fmt::format("joins {}x{} and {}x{} (height x width)", in.height, in.width,
                                             other.height, other.width));
    return in;
  };
  return std::visit(
      Overloaded{[&](const Conv2d& conv) {
                   return Extent{convolved(in.height, conv.kernel.height, conv.stride.height,
                                           conv.padding.height, conv.dilation.height),
                                 convolved(in.width, conv.kernel.width, conv.stride.width, conv.padding.width,
                                           conv.dilation.width)};
                 },
                 [&](const ConvTranspose2d& conv) {
                   const auto grown = [](int side, int kernel, int stride, int padding, int output_padding) {
                     return (side - 1) * stride - 2 * padding + kernel + output_padding;
                   };
                   return Extent{grown(in.height, conv.kernel.height, conv.stride.height, conv.padding.height,
                                       conv.output_padding.height),
                                 grown(in.width, conv.kernel.width, conv.stride.width, conv.padding.width,
                                       conv.output_padding.width)};
                 },
                 [&](const MaxPool2d& pool) {
                   return Extent{
                       convolved(in.height, pool.kernel.height, pool.stride.height, pool.padding.height, 1),
                       convolved(in.width, pool.kernel.width, pool.stride.width, pool.padding.width, 1)};
                 },
                 [](const GlobalAvgPool&) { return square(1); }, [](const Linear&) { return square(1); },
                 [&](const Interpolate&) { return inputs.back(); },
                 [&](const InterpolateNearest&) { return inputs.back(); },
                 [&](const auto&) { return same(); }},
      node.layer);
}

}  // namespace

std::string layer_name(const Layer& layer) {
  return std::visit(
      Overloaded{
          [](const Conv2d&) { return "Conv2d"; }, [](const ConvTranspose2d&) { return "ConvTranspose2d"; },
          [](const BatchNorm2d&) { return "BatchNorm2d"; },
          [](const FrozenBatchNorm2d&) { return "FrozenBatchNorm2d"; },
          [](const Linear&) { return "Linear"; }, [](const Relu&) { return "ReLU"; },
          [](const Sigmoid&) { return "Sigmoid"; }, [](const MaxPool2d&) { return "MaxPool2d"; },
          [](const Concat&) { return "Concat"; }, [](const Add&) { return "Add"; },
          [](const Dropout&) { return "Dropout"; }, [](const GlobalAvgPool&) { return "AdaptiveAvgPool2d"; },
          [](const Interpolate&) { return "interpolate"; },
          [](const InterpolateNearest&) { return "interpolate"; }},
      layer);
}

Graph::Graph(int in_channels, int size_multiple) : in_channels_(in_channels), size_multiple_(size_multiple) {
  if (in_channels < 1 || size_multiple < 1)
    throw Error(Code::bug,
                fmt::format("a graph of {} channels and size multiple {}", in_channels, size_multiple));
}

int Graph::add_input(int channels, Extent extent) {
  if (channels < 1) throw Error(Code::bug, fmt::format("an input of {} channels", channels));
  more_inputs_.push_back({channels, extent});
  return kInput - static_cast<int>(more_inputs_.size());
}

const Graph::Input& Graph::more_input(int input) const {
  const int index = kInput - 1 - input;
  if (index < 0 || index >= static_cast<int>(more_inputs_.size()))
    throw Error(Code::bug, fmt::format("input {} is not there", input));
  return more_inputs_[static_cast<std::size_t>(index)];
}

Extent Graph::input_extent(int input) const {
  return more_input(input).extent;
}

int Graph::add(std::string name, Layer layer, std::vector<int> inputs) {
  const bool taken =
      std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.name == name; });
  if (name.empty() || taken) throw mistake(name, "its name is empty or taken");
  std::vector<int> input_channels;
  input_channels.reserve(inputs.size());
  for (const int input : inputs) input_channels.push_back(channels(input));
  channels_.push_back(channels_after(name, layer, input_channels));
  nodes_.push_back({std::move(name), layer, std::move(inputs)});
  return static_cast<int>(nodes_.size()) - 1;
}

void Graph::output(std::string name, int node) {
  channels(node);
  for (const auto& [taken, other] : outputs_)
    if (taken == name) throw Error(Code::bug, fmt::format("two outputs named {}", name));
  outputs_.emplace_back(std::move(name), node);
}

std::vector<Draw> Graph::draws() const {
  return draws_.empty() ? std::vector<Draw>{DrawDefaults{0, static_cast<int>(nodes_.size())}} : draws_;
}

int Graph::channels(int node) const {
  if (node == kInput) return in_channels_;
  if (node < 0) return more_input(node).channels;
  if (node >= static_cast<int>(nodes_.size()))
    throw Error(Code::bug, fmt::format("node {} is not there", node));
  return channels_[static_cast<std::size_t>(node)];
}

std::optional<int> Graph::only_reader(int node) const {
  for (const auto& [name, returned] : outputs_)
    if (returned == node) return std::nullopt;
  std::optional<int> reader;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto reads = std::ranges::count(nodes_[i].inputs, node);
    if (reads > 1 || (reads == 1 && reader)) return std::nullopt;
    if (reads == 1) reader = static_cast<int>(i);
  }
  return reader;
}

std::vector<TensorSpec> state_of(const Graph& graph) {
  std::vector<TensorSpec> state;
  for (const Node& node : graph.nodes()) {
    const auto convolution = [&](std::int64_t first, std::int64_t second, const auto& conv) {
      state.push_back({node.name + ".weight", {first, second, conv.kernel.height, conv.kernel.width}});
      if (conv.bias) state.push_back({node.name + ".bias", {conv.out}});
    };
    std::visit(
        Overloaded{[&](const Conv2d& conv) { convolution(conv.out, conv.in / conv.groups, conv); },
                   [&](const ConvTranspose2d& conv) { convolution(conv.in, conv.out / conv.groups, conv); },
                   [&](const BatchNorm2d& norm) {
                     state.push_back({node.name + ".weight", {norm.features}});
                     state.push_back({node.name + ".bias", {norm.features}});
                     state.push_back({node.name + ".running_mean", {norm.features}, false});
                     state.push_back({node.name + ".running_var", {norm.features}, false});
                     state.push_back({node.name + ".num_batches_tracked", {}, false, true});
                   },
                   [&](const FrozenBatchNorm2d& norm) {
                     for (const char* tensor : {".weight", ".bias", ".running_mean", ".running_var"})
                       state.push_back({node.name + tensor, {norm.features}, false});
                   },
                   [&](const Linear& linear) {
                     state.push_back({node.name + ".weight", {linear.out, linear.in}});
                     state.push_back({node.name + ".bias", {linear.out}});
                   },
                   [](const auto&) {}},
        node.layer);
  }
  return state;
}

std::int64_t parameter_count(const Graph& graph) {
  std::int64_t count = 0;
  for (const TensorSpec& tensor : state_of(graph))
    if (tensor.trained)
      count += std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies());
  return count;
}

std::vector<Extent> extents(const Graph& graph, Extent input) {
  const int multiple = graph.size_multiple();
  if (input.height < 1 || input.width < 1 || input.height % multiple != 0 || input.width % multiple != 0)
    throw Error(Code::bad_value, fmt::format("the network takes widths and heights that are multiples of {}; "
                                             "found {}x{}",
                                             multiple, input.width, input.height));
  std::vector<Extent> all;
  all.reserve(graph.nodes().size());
  for (const Node& node : graph.nodes()) {
    std::vector<Extent> inputs;
    inputs.reserve(node.inputs.size());
    for (const int i : node.inputs)
      inputs.push_back(i == kInput ? input
                       : i < 0     ? graph.input_extent(i)
                                   : all[static_cast<std::size_t>(i)]);
    const Extent extent = extent_after(node, inputs);
    if (extent.height < 1 || extent.width < 1)
      throw Error(Code::bad_value, fmt::format("an input of {}x{} is too small: nothing is left after {}",
                                               input.width, input.height, node.name));
    all.push_back(extent);
  }
  return all;
}

bool writes_over_input(const Graph& graph, int node) {
  const std::vector<Node>& nodes = graph.nodes();
  const Node& relu = nodes.at(static_cast<std::size_t>(node));
  if (!std::holds_alternative<Relu>(relu.layer)) return false;
  const int input = relu.inputs.front();
  return input >= 0 && graph.only_reader(input) &&
         std::visit(
             Overloaded{[](const Conv2d&) { return true; }, [](const ConvTranspose2d&) { return true; },
                        [](const BatchNorm2d&) { return true; },
                        [](const FrozenBatchNorm2d&) { return true; }, [](const Linear&) { return true; },
                        [](const Add&) { return true; }, [](const auto&) { return false; }},
             nodes[static_cast<std::size_t>(input)].layer);
}

int least_batch(const Graph& graph, Extent input) {
  const std::vector<Extent> all = extents(graph, input);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (std::holds_alternative<BatchNorm2d>(graph.nodes()[i].layer) && all[i] == square(1)) return 2;
  return 1;
}

}  // namespace maskmill::learn
