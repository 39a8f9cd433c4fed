// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/path.h"

namespace maskmill::learn {

/// The bytes of a TorchScript file of a run's best weights, which torch.jit.load reads in Python or C++ and
/// runs without any code of ours; what its forward takes and gives is said in learn/torchscript.h. It is
/// loaded again and held against the model on pictures of noise first. A detector's needs torchvision's
/// operators in the process that loads it. Throws as RunFolder::open(), and Error(bug) where the two differ.
std::string encode_torchscript(const Path& run);

}  // namespace maskmill::learn
