// SPDX-License-Identifier: Apache-2.0
// What goldens.py sets up, in C++.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <string>
#include <vector>

#include "learn/models.h"
#include "learn/torch/losses.h"
#include "learn/torch/module.h"
#include "learn/torch/optimizer.h"
#include "support/published_numbers.h"

namespace maskmill::learn::tests {

inline void fill(const std::string& name, Tensor tensor) {
  if (name.ends_with("num_batches_tracked")) return;
  Tensor values = noise(salt_of(name), tensor.numel()).view(tensor.sizes());
  if (name.ends_with("running_var"))
    values = 1 + 0.5 * values;
  else if (tensor.dim() == 4)
    values = values * std::sqrt(6.0 / static_cast<double>(tensor[0].numel()));
  else if (tensor.dim() == 1 && name.ends_with("weight"))
    values = 1 + 0.2 * values;
  else
    values = 0.2 * values;
  const torch::NoGradGuard no_grad;
  tensor.copy_(values);
}

inline void fill(Network& network) {
  for (const auto& item : network->named_parameters()) fill(item.key(), item.value());
  for (const auto& item : network->named_buffers()) fill(item.key(), item.value());
  network->place(torch::kCPU);
}

inline Network small_unet() {
  return Network(build({.name = "unet", .init_features = 4}, 3, 3));
}

inline Network filled_unet() {
  Network network = small_unet();
  fill(network);
  return network;
}

inline Tensor images(std::int64_t height = 48, std::int64_t width = 32,
                     torch::ScalarType type = torch::kFloat32) {
  return noise(3, 2 * 3 * height * width).view({2, 3, height, width}).to(type);
}

/// Of three, all known.
inline Tensor known_classes(std::int64_t height = 48, std::int64_t width = 32) {
  return ((noise(5, 2 * height * width) + 1) * 1.5).to(torch::kInt64).view({2, height, width});
}

inline Tensor classes() {
  Tensor numbers = known_classes();
  using torch::indexing::Slice;
  numbers.index_put_({Slice(), Slice(0, 5), Slice(0, 7)}, kIgnoredClass);
  return numbers;
}

inline double gradient_norm(const Network& network) {
  double sum = 0;
  for (const Tensor& parameter : network->parameters())
    if (parameter.grad().defined()) sum += std::pow(parameter.grad().norm().item<double>(), 2);
  return std::sqrt(sum);
}

}  // namespace maskmill::learn::tests
