// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "learn/graph.h"
#include "learn/tensor_file.h"
#include "learn/torch/device.h"

namespace maskmill::learn {

/// A torch module built from a graph. Parameters and buffers lie in nested submodules, so that
/// named_parameters() and named_buffers() have the names of state_of(graph).
class NetworkImpl : public torch::nn::Module {
 public:
  /// Weights are drawn as torch.nn's modules draw theirs, in the order of the nodes: after
  /// torch::manual_seed(s) they equal, bit for bit, those of the published Python module constructed after
  /// torch.manual_seed(s).
  explicit NetworkImpl(Graph graph);

  /// (batch, channels, height, width) to the graph's outputs by name; in evaluation without "aux". Each
  /// intermediate is let go after its last use; autograd keeps what it needs of them.
  std::map<std::string, torch::Tensor> forward(torch::Tensor input);

  /// What leads to some of the outputs.
  struct Plan {
    struct Step {
      int node;
      std::vector<int> last_uses;  ///< nodes whose values nothing needs after this step
    };
    std::vector<Step> steps;
    std::vector<std::pair<std::string, int>> outputs;
  };
  /// To those outputs alone. Throws Error(bug) for a name that is none.
  Plan plan_for(const std::vector<std::string>& outputs) const;
  /// `given`: a tensor for each of the graph's inputs; those that the plan does not need may be undefined.
  std::map<std::string, torch::Tensor> forward(const Plan& plan, std::vector<torch::Tensor> given);

  /// Moves to the device and lays weights out channels-last, which the convolutions of both devices prefer.
  void place(torch::Device device);

  /// To compute with weights that change no more, in evaluation, in `precision`: normalisation becomes part
  /// of the convolution before it, weights have that type and the layout that the device prefers, and ReLUs
  /// run with what is before them. The results are the same but for rounding. There is no state dict any
  /// more, and no training.
  void prepare_for_inference(Precision precision);

  /// A frozen encoder keeps its weights, which then have no gradients, and its running statistics. What the
  /// graph freezes keeps its weights always.
  void freeze_encoder(bool frozen);
  void train(bool on = true) override;

  /// Parameters and buffers by name; they are the network's own.
  std::map<std::string, torch::Tensor> tensors() const;

  const Graph& graph() const { return graph_; }
  bool prepared_for_inference() const { return prepared_; }

 private:
  using Apply = std::function<torch::Tensor(std::vector<torch::Tensor>&)>;
  static Plan plan_for(const Graph& graph, std::vector<std::pair<std::string, int>> outputs);
  void freeze_first();

  Graph graph_;
  std::vector<Apply> layers_;  ///< of each node
  Plan all_, out_;
  std::vector<std::shared_ptr<torch::nn::Module>> encoder_,
      frozen_;  ///< frozen_: for good, see Graph::freeze()
  bool encoder_frozen_ = false;
  bool prepared_ = false;  ///< for inference
};
TORCH_MODULE(Network);

/// As torch names them, on CPU and contiguous; and back, on CPU.
NamedTensor to_named_tensor(const std::string& name, const torch::Tensor& tensor);
torch::Tensor to_tensor(const NamedTensor& tensor);

/// Parameters and buffers in the order of state_of(graph), copied to CPU.
StateDict state_dict(const Network& network);

/// Replaces every parameter and buffer; other floating-point types are converted. Throws Error(bad_value)
/// naming the first tensors that are missing, unexpected or of another shape; then nothing is changed.
void load_state_dict(Network& network, const StateDict& state);

/// Replaces those that are named, which must be the network's and of their shape.
void load_some(Network& network, const StateDict& state);

}  // namespace maskmill::learn
