// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "learn/settings.h"

namespace maskmill::learn {

/// How fast weights move at one step.
struct Pace {
  double learning_rate;
  double momentum;  ///< beta1 of Adam and AdamW
};

/// The pace over a whole training: the closed forms of torch.optim.lr_scheduler's classes, in steps where
/// those count calls. Before any of them the rate may rise from a share of itself (LinearLR).
class Schedule {
 public:
  /// cosine, poly and one-cycle end with the training; the others count whole epochs of it.
  Schedule(const ScheduleSettings& schedule, const OptimizerSettings& optimizer, std::int64_t steps_per_epoch,
           int epochs);

  /// Steps count from 0.
  Pace at(std::int64_t step) const;

  /// What plateau has seen; nothing for the others.
  struct Seen {
    bool any = false;
    double best = 0;
    int bad_epochs = 0;        ///< since the best, or since the rate was last lowered
    int cooldown = 0;          ///< epochs left in which nothing is counted
    double learning_rate = 0;  ///< what it has been lowered to
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  /// To be called after each epoch, with the monitored value. As ReduceLROnPlateau with a relative threshold.
  void epoch_ended(double value, bool more_is_better);
  const Seen& seen() const { return seen_; }
  void resume(const Seen& seen) { seen_ = seen; }

 private:
  Pace one_cycle(double step, double steps) const;
  /// `step` counts from the end of the warm-up.
  double rate(std::int64_t epoch, std::int64_t step) const;

  ScheduleSettings settings_;
  Pace pace_;
  std::int64_t steps_per_epoch_, steps_, warmup_steps_;  ///< in all, and of them the first few
  Seen seen_;
};

}  // namespace maskmill::learn
