// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "learn/schedule.h"

namespace maskmill::learn {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// Its own, in the order in which it has them.
NamedTensors parameters_of(const torch::nn::Module& module);

/// Moves weights along their gradients as torch.optim's class of the same name does, by torch's fused kernels
/// where it has them. Adding an optimizer: a class in optimizer.cpp and a line in make_optimizer().
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void zero_grad();
  /// Weights without a gradient stay, and so does what is remembered of them.
  void step(const Pace& pace);

  /// What it remembers of each weight, as "exp_avg.encoder1.enc1conv1.weight", under torch.optim's names; the
  /// tensors are its own.
  NamedTensors state() const;
  /// Throws Error(bad_value) naming a tensor that is not of these weights or not of their shape.
  void load(const NamedTensors& state);

  const NamedTensors& parameters() const { return parameters_; }

 protected:
  /// One tensor of memory for each weight, made when its first gradient comes.
  struct Slot {
    std::string name;
    bool one_number = false;  ///< a count, rather than a tensor like the weight
    std::vector<torch::Tensor> of_each;
  };
  using Tensors = std::vector<torch::Tensor>;

  Optimizer(NamedTensors parameters, std::vector<Slot> slots);
  /// `memory`: for each slot, the tensors that belong to `weights`.
  virtual void move(const Tensors& weights, const Tensors& gradients, const std::vector<Tensors>& memory,
                    const Pace& pace) const = 0;

 private:
  NamedTensors parameters_;
  std::vector<Slot> slots_;
};

std::unique_ptr<Optimizer> make_optimizer(NamedTensors parameters, const OptimizerSettings& settings);

/// Shortens gradients as torch.nn.utils.clip_grad_value_ and then clip_grad_norm_ do.
void clip_gradients(const NamedTensors& parameters, const GradientSettings& settings);

}  // namespace maskmill::learn
