// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "base/output.h"
#include "data_options.h"
#include "formats/predictions.h"
#include "metrics/evaluate.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  std::optional<std::string> from, from_predictions;
  std::vector<std::string> read, read_predictions, metrics;
  std::string subset = "all";
  bool federated = false;
  std::optional<double> score;
  std::optional<std::string> arrays;
  bool force = false;
  static void visit(auto& self, auto&& setting) {
    setting("metrics", self.metrics, "what to measure (the default is what both data sets hold)",
            one_of(enum_names<Metric>));
    setting(
        "federated", self.federated,
        "average precision as LVIS has it: by the labels that each image is said to be annotated for, with "
        "300 detections an image");
    setting("score", self.score, "score of detections that have none", unset("those are left out"));
    setting("subset", self.subset, "the truth's subset to evaluate on; all takes every item");
    setting("arrays", self.arrays, "where pycocotools' precision, recall and scores arrays go, as .npz",
            unset("nowhere"));
    setting("force", self.force, "replace that file");
    setting("from", self.from, "TRUTH's format", unset("found out"));
    setting("read", self.read, "settings of TRUTH's format, key=value");
    setting("from-predictions", self.from_predictions, "PREDICTIONS' format", unset("found out"));
    setting("read-predictions", self.read_predictions, "settings of PREDICTIONS' format, key=value");
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Compares predictions of any format with annotations of any format, item by item, by their ids. Masks of\n"
    "labels get IoU, Dice, pixel accuracy and boundary IoU, void left out; scored objects get COCO's average\n"
    "precision and recall over boxes, pixels and boundaries, in all numbers equal to pycocotools; segments of\n"
    "things and stuff get panoptic quality. COCO results\n"
    "take images and categories from TRUTH where that is COCO. The exit code is 1 where an item could not be\n"
    "compared.",
    {{"TRUTH", kSourceHelp}, {"PREDICTIONS", "another: predicted masks, or detections with scores"}},
    {{"maskmill evaluate instances_val2017.json detections.json", "COCO's numbers of a detector"},
     {"maskmill evaluate data/voc work/predicted --metrics semantic", "masks of labels"},
     {"maskmill evaluate panoptic_val2017.json work/panoptic --metrics panoptic", "PQ, SQ and RQ"},
     {"maskmill evaluate lvis_v1_val.json results.json --federated --metrics segm", "LVIS's numbers"},
     {"maskmill evaluate truth.json detections.json --arrays curves.npz", "all precisions, for plots"}}};

EvaluationSettings settings_from(const Options& options) {
  EvaluationSettings settings;
  settings.overlaps.protocol = options.federated ? Protocol::lvis : Protocol::coco;
  settings.overlaps.score = options.score;
  for (const std::string& name : options.metrics)
    settings.metrics.insert(
        static_cast<Metric>(std::ranges::find(enum_names<Metric>, name) - enum_names<Metric>.begin()));
  return settings;
}

int run(const CommandLine& line, const Options& options) {
  if (options.arrays) require_writable(*options.arrays, overwrite(options.force));
  const std::string& truth_path = line.operand("TRUTH");
  formats::Opened truth = open_source(truth_path, options.from, options.read);
  const std::string& path = line.operand("PREDICTIONS");
  const formats::Opened predictions = formats::open_predictions(path, options.from_predictions.value_or(""),
                                                                options.read_predictions, truth_path);
  if (!options.from_predictions) say_format(path, predictions);
  const auto source = subset_of(std::move(truth.source), options.subset);
  Findings findings;
  const EvaluationReport report = evaluate(*source, *predictions.source, settings_from(options), findings);
  if (options.arrays) {
    OutputFile file(*options.arrays, overwrite(options.force));
    file.write(npz_of(report));
    file.commit();
  }
  Json document = to_json(report);
  document["federated"] = options.federated;
  document["truth_format"] = truth.format->name;
  document["predictions_format"] = predictions.format->name;
  document["findings"] = findings.by_rule();
  line.print(to_text(report), document);
  summarise(findings);
  return report.left_out > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
