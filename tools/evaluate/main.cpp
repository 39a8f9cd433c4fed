// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "base/output.h"
#include "data_options.h"
#include "formats/predictions.h"
#include "metrics/comparison.h"
#include "report_page.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  std::optional<std::string> from, from_predictions;
  std::vector<std::string> read, read_predictions, metrics;
  std::string subset = "all";
  bool federated = false;
  std::optional<double> score, min_score;
  std::optional<std::string> arrays, images, other, from_other;
  std::vector<std::string> read_other;
  bool errors = false;
  std::optional<std::string> report;
  int worst = 12;
  int bootstrap = 0;
  std::int64_t seed = 0;
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
    setting(
        "images", self.images,
        "where a table of the images goes, as .csv: what was found, wrong and missed in each, its mean IoU, "
        "its PQ",
        unset("nowhere"));
    setting(
        "report", self.report,
        "where a page of all this goes, as .html: numbers, curves, errors, classes, the worst images drawn",
        unset("nowhere"));
    setting("worst", self.worst, "images drawn in that page", between(0, 1000));
    setting("min-score", self.min_score, "below it, detections are not counted in single images, nor drawn",
            unset("where F1 at an IoU of .5 is best"));
    setting("errors", self.errors,
            "also count detections' errors by kind, and what average precision each kind costs (TIDE)");
    setting("bootstrap", self.bootstrap,
            "draws of the images, with replacement, of which 95 % intervals are made; 0 makes none",
            between(0, 100000));
    setting("seed", self.seed, "of these draws");
    setting("compare", self.other,
            "other predictions of TRUTH, which are measured too and compared with these", unset("none"));
    setting("from-other", self.from_other, "their format", unset("found out"));
    setting("read-other", self.read_other, "settings of their format, key=value");
    setting("force", self.force, "replace files that are there");
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
    "things and stuff get panoptic quality. Besides, it says what is wrong in which image, what each kind of\n"
    "error costs, how sure the numbers are, and which of two models is better. COCO results take images and\n"
    "categories from TRUTH where that is COCO. The exit code is 1 where an item could not be compared.",
    {{"TRUTH", kSourceHelp}, {"PREDICTIONS", "another: predicted masks, or detections with scores"}},
    {{"maskmill evaluate instances_val2017.json detections.json", "COCO's numbers of a detector"},
     {"maskmill evaluate data/voc work/predicted --metrics semantic", "masks of labels"},
     {"maskmill evaluate panoptic_val2017.json work/panoptic --metrics panoptic", "PQ, SQ and RQ"},
     {"maskmill evaluate lvis_v1_val.json results.json --federated --metrics segm", "LVIS's numbers"},
     {"maskmill evaluate truth.json detections.json --arrays curves.npz", "all precisions, for plots"},
     {"maskmill evaluate data/val work/predicted --report evaluation.html", "a page to look at"},
     {"maskmill evaluate truth.json new.json --compare old.json --bootstrap 1000",
      "whether one model is better than another, and how sure that is"}}};

EvaluationSettings settings_from(const Options& options) {
  EvaluationSettings settings;
  settings.overlaps.protocol = options.federated ? Protocol::lvis : Protocol::coco;
  settings.overlaps.score = options.score;
  settings.errors = options.errors;
  settings.bootstrap = {options.bootstrap, options.seed};
  settings.keep_images = options.images || options.other || options.report;
  for (const std::string& name : options.metrics)
    settings.metrics.insert(
        static_cast<Metric>(std::ranges::find(enum_names<Metric>, name) - enum_names<Metric>.begin()));
  return settings;
}

formats::Opened open_predictions(const std::string& path, const std::optional<std::string>& from,
                                 const std::vector<std::string>& read, const std::string& truth_path) {
  formats::Opened opened = formats::open_predictions(path, from.value_or(""), read, truth_path);
  if (!from) say_format(path, opened);
  return opened;
}

