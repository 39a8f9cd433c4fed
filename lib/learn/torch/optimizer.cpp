// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/optimizer.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace maskmill::learn {
namespace {

/// From `start` at 0 to `end` at 1, along half a cosine.
double cosine(double start, double end, double share) {
  return end + (start - end) / 2 * (1 + std::cos(std::numbers::pi * share));
}

Pace between(const Pace& start, const Pace& end, double share) {
  return {cosine(start.learning_rate, end.learning_rate, share), cosine(start.momentum, end.momentum, share)};
}

}  // namespace

std::unique_ptr<torch::optim::Optimizer> make_optimizer(std::vector<torch::Tensor> parameters,
                                                        const OptimizerSettings& settings) {
  switch (settings.name) {
    case OptimizerKind::adam:
      return std::make_unique<torch::optim::Adam>(std::move(parameters),
                                                  torch::optim::AdamOptions(settings.learning_rate)
                                                      .betas({settings.beta1, settings.beta2})
                                                      .eps(settings.eps)
                                                      .weight_decay(settings.weight_decay));
  }
  throw Error(Code::bug, "an optimizer without a case");
}

Schedule::Schedule(const ScheduleSettings& schedule, const OptimizerSettings& optimizer, std::int64_t steps)
    : kind_(schedule.name),
      warmup_(schedule.warmup),
      pace_{optimizer.learning_rate, optimizer.beta1},
      steps_(steps) {}

Pace Schedule::at(std::int64_t step) const {
  if (kind_ == ScheduleKind::constant) return pace_;
  const Pace start{pace_.learning_rate / 25, 0.95};
  const Pace peak{pace_.learning_rate, 0.85};
  const Pace end{start.learning_rate / 1e4, 0.95};
  // OneCycleLR's phases end between steps: the peak lies at warmup * steps - 1, which may be below 0.
  const double now = static_cast<double>(step);
  const double peak_step = warmup_ * static_cast<double>(steps_) - 1;
  const double last_step = static_cast<double>(steps_ - 1);
  if (now <= peak_step && peak_step > 0) return between(start, peak, now / peak_step);
  if (last_step <= peak_step) return peak;
  return between(peak, end, (now - peak_step) / (last_step - peak_step));
}

void set_pace(torch::optim::Optimizer& optimizer, const Pace& pace) {
  for (torch::optim::OptimizerParamGroup& group : optimizer.param_groups()) {
    auto& options = static_cast<torch::optim::AdamOptions&>(group.options());
    options.lr(pace.learning_rate);
    options.betas({pace.momentum, std::get<1>(options.betas())});
  }
}

}  // namespace maskmill::learn
