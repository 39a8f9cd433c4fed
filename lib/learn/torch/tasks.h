// SPDX-License-Identifier: Apache-2.0
// Private to make_task(): the tasks there are.
#pragma once

#include "learn/torch/device.h"
#include "learn/torch/task.h"

namespace maskmill::learn {

std::unique_ptr<Task> make_semantic_task(Network network, const TrainSettings& settings,
                                         const ModelCard& card, const ClassPixels& class_pixels,
                                         torch::Device device, Precision precision);
std::unique_ptr<Task> make_detection_task(Network network, const TrainSettings& settings,
                                          const ModelCard& card, torch::Device device, Precision precision);

}  // namespace maskmill::learn
