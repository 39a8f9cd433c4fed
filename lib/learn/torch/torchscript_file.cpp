// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/torchscript_file.h"

#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/frontend/sugared_value.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "learn/torch/detection/detector.h"
#include "learn/torch/operators/operators.h"
#include "learn/torchscript.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;
using torch::jit::Module;

constexpr double kTolerance = 1e-6;

/// What names mean in a script: torch's functions, and torchvision's operators.
struct Names final : torch::jit::Resolver {
  std::shared_ptr<torch::jit::SugaredValue> resolveValue(const std::string& name, torch::jit::GraphFunction&,
                                                         const torch::jit::SourceRange&) override {
    if (name == "torch") return std::make_shared<torch::jit::BuiltinModule>("aten", 1);
    if (name == "torchvision") return std::make_shared<torch::jit::BuiltinModule>("torchvision");
    return nullptr;
  }
};

/// A tree of modules, which have to be made from the leaves up: a submodule's type is part of its parent's.
struct Branch {
  std::map<std::string, Branch> children;
  std::vector<std::string> order;
  std::vector<std::pair<std::string, torch::Tensor>> parameters, buffers;

  Branch& at(const std::vector<std::string>& path) {
    Branch* branch = this;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      if (!branch->children.contains(path[i])) branch->order.push_back(path[i]);
      branch = &branch->children[path[i]];
    }
    return *branch;
  }

  void into(Module& module, const std::shared_ptr<torch::jit::CompilationUnit>& unit,
            const std::string& name) const {
    for (const auto& [tensor, value] : parameters)
      module.register_parameter(tensor, value, /*is_buffer=*/false);
    for (const auto& [tensor, value] : buffers) module.register_buffer(tensor, value);
    for (const std::string& child : order) {
      Module made(c10::QualifiedName("__torch__.maskmill." + name + "_" + child), unit,
                  /*shouldMangle=*/true);
      children.at(child).into(made, unit, name + "_" + child);
      module.register_module(child, made);
    }
  }
};

/// (3, height, width) of 0..1, the same each time.
Tensor noise(std::int64_t height, std::int64_t width) {
  const Tensor wave = torch::sin(torch::arange(3 * height * width, torch::kFloat64) * 12.9898) * 43758.5453;
  return (wave - wave.floor()).view({3, height, width});
}

void require_close(const Tensor& found, const Tensor& expected, double tolerance, const char* what) {
  if (found.sizes() == expected.sizes() &&
      (found.numel() == 0 || (found - expected).abs().max().item<double>() <= tolerance))
    return;
  throw Error(Code::bug, std::string("the scripted model's ") + what + " are not the model's");
}

/// With every detection let through, or most would be silent on noise.
ModelCard letting_all_through(ModelCard card) {
  card.model.detector.box_score_thresh = 0;
  return card;
}

void require_same_detections(Module& module, Network& network, const ModelCard& card) {
  const std::vector<Tensor> pictures{noise(97, 131), noise(120, 64)};
  Detector detector(network, card.model.detector, detector_of(card.model)->masks);
  const PictureBatch batch = batch_of(pictures, card.input);
  const std::vector<Detections> expected = detector.detect(batch, Precision::float32);
  const auto result = module.forward({c10::List<Tensor>(pictures)}).toTuple();
  const auto found = result->elements()[1].toList();
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto one = found.get(i).toGenericDict();
    const Tensor ratio =
        torch::tensor(
            {static_cast<double>(pictures[i].size(2)) / static_cast<double>(batch.pictures[i].width),
             static_cast<double>(pictures[i].size(1)) / static_cast<double>(batch.pictures[i].height)},
            torch::kFloat64)
            .repeat({2});
    require_close(one.at("scores").toTensor(), expected[i].scores, kTolerance, "scores");
    require_close(one.at("labels").toTensor(), expected[i].labels, 0, "labels");
    require_close(one.at("boxes").toTensor(), expected[i].boxes * ratio,
                  kTolerance * static_cast<double>(std::max(pictures[i].size(1), pictures[i].size(2))),
                  "boxes");
  }
}

}  // namespace

Module scripted(const Network& network, const ModelCard& card) {
  keep_operators();
  Branch root;
  const auto add = [&](const std::string& name, const Tensor& tensor, bool is_buffer) {
    const std::vector<std::string> path = split_text(name, '.');
    Branch& branch = root.at(path);
    (is_buffer ? branch.buffers : branch.parameters)
        .emplace_back(path.back(), tensor.detach().cpu().contiguous());
  };
  const auto parameters = network->named_parameters();
  const auto buffers = network->named_buffers();
  for (const TensorSpec& spec : state_of(network->graph())) {
    const auto* parameter = parameters.find(spec.name);
    add(spec.name, parameter ? *parameter : buffers[spec.name], !parameter);
  }
  const auto unit = std::make_shared<torch::jit::CompilationUnit>();
  Module module(c10::QualifiedName("__torch__.maskmill.Model"), unit);
  root.into(module, unit, "Model");
  std::string source;
  for (const std::string& method : script_of(card)) source += method;
  module.define(source, std::make_shared<Names>());
  module.eval();
  return module;
}

void require_same(Module& module, Network& network, const ModelCard& card) {
  const torch::NoGradGuard no_grad;
  // A detector sorts and suppresses: two sums that float32 rounds otherwise may exchange its boxes.
  network->to(torch::kFloat64);
  network->eval();
  module.to(torch::kFloat64);
  if (detector_of(card.model)) {
    const ModelCard all = letting_all_through(card);
    Module open = scripted(network, all);
    require_same_detections(open, network, all);
    require_same_detections(module, network, card);
    return;
  }
  const Tensor picture = noise(card.input.height, card.input.width).unsqueeze(0);
  const auto of_channels = [](const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).view({3, 1, 1});
  };
  const Tensor expected =
      network->forward((picture - of_channels(card.input.mean)) / of_channels(card.input.std)).at("out");
  require_close(module.forward({picture}).toTensor(), expected,
                kTolerance * std::max(1.0, expected.abs().max().item<double>()), "scores");
}

}  // namespace maskmill::learn
