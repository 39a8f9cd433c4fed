// SPDX-License-Identifier: Apache-2.0
// Private to Predictor::open().
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "learn/predict.h"
#include "learn/torch/module.h"

namespace maskmill::learn {

/// The run's best weights in its network, for evaluation. Throws Error naming the file.
Network trained_network(const RunFolder& run, const ModelCard& card, torch::Device device);
/// The same, prepared for inference.
Network predicting_network(const RunFolder& run, const ModelCard& card, torch::Device device,
                           Precision precision);

/// predict() of `pictures` in batches of at most `batch_size`, the predictions one after the other. Throws
/// Error(interrupted) between two, and torch's errors as Errors.
std::vector<Prediction> in_batches_of(
    const std::vector<NetworkPicture>& pictures, int batch_size,
    const std::function<std::vector<Prediction>(std::span<const NetworkPicture>)>& predict);

/// Of a detector's run.
std::unique_ptr<Predictor> make_object_predictor(const RunFolder& run, const PredictSettings& settings);

}  // namespace maskmill::learn
