// SPDX-License-Identifier: Apache-2.0
#include "catch.h"
#include "learn/training_progress.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

namespace {

// The epochs that were the best so far, and the one after which training stops (0: never).
struct Course {
  std::vector<int> best;
  int stopped = 0;
};

Course course(const TrainSettings& settings, const std::vector<double>& scores) {
  TrainingProgress progress;
  Course course;
  for (const double score : scores) {
    if (progress.score_epoch(score, settings)) course.best.push_back(progress.epoch);
    if (course.stopped == 0 && progress.should_stop(settings.stop)) course.stopped = progress.epoch;
    progress.begin_next_epoch();
  }
  return course;
}

}  // namespace

TEST_CASE("the best epoch is the first of the highest scores, or of the lowest losses") {
  CHECK((course({}, {0.1, 0.3, 0.2, 0.3, 0.4}).best == std::vector<int>{1, 2, 5}));
  CHECK((course({.monitor = Monitor::loss}, {0.5, 0.3, 0.3, 0.4, 0.1}).best == std::vector<int>{1, 2, 5}));
}

TEST_CASE("training stops after epochs without an improvement of the size that was asked for") {
  const std::vector<double> scores{0.1, 0.3, 0.305, 0.309, 0.311, 0.2, 0.2};
  CHECK(course({}, scores).stopped == 0);
  CHECK(course({.stop = {.patience = 2}}, scores).stopped == 7);
  CHECK(course({.stop = {.patience = 2, .min_delta = 0.01}}, scores).stopped == 4);
  CHECK(course({.stop = {.patience = 3, .min_delta = 0.01}}, scores).stopped == 0);
}

TEST_CASE("progress goes out and back in unchanged") {
  TrainingProgress progress;
  progress.epoch = 7;
  progress.steps = 1'234'567'890'123;
  progress.loss_sum = 0.1 + 0.2;
  progress.samples = 99;
  progress.best_epoch = 5;
  progress.best_score = -1e-300;
  progress.epochs_without_improvement = 2;
  progress.schedule = {.any = true, .best = 0.7, .bad_epochs = 3, .cooldown = 1, .learning_rate = 1e-5};
  CHECK((progress_from(to_numbers(progress)) == progress));
}

TEST_CASE("numbers that are missing or unknown are named") {
  NamedNumbers numbers = to_numbers({});
  numbers.erase(numbers.begin());
  CHECK_THAT(thrown_by([&] { progress_from(numbers); }).message(), contains("\"epoch\""));
  numbers = to_numbers({});
  numbers.emplace_back("later", 1);
  CHECK(thrown_by([&] { progress_from(numbers); }).code() == Code::bad_format);
}
