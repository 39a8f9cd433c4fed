// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/optimizer.h"

#include <string>
#include <vector>

#include "goldens.h"
#include "support/scratch.h"
#include "torch_support.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

namespace {

struct Named {
  OptimizerSettings settings;
  const std::vector<double>& expected;
};

std::vector<Named> all() {
  return {{{.name = OptimizerKind::adam, .weight_decay = 0.1, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6},
           goldens::moved_by_adam},
          {{.name = OptimizerKind::adamw}, goldens::moved_by_adamw},
          {{.name = OptimizerKind::sgd, .weight_decay = 0.1}, goldens::moved_by_sgd},
          {{.name = OptimizerKind::sgd, .momentum = 0.9}, goldens::moved_by_sgd_momentum},
          {{.name = OptimizerKind::sgd, .weight_decay = 0.1, .momentum = 0.8, .nesterov = true},
           goldens::moved_by_sgd_nesterov},
          {{.name = OptimizerKind::rmsprop}, goldens::moved_by_rmsprop},
          {{.name = OptimizerKind::rmsprop, .weight_decay = 0.1, .momentum = 0.8, .alpha = 0.9, .eps = 1e-6},
           goldens::moved_by_rmsprop_momentum}};
}

Pace pace_of(const OptimizerSettings& settings) {
  const bool adam = settings.name == OptimizerKind::adam || settings.name == OptimizerKind::adamw;
  return {.learning_rate = 0.01, .momentum = adam ? settings.beta1 : settings.momentum};
}

/// goldens.py's moved().
struct Weights {
  NamedTensors named;
  Weights() {
    for (int i = 0; i < 3; ++i)
      named.emplace_back("w" + std::to_string(i),
                         noise(17 + i, 24).view({2, 3, 2, 2}).to(torch::kFloat32).requires_grad_());
  }
  void step(Optimizer& optimizer, const Pace& pace, int number) {
    for (int i = 0; i < 3; ++i) {
      Tensor gradient;
      if (i != 1 || number != 3) gradient = noise(31 * number + i, 24).view({2, 3, 2, 2}).to(torch::kFloat32);
      named[static_cast<std::size_t>(i)].second.mutable_grad() = gradient;
    }
    optimizer.step(pace);
  }
  std::vector<double> some() const {
    std::vector<double> values;
    for (const auto& [name, weight] : named) {
      const Tensor flat = weight.detach().flatten();
      for (std::int64_t i = 0; i < flat.numel(); i += 5) values.push_back(flat[i].item<double>());
    }
    return values;
  }
};

}  // namespace

TEST_CASE("optimizers move weights where torch.optim's do") {
  for (const auto& [settings, expected] : all()) {
    INFO(name_of(settings.name));
    Weights weights;
    const auto optimizer = make_optimizer(weights.named, settings);
    for (int step = 0; step < 6; ++step) weights.step(*optimizer, pace_of(settings), step);
    check_close(weights.some(), expected, 2e-6);
  }
}

TEST_CASE("an optimizer goes on from its state bit for bit") {
  for (const auto& [settings, expected] : all()) {
    INFO(name_of(settings.name));
    Weights whole, first, second;
    const auto of_whole = make_optimizer(whole.named, settings),
               of_first = make_optimizer(first.named, settings);
    for (int step = 0; step < 6; ++step) whole.step(*of_whole, pace_of(settings), step);
    for (int step = 0; step < 3; ++step) first.step(*of_first, pace_of(settings), step);
    const auto of_second = make_optimizer(second.named, settings);
    of_second->load(of_first->state());
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < 3; ++i) second.named[i].second.copy_(first.named[i].second);
    for (int step = 3; step < 6; ++step) second.step(*of_second, pace_of(settings), step);
    CHECK(second.some() == whole.some());
  }
}

TEST_CASE("weights laid out otherwise than their gradients move alike") {
  for (const auto& [settings, expected] : all()) {
    INFO(name_of(settings.name));
    Weights weights;
    for (auto& [name, weight] : weights.named) {
      const torch::NoGradGuard no_grad;
      weight.set_data(weight.contiguous(torch::MemoryFormat::ChannelsLast));
    }
    const auto optimizer = make_optimizer(weights.named, settings);
    for (int step = 0; step < 6; ++step) weights.step(*optimizer, pace_of(settings), step);
    check_close(weights.some(), expected, 2e-6);
  }
}

TEST_CASE("a state of other weights is refused by name") {
  Weights weights;
  const auto optimizer = make_optimizer(weights.named, {});
  CHECK_THAT(thrown_by([&] {
               optimizer->load({{"exp_avg.w9", torch::zeros({2, 3, 2, 2})}});
             }).message(),
             contains("exp_avg.w9"));
  CHECK_THAT(thrown_by([&] {
               optimizer->load({{"exp_avg.w1", torch::zeros({2})}});
             }).message(),
             contains("exp_avg.w1"));
}

TEST_CASE("gradients are clipped by value, then by their common length") {
  Weights weights;
  for (auto& [name, weight] : weights.named) weight.mutable_grad() = torch::full({2, 3, 2, 2}, -3.F);
  clip_gradients(weights.named, {.clip_value = 2.0});
  for (const auto& [name, weight] : weights.named) CHECK(weight.grad().eq(-2).all().item<bool>());
  clip_gradients(weights.named, {.clip_norm = 1.0});
  double squares = 0;
  for (const auto& [name, weight] : weights.named) squares += weight.grad().square().sum().item<double>();
  CHECK_THAT(squares, WithinRel(1.0, 1e-5));
  const Tensor before = weights.named[0].second.grad().clone();
  clip_gradients(weights.named, {.clip_norm = 10.0});
  CHECK(torch::equal(before, weights.named[0].second.grad()));
}
