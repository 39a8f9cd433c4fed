// SPDX-License-Identifier: Apache-2.0
#include "learn/score_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "formats/registry.h"
#include "learn/read_objects.h"
#include "learn/score_run.h"
#include "prepare/adapt.h"
#include "render/worst_images.h"

namespace maskmill::learn {
namespace {

std::string shown(const std::optional<double>& score) {
  return score ? fmt::format("{:.4f}", *score) : "undefined";
}

/// The data set with its masks taken apart into objects, as training reads it, but for items that could not
/// be predicted.
class TruthObjects final : public Source {
 public:
  TruthObjects(Source& source, std::set<std::string> left_out)
      : source_(source), left_out_(std::move(left_out)) {
    source_.rewind();
  }

  const Metadata& metadata() const override { return source_.metadata(); }
  std::size_t size() const override { return source_.size(); }
  void rewind() override { source_.rewind(); }
  const Findings& findings() const override { return source_.findings(); }
  ReadItem next() override {
    ReadItem read = source_.next();
    if (!read) return {};
    return [read = std::move(read), this](std::vector<Finding>& found, Look look) -> std::optional<Item> {
      std::optional<Item> item = read(found, look);
      if (item && left_out_.contains(item->id)) return std::nullopt;
      if (!item || (!item->semantic && std::ranges::none_of(item->annotations, is_label_mask))) return item;
      try {
        InstanceLoss loss;
        if (!item->size && has_image(*item)) item->size = probe_image_bytes(image_bytes(*item)).size();
        if (item->semantic) make_instances(*item, source_.metadata().labels, {}, loss);
        return adapted(std::move(*item), objects_alone(), source_.metadata().labels, {}, loss);
      } catch (const Error& error) {
        if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
        found.push_back(to_finding(error, "unreadable-mask"));
        return std::nullopt;
      }
    };
  }

 private:
  Source& source_;
  std::set<std::string> left_out_;
};

}  // namespace

ObjectScores score_objects(Predictor& predictor, Source& source, const RunFolder& run, int batch_size,
                           int worst, const Provenance& made_by, Findings& findings) {
  const auto start = std::chrono::steady_clock::now();
  ObjectScores scored;
  scored.predictions = run.place_of_predictions();
  const Format& coco = formats::find("coco");
  Metadata metadata;
  metadata.labels = predictor.card().classes;
  metadata.subsets = source.metadata().subsets;
  const CreateRequest request{scored.predictions, Overwrite::yes, Media::none, metadata, {}};
  const PredictReport predicted = predict_set(predictor, source, coco, request,
                                              {.instances = {}, .batch_size = batch_size}, made_by, findings);
  const formats::Opened predictions = formats::open(scored.predictions, coco.name);
  EvaluationSettings settings;
  settings.metrics = {Metric::bbox};
  if (detector_of(predictor.card().model)->masks) settings.metrics.insert(Metric::segm);
  settings.errors = true;
  settings.keep_images = worst > 0;
  settings.overlaps.across_labels = true;
  TruthObjects truth(source, predicted.left_out.without_picture);
  scored.evaluation = evaluate(truth, *predictions.source, settings, findings);
  scored.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (worst > 0)
    scored.worst =
        worst_images({truth, *predictions.source, settings.overlaps, scored.evaluation}, {}, worst);
  return scored;
}

TrainingReport report_of(const RunFolder& run, const ObjectScores& scored, const std::string& subset) {
  TrainingReport report;
  report.title = run.path().filename().string();
  report.subtitle =
      fmt::format("{} of {}, scored at their own sizes", counted(scored.evaluation.items, "item"),
                  subset.empty() ? "the data set" : "the subset " + subset);
  for (const EvaluationReport::Coco& coco : scored.evaluation.coco)
    for (const auto& [name, value] : coco.scores.overall)
      if (name == "AP" || name == "AP50")
        report.headline.emplace_back(std::string(name_of(coco.kind)) + " " + std::string(name), shown(value));
  for (std::string& remark : remarks_of({scored.evaluation.left_out, scored.evaluation.not_annotated}))
    report.remarks.push_back(std::move(remark));
  add_training(report, run);
  report.worst = scored.worst;
  return report;
}

}  // namespace maskmill::learn
