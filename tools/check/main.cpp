// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <cstdio>

#include "data_options.h"
#include "findings_page.h"
#include "formats/predictions.h"
#include "learn/forecast.h"
#include "prepare/advice/closest_layout.h"
#include "prepare/check/against.h"
#include "prepare/check/baseline.h"
#include "prepare/check/check.h"
#include "prepare/check/fix.h"
#include "prepare/check/sarif.h"
#include "training_options.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  int examples = 5;
  std::optional<std::string> report, sarif, baseline, training;
  std::vector<std::string> against, read_predictions;
  std::optional<std::string> from_predictions;
  std::optional<std::string> fix, to;
  Media media = Media::copy;
  bool force = false;
  static void visit(auto& self, auto&& setting) {
    InputOptions::visit(self.input, setting);
    setting("examples", self.examples, "places shown per rule; --json always has all", at_least(0));
    setting("report", self.report, "also write this HTML page, with pictures", unset("none"));
    setting("sarif", self.sarif, "also write the findings to this file in SARIF 2.1.0, for editors and CI",
            unset("none"));
    setting("baseline", self.baseline,
            "an earlier check's --json: be silent about the findings in it, and judge by the others",
            unset("none"));
    setting("for", self.training,
            "also say what training would do with the data under these settings: a file of them, a run, or "
            "defaults; key=value changes them",
            unset("nothing"));
    setting(
        "against", self.against,
        "also rank what a trained model contradicts: predictions for items that it did not learn from, masks "
        "(best with predict --probabilities) or scored objects; with folds once for each model");
    setting("from-predictions", self.from_predictions, "PREDICTIONS' format", unset("found out"));
    setting("read-predictions", self.read_predictions, "settings of PREDICTIONS' format, key=value");
    setting(
        "fix", self.fix,
        "also write a copy to this folder in which what can safely be repaired is repaired, and check that",
        unset("none"));
    setting("to", self.to, "format of the copy", unset("the data set's own"));
    setting("media", self.media,
            "where the images of the copy lie: copied into it, hard-linked, or left out");
    setting("force", self.force, "replace an older page, or an older copy");
    CommonOptions::visit(self.common, setting);
  }
};

Verb verb() {
  return {
      MASKMILL_VERB,
      MASKMILL_SUMMARY,
      "Reads every file to its end and holds it against every rule. Exit code 1 where there is a "
      "finding of severity\n"
      "error, so that a makefile stops before training. Where no format fits a folder, what it comes "
      "closest to\n"
      "is said, with the commands that make it fit. With --fix the exit code is that of the copy.",
      {{"SRC", kSourceHelp},
       {"SETTING", "with --for: key=value of train's settings, as input.width=512", Operand::Count::any}},
      {{"maskmill check data/pets", "every finding by rule, with what to do"},
       {"maskmill check data/pets --report pets.html", "a page to look at and hand on"},
       {"maskmill check data/pets --json > known.json", "all findings, for a script or as a baseline"},
       {"maskmill check data/pets --baseline known.json --sarif new.sarif", "what is new since then"},
       {"maskmill check work/pets --for settings.json batch-size=32", "and what training would do with it"},
       {"maskmill check data/pets --against work/predicted --report doubts.html",
        "which labels a trained model contradicts most, with pictures"},
       {"maskmill check data/pets --fix work/pets",
        "a copy with what can safely be repaired, and what was done"}},
      training_keys()};
}

/// As open_source. Where no format fits a folder, the error says what it comes closest to and what to do.
formats::Opened open_or_advise(const std::string& path, const InputOptions& input) try {
  return open_source(path, input);
} catch (const Error& error) {
  if (input.from || !input.read.empty() || error.code() != Code::bad_format || !fs::is_directory(path) ||
      formats::any_fits(formats::detect(path)) || !formats::data_sets_inside(path).empty())
    throw;
  const ClosestLayout closest = closest_layout(path);
  throw Error(Code::bad_format, error.message() + "\n" + closest.text)
      .at_file(path)
      .hint(closest.commands.empty()
                ? "maskmill formats NAME says how a format lies on disk; --from NAME takes it for that"
                : "what to do:\n" + closest.commands);
}

/// Throws before hours of reading what writing would throw after them.
void require_outputs(const Options& options, const Format& source) {
  for (const auto& file : {options.report, options.sarif})
    if (file) require_writable(*file, overwrite(options.force));
  if (options.baseline && options.fix)
    throw Error(Code::usage,
                "--baseline is silent about findings, and --fix repairs them all; give one of the two");
  if (options.against.empty() && (options.from_predictions || !options.read_predictions.empty()))
    throw Error(Code::usage, "settings of predictions go with --against");
  if (!options.fix) return;
  const Format& target = options.to ? formats::find(*options.to) : source;
  if (!target.create)
    throw Error(Code::usage, "the format " + std::string(target.name) + " is read, not written")
        .hint("name one for the copy: --to FORMAT");
  const OutputFolder attempt(*options.fix, overwrite(options.force));
}

