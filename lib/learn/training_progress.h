// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "learn/schedule.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// How far a training has come: with weights and what the optimizer remembers, all that going on takes. The
/// order of samples, augmentation and dropout are drawn from the seed and these numbers.
struct TrainingProgress {
  int epoch = 1;                    ///< in progress
  std::int64_t steps_in_epoch = 0;  ///< done
  std::int64_t steps = 0;           ///< done in all
  double loss_sum = 0;              ///< over the epoch's samples so far
  std::vector<double> part_sums;    ///< likewise, of the parts that the loss is the sum of
  std::int64_t samples = 0;         ///< of this epoch so far

  int best_epoch = 0;  ///< 0 before any epoch was scored
  double best_score = 0;
  double stop_score = 0;               ///< the last that was better by stop.min-delta
  int epochs_without_improvement = 0;  ///< since then
  Schedule::Seen schedule;

  void begin_next_epoch();
  /// True where the score is the best so far.
  bool score_epoch(double score, const TrainSettings& settings);
  bool should_stop(const StopSettings& settings) const;

  friend bool operator==(const TrainingProgress&, const TrainingProgress&) = default;
};

/// By name, for a file of tensors.
using NamedNumbers = std::vector<std::pair<std::string, double>>;
NamedNumbers to_numbers(const TrainingProgress& progress);
/// Throws Error(bad_format) naming a number that is missing or unknown.
TrainingProgress progress_from(const NamedNumbers& numbers);

}  // namespace maskmill::learn
