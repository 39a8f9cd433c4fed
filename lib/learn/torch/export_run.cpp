// SPDX-License-Identifier: Apache-2.0
#include "learn/export_run.h"

#include <torch/script.h>

#include <sstream>

#include "learn/run.h"
#include "learn/torch/device.h"
#include "learn/torch/predictors.h"
#include "learn/torch/torchscript_file.h"

namespace maskmill::learn {

std::string encode_torchscript(const Path& run) {
  return guarded([&] {
    prepare_process(0);
    const RunFolder folder = RunFolder::open(run);
    const ModelCard card = folder.card();
    Network network = trained_network(folder, card, torch::kCPU);
    std::stringstream file;
    scripted(network, card).save(file);
    torch::jit::Module loaded = torch::jit::load(file);
    require_same(loaded, network, card);
    return std::move(file).str();
  });
}

}  // namespace maskmill::learn
