// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "learn/model_card.h"
#include "learn/torch/module.h"

namespace maskmill::learn {

/// The network with its weights as a TorchScript module, compiled from script_of(card), on CPU and for
/// evaluation.
torch::jit::Module scripted(const Network& network, const ModelCard& card);

/// Throws Error(bug) where the two do not say the same of pictures of noise, to 1e-3: a detector's boxes,
/// scores and masks with every score let through, or a network's scores.
void require_same(torch::jit::Module& module, Network& network, const ModelCard& card);

}  // namespace maskmill::learn
