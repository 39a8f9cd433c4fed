// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "data_options.h"
#include "learn/train.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  std::optional<std::string> output;
  bool force = false;
  bool resume = false;
  std::optional<std::string> config;
  static void visit(auto& self, auto&& setting) {
    setting("output", self.output, "the run directory", short_flag('o'), unset("runs/DATE/TIME"));
    setting("force", self.force, "replace a run directory");
    setting(
        "resume", self.resume,
        "go on with the run in --output where it ended, was interrupted or killed; of the settings, epochs, device, "
        "threads, stop, loader and checkpoint may be given anew");
    setting("config", self.config, "a JSON file of settings; key=value on the command line overrides it",
            unset("defaults"));
    InputOptions::visit(self.input, setting);
    CommonOptions::visit(self.common, setting);
  }
};

Verb verb() {
  learn::TrainSettings defaults;
  std::vector<std::string> keys;
  for (const Setting& setting : settings_of(defaults)) keys.push_back(setting.key);
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
       {"maskmill train work/split -o work/run --resume", "go on after ctrl-C, or a power cut"}},
      std::move(keys)};
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
  if (!options.output) throw Error(Code::usage, "--resume needs the run: -o RUN");
  if (options.config || options.force)
    throw Error(Code::usage,
                "--resume goes on with the run's own settings, so neither --config nor --force goes with it");
}

std::string epoch_line(const learn::EpochReport& epoch) {
  return fmt::format(
      "epoch {:>3}/{}  loss {:.4f}  val loss {:.4f}  Dice {:.4f}  IoU {:.4f}  {:.1f} images/s  {:.0f} s{}",
      epoch.epoch, epoch.epochs, epoch.train_loss, epoch.val_loss, epoch.val_mean_dice, epoch.val_mean_iou,
      epoch.images_per_second, epoch.seconds, epoch.best ? "  best" : "");
}

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("DATA");
  if (options.resume) require_alone(options);
  std::optional<learn::RunFolder> resumed;
  if (options.resume) resumed = learn::RunFolder::resume(*options.output);
  const learn::TrainSettings settings =
      resumed ? resumed_settings(line, *resumed)
              : learn::settings_from(options.config.value_or(""), line.operands("SETTING"));
  const formats::Opened opened = open_source(path, options.input);
  const learn::RunFolder folder =
      resumed ? *resumed : learn::RunFolder::create(options.output.value_or(""), overwrite(options.force));
  Findings findings;
  const learn::TrainResult result = [&] {
    try {
      return train(
          settings, *opened.source, folder, provenance(line, path, *opened.format), findings,
          [](const learn::EpochReport& epoch) { notice(epoch_line(epoch)); }, options.resume);
    } catch (const Error& error) {
      if (error.code() != Code::interrupted || !fs::exists(folder.file(learn::RunFolder::checkpoint))) throw;
      throw Error(Code::interrupted, "interrupted; the run holds the best weights so far")
          .at_file(folder.path())
          .hint("--resume goes on with it");
    }
  }();
  const std::string text = fmt::format(
      "{} epochs, the best {}: {} {:.4f} on {}\n{:.1f} images/s on {} in {}, {:.1f} % of the time waiting for "
      "samples, {:.0f} s in all\n{}\n",
      result.epochs, result.best_epoch, name_of(settings.monitor), result.best_score, settings.val_subset,
      result.images_per_second, result.device, name_of(result.precision), 100 * result.waiting_share,
      result.seconds, folder.path().string());
  line.print(text, {{"run", folder.path().string()},
                    {"epochs", result.epochs},
                    {"best_epoch", result.best_epoch},
                    {"monitor", name_of(settings.monitor)},
                    {"best_score", result.best_score},
                    {"images_per_second", result.images_per_second},
                    {"waiting_share", result.waiting_share},
                    {"seconds", result.seconds},
                    {"device", result.device},
                    {"precision", name_of(result.precision)},
                    {"left_out", result.left_out}});
  summarise(findings);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, verb(), run);
}
