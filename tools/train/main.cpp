// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "data_options.h"
#include "learn/sweep.h"
#include "learn/train.h"
#include "render/training_report.h"
#include "training_options.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  std::optional<std::string> output;
  bool force = false;
  bool resume = false;
  bool sweep = false;
  std::vector<std::string> config;
  static void visit(auto& self, auto&& setting) {
    setting("output", self.output, "the run directory", short_flag('o'), unset("runs/DATE/TIME"));
    setting("force", self.force, "replace a run directory");
    setting(
        "resume", self.resume,
        "go on with the run in --output where it ended, was interrupted or killed; of the settings, epochs, device, "
        "threads, stop, loader and checkpoint may be given anew");
    setting(
        "sweep", self.sweep,
        "key=a,b,c trains once for each value, and for each combination of several; the runs are 1, 2, ... below "
        "--output; one that fails is told, the others are trained, and the exit code is 1");
    setting(
        "config", self.config,
        "JSON files of settings, each a part if you like, as model.json,data.json: a later one overrides an earlier, "
        "key=value on the command line overrides all",
        unset("defaults"));
    InputOptions::visit(self.input, setting);
    CommonOptions::visit(self.common, setting);
  }
};

Verb verb() {
  learn::TrainSettings defaults;
  return {
      MASKMILL_VERB,
      MASKMILL_SUMMARY,
      "Trains on the data set's subset train and keeps the weights that score best on val (mean Dice over\n"
      "the classes, or what monitor names). Any format that maskmill reads will do. The run directory holds the\n"
      "weights (model.pth, which Python's torch.load reads), the settings, the metrics of each epoch, and what\n"
      "predict, test and --resume need.\n\n"
      "Settings:\n" +
          help_table(settings_of(defaults)),
      {{"DATA", kSourceHelp}, {"SETTING", "key=value, as optimizer.learning-rate=0.01", Operand::Count::any}},
      {{"maskmill train work/split -o work/run epochs=40 input.width=224 input.height=224", "train a U-Net"},
       {"maskmill train work/split --config settings.json", "settings from a file, into runs/DATE/TIME"},
       {"maskmill train work/split -o work/run --resume", "go on after ctrl-C, or a power cut"},
       {"maskmill train work/split -o work/sweep --sweep optimizer.learning-rate=0.001,0.01 seed=0,1",
        "four runs, and which is best"}},
      training_keys()};
}

learn::TrainSettings resumed_settings(const CommandLine& line, const learn::RunFolder& run) {
  learn::TrainSettings settings = run.settings();
  const std::vector<Setting> declared = settings_of(settings);
  for (const std::string& text : line.operands("SETTING")) {
    assign(declared, text);
    const std::string key = text.substr(0, text.find('='));
    if (!learn::may_change_on_resume(key))
      throw Error(Code::usage, "belongs to what was trained already")
          .at_field(key)
          .hint("a new run can begin with these weights: init=" + run.path().string());
  }
  validate(settings);
  return settings;
}

void require_alone(const Options& options) {
  if (options.sweep)
    throw Error(Code::usage, "--resume goes on with one run of a sweep, such as -o SWEEP/1, without --sweep");
  if (!options.output) throw Error(Code::usage, "--resume needs the run: -o RUN");
  if (!options.config.empty() || options.force)
    throw Error(Code::usage,
                "--resume goes on with the run's own settings, so neither --config nor --force goes with it");
}

std::string epoch_line(const learn::EpochReport& epoch) {
  std::string scores;
  for (const auto& [name, value] : epoch.val_scores)
    scores += fmt::format("{} {:.4f}  ", score_in_words(name), value);
  return fmt::format("epoch {:>3}/{}  loss {:.4f}  val loss {:.4f}  {}{:.1f} images/s  {:.0f} s{}",
                     epoch.epoch, epoch.epochs, epoch.train_loss, epoch.val_loss, scores,
                     epoch.images_per_second, epoch.seconds, epoch.best ? "  best" : "");
}

// One training, and what is said of it.
struct Trained {
  learn::TrainSettings settings;
  Path run;
  learn::TrainResult result;
};

Trained train_in(const learn::RunFolder& folder, const learn::TrainSettings& settings,
                 const CommandLine& line, const formats::Opened& opened, Findings& findings, bool resume) {
  return {settings, folder.path(),
          train(
              settings, *opened.source, folder, provenance(line, line.operand("DATA"), *opened.format),
              findings, [](const learn::EpochReport& epoch) { notice(epoch_line(epoch)); }, resume)};
}

