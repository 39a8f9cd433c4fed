// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "learn/graph.h"
#include "learn/tensor_file.h"

namespace maskmill::learn {

/// Weights of another training that fit a network.
struct Adopted {
  StateDict tensors;                 ///< under the network's names
  std::vector<std::string> drawn;    ///< of the network, without a counterpart
  std::vector<std::string> resized;  ///< of the network, of another shape there: a head of other classes
  std::vector<std::string> unused;   ///< of the file, under its names
};

/// From a weights file (.pth, .safetensors), or a run directory's model.pth. Throws as read_tensors.
StateDict read_weights(const Path& path);

/// From what model.weights names: such a path, the URL of a file, or the name of published weights
/// (fetch/catalogue.h), downloaded where the cache does not have them. Throws as read_weights,
/// fetch::cached and fetch::find_weights, and Error(not_found) listing the published names.
StateDict find_and_read_weights(const std::string& where);

/// The same for messages: of a URL, without a token that its query may hold.
std::string printable_weights(const std::string& where);

/// By name and shape. Names may stand below others there ("module.", "state_dict.model."), or be those of the
/// backbone alone: whichever fits most. Throws Error(bad_value) where nothing fits.
Adopted adopt(StateDict found, const std::vector<TensorSpec>& network);

/// A sentence for the user: how much was taken, and what was drawn anew.
std::string describe(const Adopted& adopted, const std::string& from);

}  // namespace maskmill::learn
