// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "learn/settings.h"

namespace maskmill::learn {

/// With torch.optim's defaults for what has no setting.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(std::vector<torch::Tensor> parameters,
                                                        const OptimizerSettings& settings);

/// How fast weights move at one step.
struct Pace {
  double learning_rate;
  double momentum;  ///< Adam's beta1
};

/// The pace over a whole training. one-cycle is torch.optim.lr_scheduler.OneCycleLR with its defaults: a
/// cosine from 1/25 of the learning rate up to it and down to 1/10000 of the start, while the momentum goes
/// from .95 down to .85 and back (Smith and Topin, "Super-convergence", 2018).
class Schedule {
 public:
  Schedule(const ScheduleSettings& schedule, const OptimizerSettings& optimizer, std::int64_t steps);
  /// Steps count from 0.
  Pace at(std::int64_t step) const;

 private:
  ScheduleKind kind_;
  double warmup_;
  Pace pace_;
  std::int64_t steps_;
};

void set_pace(torch::optim::Optimizer& optimizer, const Pace& pace);

}  // namespace maskmill::learn
