// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "learn/model_card.h"
#include "learn/torch/module.h"

namespace maskmill::learn {

/// The network with its weights as a TorchScript module, compiled from script_of(card), on CPU and for
/// evaluation.
torch::jit::Module scripted(const Network& network, const ModelCard& card);

/// Throws Error(bug) where the two do not say the same of pictures of noise, in float64, to 1e-6: a
/// detector's boxes, labels and scores, with its own least score and with every one let through, or a
/// network's scores. Both are float64 from then on.
void require_same(torch::jit::Module& module, Network& network, const ModelCard& card);

}  // namespace maskmill::learn