void write_file(const std::optional<std::string>& target, bool force,
                const std::function<void(OutputFile&)>& write) {
  if (!target) return;
  OutputFile file(*target, overwrite(force));
  write(file);
  file.commit();
}

bool measures_detections(const std::set<Metric>& metrics) {
  return metrics.contains(Metric::bbox) || metrics.contains(Metric::segm) ||
         metrics.contains(Metric::boundary);
}

/// From which score on detections count in single images.
Json least_scores(const EvaluatedImages& images, const std::optional<double>& chosen) {
  Json scores = Json::object();
  for (const EvaluatedImages::Coco& coco : images.coco) {
    const double least = least_score_of(coco, chosen);
    scores[std::string(name_of(coco.kind))] = std::isfinite(least) ? Json(least) : Json(nullptr);
  }
  return scores;
}

int run(const CommandLine& line, const Options& options) {
  for (const auto& file : {options.arrays, options.images, options.report})
    if (file) require_writable(*file, overwrite(options.force));
  if (!options.other && (options.from_other || !options.read_other.empty()))
    throw Error(Code::usage, "--from-other and --read-other say how --compare is read; give that too");
  const std::string& truth_path = line.operand("TRUTH");
  formats::Opened truth = open_source(truth_path, options.from, options.read);
  const std::string& path = line.operand("PREDICTIONS");
  const formats::Opened predictions =
      open_predictions(path, options.from_predictions, options.read_predictions, truth_path);
  formats::Opened other;
  if (options.other)
    other = open_predictions(*options.other, options.from_other, options.read_other, truth_path);
  const auto source = subset_of(std::move(truth.source), options.subset);
  Findings findings;
  EvaluationSettings settings = settings_from(options);
  if (settings.metrics.empty())
    settings.metrics = default_metrics(*source, *predictions.source, settings.overlaps);
  if (options.errors && !measures_detections(settings.metrics))
    throw Error(Code::usage, "--errors are those of detections, and none are measured here")
        .hint("--metrics bbox measures boxes, segm masks; detections need scores, which --score 1 gives");
  settings.errors |= options.report && measures_detections(settings.metrics);
  const EvaluationReport report = evaluate(*source, *predictions.source, settings, findings);
  std::optional<EvaluationReport> other_report;
  std::optional<Comparison> comparison;
  if (options.other) {
    EvaluationSettings of_other = settings;
    of_other.keep_images = true;
    other_report = evaluate(*source, *other.source, of_other, findings);
    comparison = compare(*report.images, *other_report->images, settings.bootstrap, options.min_score);
  }
  write_file(options.arrays, options.force, [&](OutputFile& file) { file.write(npz_of(report)); });
  write_file(options.images, options.force, [&](OutputFile& file) {
    write_image_table(*report.images, options.min_score, [&](std::string_view bytes) { file.write(bytes); });
  });
  if (options.report)
    write_evaluation_report(
        report_page({truth_path, path, options.other.value_or(""), *source, *predictions.source, settings,
                     report, comparison ? &*comparison : nullptr, options.min_score, options.worst}),
        *options.report, overwrite(options.force));
  Json document = to_json(report);
  document["federated"] = options.federated;
  document["truth_format"] = truth.format->name;
  document["predictions_format"] = predictions.format->name;
  if (report.images) document["least_scores"] = least_scores(*report.images, options.min_score);
  std::string text = to_text(report);
  if (options.other) {
    document["other"] = to_json(*other_report);
    document["other"]["predictions_format"] = other.format->name;
    document["comparison"] = to_json(*comparison);
    text +=
        "\nother: " + *options.other + ", " + to_text(*other_report) + "\ncompared\n" + to_text(*comparison);
  }
  document["findings"] = findings.by_rule();
  line.print(text, document);
  summarise(findings);
  return report.left_out > 0 || (other_report && other_report->left_out > 0) ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
