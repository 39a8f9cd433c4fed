// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "base/error.h"
#include "learn/torch/constant_convolution.h"
#include "learn/torch/module.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;
using Values = std::vector<Tensor>;

std::optional<double> norm_eps(const Layer& layer) {
  if (const auto* norm = std::get_if<BatchNorm2d>(&layer)) return norm->eps;
  if (const auto* norm = std::get_if<FrozenBatchNorm2d>(&layer)) return norm->eps;
  return std::nullopt;
}

}  // namespace

void NetworkImpl::prepare_for_inference(Precision precision) {
  if (is_training() || prepared_) throw Error(Code::bug, "this network is not one to prepare for inference");
  const torch::NoGradGuard no_grad;
  prepared_ = true;
  const std::map<std::string, Tensor> own = tensors();
  const auto tensor = [&](const Node& node, const char* name) {
    const auto found = own.find(node.name + "." + name);
    return found == own.end() ? Tensor() : found->second.detach();
  };
  const auto let_go = [&](const Node& node) {
    for (const char* name : {"weight", "bias", "running_mean", "running_var"})
      if (const auto found = own.find(node.name + "." + name); found != own.end())
        found->second.set_data(torch::empty({0}, found->second.options()));
  };
  const auto at = [](int node) { return static_cast<std::size_t>(node); };
  const auto pass_on = [](Values& in) { return std::move(in.front()); };

  const std::vector<Node>& nodes = graph_.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    Tensor weight = tensor(node, "weight"), bias = tensor(node, "bias");
    if (const auto* conv = std::get_if<Conv2d>(&node.layer)) {
      std::optional<int> next = graph_.only_reader(static_cast<int>(i));
      if (const auto eps = next ? norm_eps(nodes[at(*next)].layer) : std::nullopt) {
        const Node& norm = nodes[at(*next)];
        const auto exact = [&](const char* name) { return tensor(norm, name).to(torch::kFloat64); };
        const Tensor scale = exact("weight") / (exact("running_var") + *eps).sqrt();
        const Tensor mean = bias.defined() ? exact("running_mean") - bias : exact("running_mean");
        bias = (exact("bias") - mean * scale).to(torch::kFloat32);
        weight = (weight.to(torch::kFloat64) * scale.view({-1, 1, 1, 1})).to(torch::kFloat32);
        let_go(norm);
        layers_[at(*next)] = pass_on;
        next = graph_.only_reader(*next);
      }
      const bool relu = next && std::holds_alternative<Relu>(nodes[at(*next)].layer);
      if (relu) layers_[at(*next)] = pass_on;
      layers_[i] = [convolve = constant_convolution(*conv, weight, bias, relu, precision)](Values& in) {
        return convolve(in.front());
      };
      let_go(node);
    } else if (precision == Precision::bf16 && std::holds_alternative<Linear>(node.layer)) {
      const torch::ScalarType type = type_of(precision);
      layers_[i] = [weight = weight.to(type), bias = bias.to(type), type](Values& in) {
        return torch::linear(in.front().flatten(1).to(type), weight, bias);
      };
      let_go(node);
    }
  }
}

}  // namespace maskmill::learn
