// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "learn/torch/module.h"
#include "learn/torch/optimizer.h"
#include "learn/training_progress.h"

namespace maskmill::learn {

/// The bytes of checkpoint.pt: a state dict that torch.load reads, of the network ("model."), what the
/// optimizer remembers ("optimizer.") and the progress ("progress.").
std::string encode_checkpoint(const Network& network, const Optimizer& optimizer,
                              const TrainingProgress& progress);

/// Puts it back, so that training goes on bit for bit. Throws Error naming the file.
TrainingProgress load_checkpoint(const Path& path, Network& network, Optimizer& optimizer);

}  // namespace maskmill::learn
