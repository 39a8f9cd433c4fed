// SPDX-License-Identifier: Apache-2.0
#include "learn/schedule.h"

#include <optional>
#include <string>
#include <vector>

#include "../learn_torch/goldens.h"
#include "catch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::WithinRel;

namespace {

constexpr std::int64_t kStepsPerEpoch = 3;
constexpr int kEpochs = 8;

void agrees(const ScheduleSettings& settings, const std::vector<double>& expected,
            std::optional<bool> more_is_better = {}) {
  INFO(name_of(settings.name));
  Schedule schedule(settings, {.learning_rate = 0.1}, kStepsPerEpoch, kEpochs);
  REQUIRE(expected.size() == kStepsPerEpoch * kEpochs);
  for (std::int64_t step = 0; step < kStepsPerEpoch * kEpochs; ++step) {
    INFO(step);
    CHECK_THAT(schedule.at(step).learning_rate, WithinRel(expected[static_cast<std::size_t>(step)], 1e-6));
    if (more_is_better && step % kStepsPerEpoch == kStepsPerEpoch - 1)
      schedule.epoch_ended(goldens::plateau_scores[static_cast<std::size_t>(step / kStepsPerEpoch)],
                           *more_is_better);
  }
}

}  // namespace

TEST_CASE("rates are those of torch.optim.lr_scheduler at every step") {
  agrees({.name = ScheduleKind::cosine, .min_learning_rate = 0.01}, goldens::rates_of_cosine);
  agrees({.name = ScheduleKind::poly}, goldens::rates_of_poly);
  agrees({.name = ScheduleKind::step, .gamma = 0.5, .step_size = 3}, goldens::rates_of_step);
  agrees({.name = ScheduleKind::multistep, .gamma = 0.5, .milestones = {2, 5, 6}},
         goldens::rates_of_multistep);
  agrees({.name = ScheduleKind::exponential}, goldens::rates_of_exponential);
  agrees({.name = ScheduleKind::plateau, .gamma = 0.5, .patience = 1, .cooldown = 1, .threshold = 1e-3},
         goldens::rates_of_plateau, true);
  agrees({.name = ScheduleKind::plateau, .patience = 0, .min_learning_rate = 0.002},
         goldens::rates_of_plateau_of_loss, false);
}

TEST_CASE("a warm-up is LinearLR's, and the schedule begins after it") {
  constexpr double kEpochsOfFour = 4.0 / kStepsPerEpoch;
  agrees({.name = ScheduleKind::cosine, .warmup = kEpochsOfFour, .warmup_factor = 0.25},
         goldens::rates_of_warm_cosine);
  agrees({.name = ScheduleKind::poly, .warmup = kEpochsOfFour, .warmup_factor = 0.25, .power = 2},
         goldens::rates_of_warm_poly);
}

TEST_CASE("one-cycle's rate and momentum are OneCycleLR's at every step") {
  for (const OptimizerKind kind : {OptimizerKind::adam, OptimizerKind::sgd}) {
    const Schedule schedule({.name = ScheduleKind::one_cycle}, {.name = kind, .learning_rate = 0.01}, 5, 2);
    for (std::int64_t step = 0; step < 10; ++step) {
      const auto index = static_cast<std::size_t>(step) * 2;
      CHECK_THAT(schedule.at(step).learning_rate,
                 WithinRel(goldens::one_cycle_rate_and_momentum[index], 1e-7));
      CHECK_THAT(schedule.at(step).momentum,
                 WithinRel(goldens::one_cycle_rate_and_momentum[index + 1], 1e-7));
    }
  }
}

TEST_CASE("schedules of one step and of no rise are numbers") {
  for (const double pct_start : {0.0, 0.3, 1.0})
    for (const int steps : {1, 2, 3}) {
      const Schedule schedule({.name = ScheduleKind::one_cycle, .pct_start = pct_start}, {.learning_rate = 1},
                              1, steps);
      for (std::int64_t step = 0; step < steps; ++step) {
        const double rate = schedule.at(step).learning_rate;
        CHECK((rate > 0 && rate <= 1));
      }
    }
  const Schedule constant({.name = ScheduleKind::constant}, {.learning_rate = 0.5, .beta1 = 0.8}, 5, 1);
  CHECK(constant.at(4).learning_rate == 0.5);
  CHECK(constant.at(4).momentum == 0.8);
}

TEST_CASE("plateau goes on from what it has seen") {
  const ScheduleSettings settings{.name = ScheduleKind::plateau, .gamma = 0.5, .patience = 1};
  Schedule whole(settings, {}, 1, 10), first(settings, {}, 1, 10), second(settings, {}, 1, 10);
  const std::vector<double>& scores = goldens::plateau_scores;
  for (const double score : scores) whole.epoch_ended(score, true);
  for (std::size_t i = 0; i < 4; ++i) first.epoch_ended(scores[i], true);
  second.resume(first.seen());
  for (std::size_t i = 4; i < scores.size(); ++i) second.epoch_ended(scores[i], true);
  CHECK((second.seen() == whole.seen()));
  CHECK(second.at(9).learning_rate == whole.at(9).learning_rate);
  CHECK(whole.seen().learning_rate < 1e-3);
}
