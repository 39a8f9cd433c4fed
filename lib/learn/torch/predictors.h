// SPDX-License-Identifier: Apache-2.0
// Private to Predictor::open().
#pragma once

#include <memory>

#include "learn/predict.h"
#include "learn/torch/module.h"

namespace maskmill::learn {

/// The run's best weights in its network, for evaluation. Throws Error naming the file.
Network trained_network(const RunFolder& run, const ModelCard& card, torch::Device device);

/// Of a detector's run.
std::unique_ptr<Predictor> make_object_predictor(const RunFolder& run, const PredictSettings& settings);

}  // namespace maskmill::learn
