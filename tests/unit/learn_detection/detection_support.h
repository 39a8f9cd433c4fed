// SPDX-License-Identifier: Apache-2.0
// What goldens.py sets up, in C++.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <string>
#include <vector>

#include "learn/torch/detection/detector.h"
#include "support/published_numbers.h"

namespace maskmill::learn::tests {

inline constexpr int kClasses = 4;
inline const DetectorSettings kSettings = [] {
  DetectorSettings settings;
  settings.rpn_pre_nms_top_n_train = 150;
  settings.rpn_pre_nms_top_n_test = 120;
  settings.rpn_post_nms_top_n_train = 60;
  settings.rpn_post_nms_top_n_test = 40;
  settings.rpn_batch_size_per_image = 64;
  settings.box_batch_size_per_image = 32;
  settings.box_detections_per_img = 15;
  return settings;
}();
inline const InputSettings kInput96{.min_size = 96, .max_size = 128};

inline void fill(const std::string& name, Tensor tensor) {
  if (name.ends_with("num_batches_tracked")) return;
  Tensor values = noise(salt_of(name), tensor.numel()).view(tensor.sizes());
  if (name.ends_with("running_var"))
    values = 1 + 0.5 * values;
  else if (tensor.dim() >= 2)
    values = values * std::sqrt(3.0 / static_cast<double>(tensor[0].numel()));
  else if (name.ends_with("weight"))
    values = 1 + 0.2 * values;
  else
    values = 0.2 * values;
  const torch::NoGradGuard no_grad;
  tensor.copy_(values);
}

inline void fill(Network& network) {
  for (const auto& item : network->named_parameters()) fill(item.key(), item.value());
  for (const auto& item : network->named_buffers()) fill(item.key(), item.value());
}

/// The published network with weights that the formula gives, in float64.
inline Detector filled(const DetectorArchitecture& architecture,
                       const DetectorSettings& settings = kSettings) {
  Network network(architecture.build(kClasses, settings));
  fill(network);
  network->to(torch::kFloat64);
  return {network, settings, architecture.masks};
}

inline std::vector<Tensor> pictures() {
  return {(noise(3, 3 * 83 * 120).view({3, 83, 120}) + 1) / 2,
          (noise(4, 3 * 110 * 70).view({3, 110, 70}) + 1) / 2};
}

inline PictureBatch batch() {
  return batch_of(pictures(), kInput96);
}

/// Objects of one picture of this size: ellipses in boxes, brought to the size that the batch has it in.
inline ObjectTargets objects(Extent picture, Extent to, const std::vector<std::vector<double>>& boxes,
                             const std::vector<std::int64_t>& labels) {
  std::vector<Tensor> all, masks;
  const std::vector<Tensor> grid = torch::meshgrid({torch::arange(picture.height, torch::kFloat64) + 0.5,
                                                    torch::arange(picture.width, torch::kFloat64) + 0.5},
                                                   "ij");
  for (const std::vector<double>& box : boxes) {
    const auto part = [&](const Tensor& at, double first, double last) {
      return ((at - (first + last) / 2) / ((last - first) / 2)).square();
    };
    masks.push_back(part(grid[1], box[0], box[2]) + part(grid[0], box[1], box[3]) < 1);
    all.push_back(torch::tensor(box, torch::kFloat64));
  }
  const double along_x = static_cast<double>(to.width) / picture.width,
               along_y = static_cast<double>(to.height) / picture.height;
  const Tensor mask =
      torch::upsample_nearest2d(torch::stack(masks).unsqueeze(1).to(torch::kFloat32), {to.height, to.width});
  return {torch::stack(all) * torch::tensor({along_x, along_y, along_x, along_y}, torch::kFloat64),
          torch::tensor(labels), mask.squeeze(1).to(torch::kUInt8)};
}

inline std::vector<ObjectTargets> targets() {
  const std::vector<Extent> sizes = batch().pictures;
  return {objects({83, 120}, sizes[0], {{8, 10, 60, 70}, {50, 5, 115, 50}}, {1, 3}),
          objects({110, 70}, sizes[1], {{5, 5, 30, 40}, {20, 50, 66, 104}, {2, 60, 20, 90}}, {2, 1, 3})};
}

}  // namespace maskmill::learn::tests
