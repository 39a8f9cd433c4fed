// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/checkpoint.h"

#include <string_view>

#include "base/error.h"
#include "learn/tensor_file.h"

namespace maskmill::learn {
namespace {

constexpr std::string_view kModel = "model.", kOptimizer = "optimizer.", kProgress = "progress.";

std::string with_prefix(std::string_view prefix, const std::string& name) {
  return std::string(prefix) + name;
}

}  // namespace

std::string encode_checkpoint(const Network& network, const Optimizer& optimizer,
                              const TrainingProgress& progress) {
  StateDict all;
  for (NamedTensor& tensor : state_dict(network)) {
    tensor.name = with_prefix(kModel, tensor.name);
    all.push_back(std::move(tensor));
  }
  for (const auto& [name, tensor] : optimizer.state())
    all.push_back(to_named_tensor(with_prefix(kOptimizer, name), tensor));
  for (const auto& [name, number] : to_numbers(progress))
    all.push_back(to_named_tensor(with_prefix(kProgress, name), torch::tensor(number, torch::kFloat64)));
  return encode_pth(all);
}

TrainingProgress load_checkpoint(const Path& path, Network& network, Optimizer& optimizer) {
  try {
    StateDict weights;
    NamedTensors remembered;
    NamedNumbers numbers;
    for (NamedTensor& tensor : read_pth(path)) {
      const auto take = [&](std::string_view prefix) {
        if (!tensor.name.starts_with(prefix)) return false;
        tensor.name.erase(0, prefix.size());
        return true;
      };
      if (take(kModel))
        weights.push_back(std::move(tensor));
      else if (take(kOptimizer))
        remembered.emplace_back(tensor.name, to_tensor(tensor));
      else if (take(kProgress) && tensor.shape.empty())
        numbers.emplace_back(tensor.name, to_tensor(tensor).item<double>());
      else
        throw Error(Code::bad_format, "is no checkpoint: it holds " + tensor.name);
    }
    const TrainingProgress progress = progress_from(numbers);
    load_state_dict(network, weights);
    optimizer.load(remembered);
    return progress;
  } catch (Error& error) {
    throw std::move(error.at_file(path));
  }
}

}  // namespace maskmill::learn
