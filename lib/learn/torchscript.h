// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "learn/graph.h"
#include "learn/model_card.h"

namespace maskmill::learn {

/// TorchScript source of networks, for torch::jit::Module::define. Parameters and buffers are attributes of
/// nested submodules, as the names of state_of(graph) say.

/// A method that computes some of a graph's outputs, without dropout and with the normalisation's running
/// numbers: NAME(self, x: Tensor) to the one output, or to a tuple of all in the order given. `input` is the
/// graph's input that x is. Throws Error(bug) for an output that is not there or needs another input.
std::string script_of(const Graph& graph, const std::string& name, int input,
                      const std::vector<std::string>& outputs);

/// The methods of a whole model, with a `forward` for evaluation alone.
///
/// A detector's has torchvision's signature: forward(self, images: List[Tensor], targets:
/// Optional[List[Dict[str, Tensor]]]=None) -> Tuple[Dict[str, Tensor], List[Dict[str, Tensor]]]. Images are
/// (3, height, width) of 0..1; the first of the result is empty, the second has boxes, labels, scores and
/// masks (N, 1, height, width) at each image's own size, as torchvision's. It calls torchvision.nms and
/// torchvision.roi_align.
///
/// Of a network that labels pixels: forward(self, images: Tensor) -> Tensor, from (batch, 3, height, width)
/// of 0..1, of the card's width and height, to (batch, classes, height, width) scores before softmax or
/// sigmoid.
std::vector<std::string> script_of(const ModelCard& card);

}  // namespace maskmill::learn
