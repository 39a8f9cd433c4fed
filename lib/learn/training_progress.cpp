// SPDX-License-Identifier: Apache-2.0
#include "learn/training_progress.h"

#include <algorithm>
#include <type_traits>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::learn {
namespace {

void visit(auto& self, auto&& number) {
  number("epoch", self.epoch);
  number("steps_in_epoch", self.steps_in_epoch);
  number("steps", self.steps);
  number("loss_sum", self.loss_sum);
  number("samples", self.samples);
  number("best_epoch", self.best_epoch);
  number("best_score", self.best_score);
  number("stop_score", self.stop_score);
  number("epochs_without_improvement", self.epochs_without_improvement);
  number("plateau_any", self.schedule.any);
  number("plateau_best", self.schedule.best);
  number("plateau_bad_epochs", self.schedule.bad_epochs);
  number("plateau_cooldown", self.schedule.cooldown);
  number("plateau_learning_rate", self.schedule.learning_rate);
}

/// Of the sum of a loss's part, counted from 0.
std::string part_name(std::size_t part) {
  return "part_sum_" + std::to_string(part);
}

}  // namespace

void TrainingProgress::begin_next_epoch() {
  ++epoch;
  steps_in_epoch = samples = 0;
  loss_sum = 0;
  part_sums.clear();
}

bool TrainingProgress::score_epoch(double score, const TrainSettings& settings) {
  const auto better_than = [&](double former, double by) {
    return more_is_better(monitor_of(settings)) ? score > former + by : score < former - by;
  };
  const bool first = best_epoch == 0;
  if (first || better_than(stop_score, settings.stop.min_delta)) {
    stop_score = score;
    epochs_without_improvement = 0;
  } else {
    ++epochs_without_improvement;
  }
  if (!first && !better_than(best_score, 0)) return false;
  best_epoch = epoch;
  best_score = score;
  return true;
}

bool TrainingProgress::should_stop(const StopSettings& settings) const {
  return settings.patience > 0 && epochs_without_improvement >= settings.patience;
}

NamedNumbers to_numbers(const TrainingProgress& progress) {
  NamedNumbers numbers;
  visit(progress,
        [&](const char* name, auto value) { numbers.emplace_back(name, static_cast<double>(value)); });
  for (std::size_t part = 0; part < progress.part_sums.size(); ++part)
    numbers.emplace_back(part_name(part), progress.part_sums[part]);
  return numbers;
}

TrainingProgress progress_from(const NamedNumbers& numbers) {
  TrainingProgress progress;
  std::size_t known = 0;
  visit(progress, [&](const char* name, auto& value) {
    const auto found = std::ranges::find(numbers, name, &NamedNumbers::value_type::first);
    if (found == numbers.end())
      throw Error(Code::bad_format, "its number " + in_quotes(name) + " is missing");
    value = static_cast<std::remove_reference_t<decltype(value)>>(found->second);
    ++known;
  });
  for (auto found = numbers.begin(); found != numbers.end();) {
    found =
        std::ranges::find(numbers, part_name(progress.part_sums.size()), &NamedNumbers::value_type::first);
    if (found == numbers.end()) break;
    progress.part_sums.push_back(found->second);
    ++known;
  }
  if (known != numbers.size())
    throw Error(Code::bad_format, "it holds numbers that this version does not know");
  return progress;
}

}  // namespace maskmill::learn
