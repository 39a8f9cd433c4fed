// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/optimizer.h"

#include <memory>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

Tensor empty_memory(const Tensor& weight, bool one_number) {
  return one_number ? torch::zeros({}, weight.options()) : torch::zeros_like(weight);
}

/// Adam, and AdamW with the weight decay out of the gradient.
class Adam final : public Optimizer {
 public:
  Adam(NamedTensors parameters, const OptimizerSettings& settings)
      : Optimizer(std::move(parameters),
                  {{"step", true, {}}, {"exp_avg", false, {}}, {"exp_avg_sq", false, {}}}),
        settings_(settings) {}

 private:
  void move(const Tensors& weights, const Tensors& gradients, const std::vector<Tensors>& memory,
            const Pace& pace) const override {
    const Tensors &steps = memory[0], &averages = memory[1], &squares = memory[2];
    at::_foreach_add_(steps, 1);
    const auto kernel = [&](const auto& fused) {
      fused(weights, gradients, averages, squares, at::TensorList(), steps, pace.learning_rate, pace.momentum,
            settings_.beta2, weight_decay_of(settings_), settings_.eps, /*amsgrad=*/false,
            /*maximize=*/false);
    };
    if (settings_.name == OptimizerKind::adamw)
      kernel([](const auto&... arguments) { at::_fused_adamw_(arguments...); });
    else
      kernel([](const auto&... arguments) { at::_fused_adam_(arguments...); });
  }

  OptimizerSettings settings_;
};

class Sgd final : public Optimizer {
 public:
  Sgd(NamedTensors parameters, const OptimizerSettings& settings)
      : Optimizer(std::move(parameters), {{"momentum_buffer", false, {}}}), settings_(settings) {}

 private:
  void move(const Tensors& weights, const Tensors& gradients, const std::vector<Tensors>& memory,
            const Pace& pace) const override {
    // torch begins with the first gradient for a momentum, which without dampening is what 0 leads to.
    const at::TensorList momentum = pace.momentum == 0 ? at::TensorList() : at::TensorList(memory[0]);
    at::_fused_sgd_(weights, gradients, momentum, weight_decay_of(settings_), pace.momentum,
                    pace.learning_rate,
                    /*dampening=*/0, settings_.nesterov, /*maximize=*/false, /*is_first_step=*/false);
  }

  OptimizerSettings settings_;
};

class RmsProp final : public Optimizer {
 public:
  RmsProp(NamedTensors parameters, const OptimizerSettings& settings)
      : Optimizer(std::move(parameters), {{"square_avg", false, {}}, {"momentum_buffer", false, {}}}),
        settings_(settings) {}

 private:
  void move(const Tensors& weights, const Tensors& gradients, const std::vector<Tensors>& memory,
            const Pace& pace) const override {
    const double weight_decay = weight_decay_of(settings_);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      Tensor weight = weights[i], square = memory[0][i], buffer = memory[1][i];
      const Tensor gradient = weight_decay == 0 ? gradients[i] : gradients[i].add(weight, weight_decay);
      square.mul_(settings_.alpha).addcmul_(gradient, gradient, 1 - settings_.alpha);
      const Tensor size = square.sqrt().add_(settings_.eps);
      buffer.mul_(pace.momentum).addcdiv_(gradient, size);
      weight.add_(buffer, -pace.learning_rate);
    }
  }

  OptimizerSettings settings_;
};

}  // namespace

NamedTensors parameters_of(const torch::nn::Module& module) {
  NamedTensors parameters;
  for (const auto& item : module.named_parameters()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

Optimizer::Optimizer(NamedTensors parameters, std::vector<Slot> slots)
    : parameters_(std::move(parameters)), slots_(std::move(slots)) {
  for (Slot& slot : slots_) slot.of_each.resize(parameters_.size());
}

void Optimizer::zero_grad() {
  for (auto& [name, weight] : parameters_) weight.mutable_grad().reset();
}

void Optimizer::step(const Pace& pace) {
  const torch::NoGradGuard no_grad;
  Tensors weights, gradients;
  std::vector<Tensors> memory(slots_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& weight = parameters_[i].second;
    if (!weight.grad().defined()) continue;
    weights.push_back(weight);
    // The fused kernels walk over memory, so both must lie in it alike.
    gradients.push_back(weight.grad().strides() == weight.strides()
                            ? weight.grad()
                            : torch::empty_like(weight).copy_(weight.grad()));
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      Tensor& remembered = slots_[slot].of_each[i];
      if (!remembered.defined()) remembered = empty_memory(weight, slots_[slot].one_number);
      memory[slot].push_back(remembered);
    }
  }
  if (!weights.empty()) move(weights, gradients, memory, pace);
}

NamedTensors Optimizer::state() const {
  NamedTensors state;
  for (const Slot& slot : slots_)
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (slot.of_each[i].defined())
        state.emplace_back(slot.name + "." + parameters_[i].first, slot.of_each[i]);
  return state;
}

void Optimizer::load(const NamedTensors& state) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : state) {
    bool found = false;
    for (Slot& slot : slots_)
      for (std::size_t i = 0; i < parameters_.size(); ++i) {
        if (slot.name + "." + parameters_[i].first != name) continue;
        Tensor memory = empty_memory(parameters_[i].second, slot.one_number);
        if (memory.sizes() != tensor.sizes())
          throw Error(Code::bad_value, in_quotes(name) + " is not of its weight's shape");
        slot.of_each[i] = memory.copy_(tensor);
        found = true;
      }
    if (!found) throw Error(Code::bad_value, in_quotes(name) + " is nothing that this optimizer remembers");
  }
}

std::unique_ptr<Optimizer> make_optimizer(NamedTensors parameters, const OptimizerSettings& settings) {
  switch (settings.name) {
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      return std::make_unique<Adam>(std::move(parameters), settings);
    case OptimizerKind::sgd:
      return std::make_unique<Sgd>(std::move(parameters), settings);
    case OptimizerKind::rmsprop:
      return std::make_unique<RmsProp>(std::move(parameters), settings);
  }
  throw Error(Code::bug, "an optimizer without a case");
}

void clip_gradients(const NamedTensors& parameters, const GradientSettings& settings) {
  if (!settings.clip_norm && !settings.clip_value) return;
  std::vector<Tensor> weights;
  for (const auto& [name, weight] : parameters)
    if (weight.grad().defined()) weights.push_back(weight);
  if (settings.clip_value) torch::nn::utils::clip_grad_value_(weights, *settings.clip_value);
  if (settings.clip_norm) torch::nn::utils::clip_grad_norm_(weights, *settings.clip_norm);
}

}  // namespace maskmill::learn
