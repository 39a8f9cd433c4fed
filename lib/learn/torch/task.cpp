// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/task.h"

#include "learn/torch/tasks.h"

namespace maskmill::learn {

std::unique_ptr<Task> make_task(const TrainSettings& settings, const ModelCard& card,
                                const ClassPixels& class_pixels, torch::Device device, Precision precision) {
  torch::manual_seed(static_cast<std::uint64_t>(settings.seed));
  Network network(build(settings.model, 3, card.classes.size()));
  network->place(device);
  return detector_of(settings.model)
             ? make_detection_task(std::move(network), settings, card, device, precision)
             : make_semantic_task(std::move(network), settings, card, class_pixels, device, precision);
}

}  // namespace maskmill::learn
