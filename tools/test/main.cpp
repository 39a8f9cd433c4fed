// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "data_options.h"
#include "learn/score_objects.h"
#include "learn/score_run.h"
#include "predictor_options.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  std::string subset = "test";
  std::optional<std::string> report;
  int worst = 12;
  PredictorOptions predictor;
  static void visit(auto& self, auto&& setting) {
    setting("subset", self.subset, "the subset to score; all scores every item");
    setting("report", self.report, "where the page goes; an older one is replaced",
            unset("report.html in the run"));
    setting("worst", self.worst,
            "images shown, those of lowest mean Dice, or, of a detector, of lowest F1 at an IoU of .5",
            between(0, 1000));
    PredictorOptions::visit(self.predictor, setting);
    InputOptions::visit(self.input, setting);
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Predicts the subset at its pictures' own sizes and prints IoU, Dice, precision and recall of each\n"
    "class over all pixels. Writes a page with curves, confusion matrix and the worst images. Of a detector:\n"
    "COCO's average precision, the detections' errors and the images with most of them; the predictions\n"
    "stay in the run as a COCO data set, for maskmill evaluate and show. The exit code is 1 where an item\n"
    "could not be read, and so is not scored.",
    {{"RUN", "a run directory of maskmill train"}, {"DATA", kSourceHelp}},
    {{"maskmill test work/run work/split", "the subset test"},
     {"maskmill test work/run work/split --subset val --report val.html", "another subset, another page"}}};

std::string how_fast(std::size_t items, const std::string& subset, double seconds,
                     const learn::Predictor& predictor) {
  return fmt::format("{} of the subset {}, {:.1f} images/s on {} in {}\n\n", counted(items, "item"), subset,
                     static_cast<double>(items) / std::max(seconds, 1e-9), predictor.device(),
                     name_of(predictor.precision()));
}

int test_detector(const CommandLine& line, const Options& options, const learn::RunFolder& folder,
                  learn::Predictor& predictor, Source& source, const Path& page, const std::string& format) {
  Findings findings;
  const Provenance made_by{line.text(), {{line.operand("DATA"), format, 0, {}}}};
  const learn::ObjectScores scored = learn::score_objects(
      predictor, source, folder, options.predictor.batch_size, options.worst, made_by, findings);
  write_training_report(learn::report_of(folder, scored, options.subset), page, Overwrite::yes);
  const EvaluationReport& evaluation = scored.evaluation;
  const Json measured = to_json(evaluation);
  const Json document{{"coco", measured.at("coco")},
                      {"subset", options.subset},
                      {"items", evaluation.items},
                      {"left_out", evaluation.left_out},
                      {"not_annotated", evaluation.not_annotated},
                      {"predictions", scored.predictions.string()},
                      {"report", page.string()},
                      {"findings", findings.by_rule()}};
  line.print(how_fast(evaluation.items, options.subset, scored.seconds, predictor) + to_text(evaluation) +
                 "\n" + page.string() + "\n",
             document);
  summarise(findings);
  return evaluation.left_out > 0 ? 1 : 0;
}

int run(const CommandLine& line, const Options& options) {
  const learn::RunFolder folder = learn::RunFolder::open(line.operand("RUN"));
  const std::string& path = line.operand("DATA");
  formats::Opened opened = open_source(path, options.input);
  const auto source = subset_of(std::move(opened.source), options.subset);
  const Path page = options.report ? Path(*options.report) : folder.file("report.html");
  require_writable(page, Overwrite::yes);
  const auto predictor = learn::Predictor::open(folder.path(), settings_from(options.predictor));
  if (predictor->finds_objects())
    return test_detector(line, options, folder, *predictor, *source, page, std::string(opened.format->name));
  Findings findings;
  const learn::ScoreReport scored = learn::score(*predictor, *source, options.predictor.batch_size,
                                                 static_cast<std::size_t>(options.worst), findings);
  TrainingReport report = learn::report_of(folder, predictor->card(), scored, options.subset);
  if (options.predictor.mirror)
    report.remarks.emplace_back("each picture was predicted mirrored too, and the two averaged");
  write_training_report(report, page, Overwrite::yes);

  Json document = to_json(scored.scores, predictor->card().classes);
  document["subset"] = options.subset;
  document["mirror"] = options.predictor.mirror;
  document["items"] = scored.items;
  document["left_out"] = scored.left_out.unreadable;
  document["not_annotated"] = scored.left_out.not_annotated;
  document["report"] = page.string();
  document["findings"] = findings.by_rule();
  line.print(how_fast(scored.items, options.subset, scored.seconds, *predictor) +
                 to_table(scored.scores, predictor->card().classes) + "\n" + page.string() + "\n",
             document);
  for (const std::string& remark : learn::remarks_of(scored.left_out)) notice(remark);
  summarise(findings);
  return scored.left_out.unreadable > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
