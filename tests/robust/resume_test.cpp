// SPDX-License-Identifier: Apache-2.0
// Training that is killed or interrupted goes on with --resume, and ends bit for bit where an undisturbed one
// does.
#include <boost/filesystem.hpp>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "commands.h"
#include "learn/run.h"
#include "learn/settings.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Seconds = std::chrono::duration<double>;

std::vector<std::string> training_words(const Path& run, const std::vector<std::string>& settings) {
  std::vector<std::string> words{"train",
                                 training().inputs->one.string(),
                                 "-o",
                                 run.string(),
                                 "model.init-features=2",
                                 "input.width=16",
                                 "input.height=16",
                                 "epochs=5",
                                 "batch-size=2",
                                 "threads=1",
                                 "--jobs",
                                 "1",
                                 "--quiet"};
  words.insert(words.end(), settings.begin(), settings.end());
  return maskmill_words(words);
}

std::vector<std::string> resuming_words(const Path& run) {
  return maskmill_words(
      {"train", training().inputs->one.string(), "-o", run.string(), "--resume", "--jobs", "1", "--quiet"});
}

// Rows without what a clock says.
std::string scores_in(const Path& run) {
  std::string scores;
  for (const learn::MetricsRow& row : learn::RunFolder::open(run).metrics())
    for (const auto& [name, value] : row)
      if (name != "seconds" && name != "images_per_second" && name != "waiting_share")
        scores += name + "=" + std::to_string(value) + " ";
  return scores;
}

void is_same_training(const Path& run, const Path& undisturbed) {
  CHECK(scores_in(run) == scores_in(undisturbed));
  for (const char* name : {"model.pth", "last.pth", "checkpoint.pt", "config.json", "model.json"})
    CHECK((read_file(run / name) == read_file(undisturbed / name)));
}

// Kills and resumes until a call comes to its end.
int disturb(const Path& run, const std::vector<std::string>& settings, int signal, Seconds duration,
            Random& random) {
  int disturbed = 0;
  for (;;) {
    const bool begun = fs::exists(run / "checkpoint.pt");
    // Each call loads the data anew, so one that is always killed early would never come further.
    Running running(begun ? resuming_words(run) : training_words(run, settings));
    const bool let_go = disturbed >= 4;
    if (!let_go) {
      std::this_thread::sleep_for(duration * (0.3 + 0.7 * random.uniform()));
      running.signal(signal);
    }
    const Ran ran = running.wait();
    INFO(ran.err);
    if (ran.status == 0) return disturbed;
    ++disturbed;
    if (let_go || (signal == SIGINT && ran.status != 130)) {
      CHECK(ran.status == 0);
      return disturbed;
    }
  }
}

struct Way {
  std::string optimizer, schedule;
  std::vector<std::string> more;
};

// Every optimizer and every schedule at least once.
std::vector<Way> ways() {
  return {{"adam", "one-cycle", {"augment.rotation=10", "augment.horizontal-flip=0.5"}},
          {"adamw", "cosine", {"schedule.warmup=1", "gradients.accumulate=2"}},
          {"sgd", "poly", {"optimizer.momentum=0.9", "optimizer.nesterov=true"}},
          {"rmsprop", "plateau", {"schedule.patience=0", "gradients.clip-value=0.1"}},
          {"sgd", "step", {"schedule.step-size=2", "precision=bf16"}},
          {"rmsprop", "multistep", {"schedule.milestones=2,3", "optimizer.momentum=0.5"}},
          {"adam", "exponential", {"freeze-encoder=2", "loss.balance=median"}},
          {"adam", "constant", {"stop.patience=1", "checkpoint.every=2"}}};
}

}  // namespace

TEST_CASE("training that is killed at any step ends where an undisturbed one does") {
  static_assert(enum_names<learn::OptimizerKind>.size() == 4 && enum_names<learn::ScheduleKind>.size() == 8,
                "ways() has them all");
  int disturbed = 0;
  for (const Way& way : ways()) {
    INFO(way.optimizer << ", " << way.schedule);
    const Scratch scratch;
    std::vector<std::string> settings = way.more;
    settings.push_back("optimizer.name=" + way.optimizer);
    settings.push_back("schedule.name=" + way.schedule);
    const auto start = std::chrono::steady_clock::now();
    const Ran whole = run_program_at(training_words(scratch / "whole", settings));
    const Seconds duration = std::chrono::steady_clock::now() - start;
    INFO(whole.err);
    REQUIRE(whole.status == 0);
    Random random{stable_hash(way.schedule)};
    for (const int signal : {SIGKILL, SIGINT}) {
      const Path run = scratch / ("run" + std::to_string(signal));
      disturbed += disturb(run, settings, signal, duration, random);
      is_same_training(run, scratch / "whole");
    }
  }
  CHECK(disturbed >= static_cast<int>(ways().size()));
}

TEST_CASE("a training that has ended goes on when it is given more epochs") {
  const Scratch scratch;
  const Ran longer = run_program_at(training_words(scratch / "whole", {"epochs=5"}));
  REQUIRE(longer.status == 0);
  REQUIRE(run_program_at(training_words(scratch / "run", {"epochs=3"})).status == 0);
  std::vector<std::string> words = resuming_words(scratch / "run");
  words.emplace_back("epochs=5");
  REQUIRE(run_program_at(words).status == 0);
  is_same_training(scratch / "run", scratch / "whole");
}

TEST_CASE("what cannot be resumed says why") {
  const Scratch scratch;
  const Path run = scratch / "run";
  REQUIRE(run_program_at(training_words(run, {"epochs=1"})).status == 0);
  const auto refused = [&](std::vector<std::string> words, int status, const std::string& why) {
    const Ran ran = run_program_at(words);
    INFO(ran.err);
    CHECK(ran.status == status);
    CHECK_THAT(ran.err, contains(why));
  };
  std::vector<std::string> words = resuming_words(run);
  words.emplace_back("optimizer.learning-rate=1");
  refused(words, 2, "optimizer.learning-rate");
  refused(maskmill_words({"train", training().inputs->other.string(), "-o", run.string(), "--resume"}), 3,
          "the data are not those");
  fs::remove(run / "checkpoint.pt");
  refused(resuming_words(run), 3, "checkpoint.pt is missing");
  refused(resuming_words(scratch / "absent"), 3, "no such run");
  refused(maskmill_words({"train", training().inputs->one.string(), "--resume"}), 2, "-o RUN");
}
