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
  std::optional<std::string> config;
  static void visit(auto& self, auto&& setting) {
    setting("output", self.output, "the run directory", short_flag('o'), unset("runs/DATE/TIME"));
    setting("force", self.force, "replace a run directory");
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
      "the classes). Any format that maskmill reads will do. The run directory holds the weights (model.pth,\n"
      "which Python's torch.load reads), the settings, the metrics of each epoch, and what predict and test\n"
      "need.\n\n"
      "Settings:\n" +
          help_table(settings_of(defaults)),
      {{"DATA", kSourceHelp}, {"SETTING", "key=value, as optimizer.learning-rate=0.01", Operand::Count::any}},
      {{"maskmill train work/split -o work/run epochs=40 input.width=224 input.height=224", "train a U-Net"},
       {"maskmill train work/split --config settings.json", "settings from a file, into runs/DATE/TIME"}},
      std::move(keys)};
}

learn::TrainSettings settings_from(const CommandLine& line, const Options& options) {
  learn::TrainSettings settings;
  const std::vector<Setting> declared = settings_of(settings);
  if (options.config) {
    const Path path(*options.config);
    try {
      assign_document(declared, read_json(path));
    } catch (Error& error) {
      throw std::move(error).at_file(path);
    }
  }
  for (const std::string& text : line.operands("SETTING")) assign(declared, text);
  validate(settings);
  return settings;
}

std::string epoch_line(const learn::EpochReport& epoch) {
  return fmt::format(
      "epoch {:>3}/{}  loss {:.4f}  val loss {:.4f}  Dice {:.4f}  IoU {:.4f}  {:.1f} images/s  {:.0f} s{}",
      epoch.epoch, epoch.epochs, epoch.train_loss, epoch.val_loss, epoch.val_mean_dice, epoch.val_mean_iou,
      epoch.images_per_second, epoch.seconds, epoch.best ? "  best" : "");
}

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("DATA");
  const learn::TrainSettings settings = settings_from(line, options);
  const formats::Opened opened = open_source(path, options.input);
  const learn::RunFolder folder =
      learn::RunFolder::create(options.output.value_or(""), overwrite(options.force));
  Findings findings;
  int done = 0, best = 0;
  const learn::TrainResult result = [&] {
    try {
      return train(settings, *opened.source, folder, provenance(line, path, *opened.format), findings,
                   [&](const learn::EpochReport& epoch) {
                     done = epoch.epoch;
                     if (epoch.best) best = epoch.epoch;
                     notice(epoch_line(epoch));
                   });
    } catch (const Error& error) {
      if (error.code() != Code::interrupted || done == 0) throw;
      throw Error(
          Code::interrupted,
          fmt::format("interrupted; the run holds the weights of epoch {}, the best of {}", best, done))
          .at_file(folder.path());
    }
  }();
  const std::string text = fmt::format(
      "best epoch {}: mean Dice {:.4f} on {}\n{:.1f} images/s on {} in {}, {:.1f} % of the time waiting for "
      "samples, {:.0f} s in all\n{}\n",
      result.best_epoch, result.best_val_mean_dice, settings.val_subset, result.images_per_second,
      result.device, name_of(result.precision), 100 * result.waiting_share, result.seconds,
      folder.path().string());
  line.print(text, {{"run", folder.path().string()},
                    {"best_epoch", result.best_epoch},
                    {"best_val_mean_dice", result.best_val_mean_dice},
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
