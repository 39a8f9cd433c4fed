// SPDX-License-Identifier: Apache-2.0
#include "learn/schedule.h"

#include <algorithm>
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

bool is_adam(OptimizerKind kind) {
  return kind == OptimizerKind::adam || kind == OptimizerKind::adamw;
}

}  // namespace

Schedule::Schedule(const ScheduleSettings& schedule, const OptimizerSettings& optimizer,
                   std::int64_t steps_per_epoch, int epochs)
    : settings_(schedule),
      pace_{optimizer.learning_rate, is_adam(optimizer.name) ? optimizer.beta1 : optimizer.momentum},
      steps_per_epoch_(steps_per_epoch),
      steps_(steps_per_epoch * epochs),
      warmup_steps_(std::llround(schedule.warmup * static_cast<double>(steps_per_epoch))),
      seen_{.learning_rate = optimizer.learning_rate} {
  if (steps_per_epoch < 1 || epochs < 1) throw Error(Code::bug, "a schedule of no steps");
}

Pace Schedule::at(std::int64_t step) const {
  const std::int64_t after_warmup = std::max<std::int64_t>(0, step - warmup_steps_);
  Pace pace = pace_;
  if (settings_.name == ScheduleKind::one_cycle)
    pace = one_cycle(static_cast<double>(after_warmup), static_cast<double>(steps_ - warmup_steps_));
  else
    pace.learning_rate = rate(step / steps_per_epoch_, after_warmup);
  if (step < warmup_steps_) {
    const double risen = static_cast<double>(step) / static_cast<double>(warmup_steps_);
    pace.learning_rate *= settings_.warmup_factor + (1 - settings_.warmup_factor) * risen;
  }
  return pace;
}

double Schedule::rate(std::int64_t epoch, std::int64_t step) const {
  const double base = pace_.learning_rate, lowest = settings_.min_learning_rate;
  const double share =
      static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, steps_ - warmup_steps_));
  const auto lowered = [&](auto times) {
    return base * std::pow(gamma_of(settings_), static_cast<double>(times));
  };
  switch (settings_.name) {
    case ScheduleKind::plateau:
      return seen_.learning_rate;
    case ScheduleKind::cosine:
      return cosine(base, lowest, share);
    case ScheduleKind::poly:
      return base * std::pow(1 - share, settings_.power);
    case ScheduleKind::step:
      return lowered(epoch / settings_.step_size);
    case ScheduleKind::multistep:
      return lowered(std::ranges::count_if(settings_.milestones, [&](int at) { return at <= epoch; }));
    case ScheduleKind::exponential:
      return lowered(epoch);
    case ScheduleKind::constant:
    case ScheduleKind::one_cycle:
      return base;
  }
  throw Error(Code::bug, "a schedule without a case");
}

Pace Schedule::one_cycle(double step, double steps) const {
  const Pace start{pace_.learning_rate / 25, 0.95};
  const Pace peak{pace_.learning_rate, 0.85};
  const Pace end{start.learning_rate / 1e4, 0.95};
  // OneCycleLR's phases end between steps: the peak lies at pct_start * steps - 1, which may be below 0.
  const double peak_step = settings_.pct_start * steps - 1;
  const double last_step = steps - 1;
  if (step <= peak_step && peak_step > 0) return between(start, peak, step / peak_step);
  if (last_step <= peak_step) return peak;
  return between(peak, end, (step - peak_step) / (last_step - peak_step));
}

void Schedule::epoch_ended(double value, bool more_is_better) {
  if (settings_.name != ScheduleKind::plateau) return;
  const double needed = seen_.best * (more_is_better ? 1 + settings_.threshold : 1 - settings_.threshold);
  if (!seen_.any || (more_is_better ? value > needed : value < needed)) {
    seen_.any = true;
    seen_.best = value;
    seen_.bad_epochs = 0;
  } else {
    ++seen_.bad_epochs;
  }
  if (seen_.cooldown > 0) {
    --seen_.cooldown;
    seen_.bad_epochs = 0;
  }
  if (seen_.bad_epochs <= settings_.patience) return;
  constexpr double kLeastChange = 1e-8;  // ReduceLROnPlateau's eps
  const double lowered = std::max(seen_.learning_rate * gamma_of(settings_), settings_.min_learning_rate);
  if (seen_.learning_rate - lowered > kLeastChange) seen_.learning_rate = lowered;
  seen_.cooldown = settings_.cooldown;
  seen_.bad_epochs = 0;
}

}  // namespace maskmill::learn
