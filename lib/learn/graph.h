// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace maskmill::learn {

/// A network as a list of layers, each naming the nodes it takes: torch modules are built from it, and later
/// TorchScript and ONNX are written from it, so that a model is described once. Tensors are (batch, channels,
/// height, width).

/// Height and width, in torch's order.
struct Extent {
  int height = 1, width = 1;
  friend bool operator==(const Extent&, const Extent&) = default;
};
inline Extent square(int side) {
  return {side, side};
}

/// Layers have the meaning, the defaults and the parameter names of torch.nn's modules of the same name.
struct Conv2d {
  int in = 0, out = 0;
  Extent kernel = square(3), stride = square(1), padding = square(0), dilation = square(1);
  int groups = 1;
  bool bias = true;
  bool read_at_few = false;  ///< a training's loss reads the output at few places: no more than a hint
};
struct ConvTranspose2d {
  int in = 0, out = 0;
  Extent kernel = square(2), stride = square(2), padding = square(0), output_padding = square(0);
  int groups = 1;
  bool bias = true;
};
struct BatchNorm2d {
  int features = 0;
  double eps = 1e-5, momentum = 0.1;
};
/// torchvision.ops.FrozenBatchNorm2d: a BatchNorm2d whose four tensors are buffers and never change.
struct FrozenBatchNorm2d {
  int features = 0;
  double eps = 1e-5;
};
/// Over all that a sample holds: (batch, channels, height, width) is flattened to (batch, in) first, and what
/// comes out is (batch, out).
struct Linear {
  int in = 0, out = 0;
};
struct Relu {};
struct Sigmoid {};
struct MaxPool2d {
  Extent kernel = square(2), stride = square(2), padding = square(0);
};
/// Along the channels, in the order of the inputs.
struct Concat {};
/// Element by element; all of one shape.
struct Add {};
struct Dropout {
  double p = 0.5;
};
/// AdaptiveAvgPool2d(1): one number a channel.
struct GlobalAvgPool {};
/// Bilinear, without aligned corners, to the height and width of the second input.
struct Interpolate {};
/// The nearest pixel's, to the height and width of the second input.
struct InterpolateNearest {};

using Layer = std::variant<Conv2d, ConvTranspose2d, BatchNorm2d, FrozenBatchNorm2d, Linear, Relu, Sigmoid,
                           MaxPool2d, Concat, Add, Dropout, GlobalAvgPool, Interpolate, InterpolateNearest>;

/// "Conv2d", ...: torch.nn's name.
std::string layer_name(const Layer& layer);

struct Node {
  /// Where the layer's parameters lie in the state dict, as "encoder1.enc1conv1"; unique. Layers without
  /// parameters have a name too, for messages and exports.
  std::string name;
  Layer layer;
  std::vector<int>
      inputs;  ///< indices of nodes before this one; kInput and Graph::add_input()'s are negative
};

/// The network's input, and of a detector the pictures.
inline constexpr int kInput = -1;

/// First weights are drawn one step after another, so that a seed gives what it gives the published Python
/// module. Nodes are [first, last).
struct DrawDefaults {  ///< as torch.nn's modules draw theirs
  int first, last;
};
/// Weights of convolutions, transposed ones too, once more; their biases become 0 where asked for.
struct DrawKaiming {  ///< torch.nn.init.kaiming_normal_, fan_out, relu
  int first, last;
  bool zero_bias = false;
};
struct DrawKaimingUniform {  ///< torch.nn.init.kaiming_uniform_, a = 1; biases become 0
  int first, last;
};
struct DrawNormal {  ///< torch.nn.init.normal_, mean 0; biases become 0
  int first, last;
  double std;
};
struct DrawUnused {  ///< a torch.nn.Linear that the published module makes and lets go
  int in, out;
};
using Draw = std::variant<DrawDefaults, DrawKaiming, DrawKaimingUniform, DrawNormal, DrawUnused>;

class Graph {
 public:
  /// The network's input has this many channels; its height and width must be multiples of `size_multiple`.
  Graph(int in_channels, int size_multiple);

  /// One more input, of which other nodes are made: -2, -3, ... `extent` is its height and width, where they
  /// are fixed.
  int add_input(int channels, Extent extent);

  /// The new node's index. Throws Error(bug) for a name that is taken, an input that is not there, or
  /// channels that do not fit.
  int add(std::string name, Layer layer, std::vector<int> inputs);
  /// What the network returns, by name: "out", and "aux", in training alone, where a model has an auxiliary
  /// head; parts of a detector name theirs (learn/detector.h).
  void output(std::string name, int node);

  /// The nodes so far are the encoder: what is trained beforehand, and frozen at first.
  void end_encoder() { encoder_size_ = static_cast<int>(nodes_.size()); }
  /// The first `count` nodes keep their weights for good, as those of a detector's first stages do.
  void freeze(int count) { frozen_ = count; }
  /// Without it, every node draws its defaults.
  void draw(std::vector<Draw> draws) { draws_ = std::move(draws); }

  int encoder_size() const { return encoder_size_; }
  int frozen() const { return frozen_; }
  std::vector<Draw> draws() const;

  int in_channels() const { return in_channels_; }
  int size_multiple() const { return size_multiple_; }
  /// Of a node or, where it is negative, of an input.
  int channels(int node) const;
  /// Of an input other than kInput.
  Extent input_extent(int input) const;
  /// In the order in which they were added, which is that of the state dict.
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<std::pair<std::string, int>>& outputs() const { return outputs_; }
  /// The node that alone reads what `node` makes, once; none where others do too, or the network returns it.
  std::optional<int> only_reader(int node) const;

 private:
  struct Input {
    int channels;
    Extent extent;
  };
  const Input& more_input(int input) const;

  int in_channels_;
  int size_multiple_;
  std::vector<Input> more_inputs_;
  std::vector<Node> nodes_;
  std::vector<int> channels_;
  std::vector<std::pair<std::string, int>> outputs_;
  int encoder_size_ = 0;
  int frozen_ = 0;
  std::vector<Draw> draws_;
};

/// One tensor of a state dict.
struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  bool trained = true;   ///< a parameter; false: a buffer, such as a running mean
  bool counter = false;  ///< int64 (num_batches_tracked); float32 otherwise
  friend bool operator==(const TensorSpec&, const TensorSpec&) = default;
};

/// Names, shapes and order as torch's state_dict() of the published module gives them.
std::vector<TensorSpec> state_of(const Graph& graph);

std::int64_t parameter_count(const Graph& graph);

/// Height and width after each node, for an input of this size. Throws Error(bad_value) where the input is no
/// multiple of size_multiple.
std::vector<Extent> extents(const Graph& graph, Extent input);

/// True of a ReLU that may write over its input: nothing else reads those values, and the layer that made
/// them does not need them for its gradient.
bool writes_over_input(const Graph& graph, int node);

/// Samples that a batch needs to be trained on: 2 where BatchNorm2d comes upon one pixel, since a channel's
/// single number has no variance. Throws as extents() does.
int least_batch(const Graph& graph, Extent input);

}  // namespace maskmill::learn