std::string text_of(const Trained& trained) {
  const learn::TrainResult& result = trained.result;
  return fmt::format(
      "{}, the best {}: {} {:.4f} on {}\n{:.1f} images/s on {} in {}, {:.1f} % of the time waiting for "
      "samples, {:.0f} s in all\n{}\n",
      counted(static_cast<std::size_t>(result.epochs), "epoch"), result.best_epoch,
      name_of(monitor_of(trained.settings)), result.best_score, trained.settings.val_subset,
      result.images_per_second, result.device, name_of(result.precision), 100 * result.waiting_share,
      result.seconds, trained.run.string());
}

Json json_of(const Trained& trained) {
  const learn::TrainResult& result = trained.result;
  return {{"run", trained.run.string()},
          {"epochs", result.epochs},
          {"best_epoch", result.best_epoch},
          {"monitor", name_of(monitor_of(trained.settings))},
          {"best_score", result.best_score},
          {"images_per_second", result.images_per_second},
          {"waiting_share", result.waiting_share},
          {"seconds", result.seconds},
          {"device", result.device},
          {"precision", name_of(result.precision)},
          {"left_out", result.left_out}};
}

int run_one(const CommandLine& line, const Options& options) {
  std::optional<learn::RunFolder> folder;
  if (options.resume) {
    require_alone(options);
    folder = learn::RunFolder::resume(*options.output);
  }
  const learn::TrainSettings settings = folder
                                            ? resumed_settings(line, *folder)
                                            : learn::settings_from(options.config, line.operands("SETTING"));
  const formats::Opened opened = open_source(line.operand("DATA"), options.input);
  if (!folder) folder = learn::RunFolder::create(options.output.value_or(""), overwrite(options.force));
  Findings findings;
  const Trained trained = train_in(*folder, settings, line, opened, findings, options.resume);
  line.print(text_of(trained), json_of(trained));
  summarise(findings);
  return 0;
}

int run_sweep(const CommandLine& line, const Options& options) {
  const std::vector<std::vector<std::string>> trainings = learn::sweep_of(line.operands("SETTING"));
  std::vector<learn::TrainSettings> all;
  for (const std::vector<std::string>& texts : trainings)
    all.push_back(learn::settings_from(options.config, texts));  // before hours are spent
  const formats::Opened opened = open_source(line.operand("DATA"), options.input);
  const Path folder = options.output ? Path(*options.output) : learn::RunFolder::make_dated_folder();
  for (std::size_t i = 1; i <= trainings.size(); ++i)
    if (const Path run = folder / std::to_string(i); fs::exists(run))
      learn::RunFolder::create(run,
                               overwrite(options.force));  // what it refuses is said before hours are spent
  Findings findings;
  std::optional<Trained> best;
  std::optional<Error> first_failure;
  Json rows = Json::array();
  std::string table;
  for (std::size_t i = 0; i < trainings.size(); ++i) {
    const std::string number = std::to_string(i + 1), what = joined(trainings[i], " ");
    notice(fmt::format("run {} of {}: {}", number, trainings.size(), what));
    const learn::RunFolder run = learn::RunFolder::create(folder / number, overwrite(options.force));
    Json row{{"run", run.path().string()}, {"settings", trainings[i]}};
    try {
      const Trained trained = train_in(run, all[i], line, opened, findings, false);
      table += fmt::format("{:>4}  {:.4f}  {}\n", number, trained.result.best_score, what);
      row["best_score"] = trained.result.best_score;
      const bool better = !best || (more_is_better(monitor_of(trained.settings))
                                        ? trained.result.best_score > best->result.best_score
                                        : trained.result.best_score < best->result.best_score);
      if (better) best = trained;
    } catch (const Error& error) {
      // Of these the other runs would not fare better.
      if (error.code() != Code::bad_value) throw;
      notice(error.what());
      table += fmt::format("{:>4}  failed  {}\n", number, what);
      row["failed"] = error.message();
      if (!first_failure) first_failure = error;
    }
    rows.push_back(std::move(row));
  }
  if (!best) throw *first_failure;
  Json document = json_of(*best);
  document["sweep"] = rows;
  line.print(
      fmt::format(" run  {}\n{}\nthe best:\n{}", name_of(monitor_of(best->settings)), table, text_of(*best)),
      document);
  summarise(findings);
  return first_failure ? 1 : 0;
}

int run(const CommandLine& line, const Options& options) {
  return options.sweep && !options.resume ? run_sweep(line, options) : run_one(line, options);
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, verb(), run);
}