FixReport fixed(const CommandLine& line, const Options& options, const formats::Opened& opened,
                const CheckReport& report) {
  const Format& target = options.to ? formats::find(*options.to) : *opened.format;
  return fix(*opened.source, report, target,
             {*options.fix, overwrite(options.force), options.media, opened.source->metadata(), {}},
             provenance(line, line.operand("SRC"), *opened.format));
}

std::optional<learn::TrainSettings> training_settings(const CommandLine& line, const Options& options) {
  const std::vector<std::string>& changes = line.operands("SETTING");
  if (!options.training && !changes.empty()) throw Error(Code::usage, "settings of train go with --for");
  if (!options.training) return std::nullopt;
  std::vector<std::string> files{*options.training};
  if (files.front() == "defaults") files.clear();
  return learn::settings_from(files, changes);
}

std::string known_in_words(const Baseline& baseline, const std::string& file) {
  std::string text = fmt::format("{} of {} left out as known", counted(baseline.known(), "finding"), file);
  if (baseline.gone() > 0)
    text += fmt::format("; {} in it no longer there: make it anew", with_thousands(baseline.gone()));
  return text + "\n";
}

void write_findings(const Options& options, const CheckReport& report, const std::string& source,
                    const formats::Opened& opened, const std::vector<formats::Opened>& predictions) {
  if (options.report) {
    std::vector<PredictionsOfPage> predicted;
    for (std::size_t i = 0; i < predictions.size(); ++i)
      predicted.push_back({*predictions[i].source, root_of(options.against[i])});
    write_findings_report(
        findings_page(report, *opened.source, source, *opened.format, options.examples, predicted),
        *options.report, overwrite(options.force));
  }
  if (options.sarif) {
    OutputFile file(*options.sarif, overwrite(options.force));
    write_sarif(report.findings, root_of(source), [&](std::string_view bytes) { file.write(bytes); });
    file.commit();
  }
}

std::vector<formats::Opened> open_predictions(const Options& options, const std::string& source) {
  std::vector<formats::Opened> all;
  for (const std::string& path : options.against) {
    all.push_back(formats::open_predictions(path, options.from_predictions.value_or(""),
                                            options.read_predictions, source));
    if (!options.from_predictions) say_format(path, all.back());
  }
  return all;
}

int run(const CommandLine& line, const Options& options) {
  const std::string& source = line.operand("SRC");
  const std::optional<learn::TrainSettings> training = training_settings(line, options);
  std::optional<Baseline> baseline;
  if (options.baseline) baseline.emplace(*options.baseline);
  const formats::Opened opened = open_or_advise(source, options.input);
  require_outputs(options, *opened.format);
  const std::vector<formats::Opened> predictions = open_predictions(options, source);
  CheckReport report = check(*opened.source);
  std::optional<AgainstReport> against;
  if (!predictions.empty()) {
    std::vector<ModelPredictions> models;
    for (std::size_t i = 0; i < predictions.size(); ++i)
      models.push_back({*predictions[i].source, root_of(options.against[i])});
    against = check_against(*opened.source, models, report);
  }
  if (baseline) report.findings = baseline->without_known(report.findings, root_of(source));
  write_findings(options, report, source, opened, predictions);
  Json head{{"format", opened.format->name}, {"root", root_of(source).string()}};
  std::string text = to_text(report, static_cast<std::size_t>(options.examples));
  if (baseline) {
    head["baseline"] = {{"known", baseline->known()}, {"gone", baseline->gone()}};
    text += known_in_words(*baseline, *options.baseline);
  }
  if (against) {
    head["against"] = to_json(*against);
    text += to_text(*against);
  }
  if (training) {
    Findings said_by_the_check;
    const learn::Forecast forecast = learn::forecast(*opened.source, *training, said_by_the_check);
    head["training"] = learn::to_json(forecast);
    text += "\n" + learn::to_text(forecast, *training);
  }
  std::size_t errors = report.findings.count(Severity::error);
  if (options.fix) {
    const FixReport repaired = fixed(line, options, opened, report);
    head["fix"] = to_json(repaired);
    head["fix"]["output"] = *options.fix;
    text += "\n" + to_text(repaired, *options.fix);
    errors = repaired.remaining.findings.count(Severity::error);
  }
  if (line.json())
    write_json(report, head,
               [](std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); });
  else
    line.print(text, {});
  return errors > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, verb(), run);
}
