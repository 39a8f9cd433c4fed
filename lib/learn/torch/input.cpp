// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/input.h"

#include <vector>

namespace maskmill::learn {

NetworkInput::NetworkInput(const InputSettings& settings, torch::Device device) : device_(device) {
  std::vector<float> scale, shift;
  for (int x = 0; x < settings.width; ++x)
    for (std::size_t channel = 0; channel < 3; ++channel) {
      scale.push_back(static_cast<float>(1 / (255 * settings.std.at(channel))));
      shift.push_back(static_cast<float>(-settings.mean.at(channel) / settings.std.at(channel)));
    }
  scale_ = torch::tensor(scale).to(device);
  shift_ = torch::tensor(shift).to(device);
}

torch::Tensor NetworkInput::operator()(const torch::Tensor& images) const {
  const torch::Tensor values = images.to(device_, /*non_blocking=*/true).to(torch::kFloat32);
  return torch::addcmul(shift_, values.flatten(2), scale_).view(values.sizes()).permute({0, 3, 1, 2});
}

}  // namespace maskmill::learn
