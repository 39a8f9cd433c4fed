// SPDX-License-Identifier: Apache-2.0
#include "report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"
#include "render/worst_images.h"

namespace maskmill::tools {
namespace {

double number(const std::optional<double>& value) {
  return value.value_or(std::numeric_limits<double>::quiet_NaN());
}

EvaluationPage::Bounds bounds_of(const std::optional<Interval>& interval) {
  if (!interval) return std::nullopt;
  return std::pair(interval->low, interval->high);
}

/// A score's name as one reads it, and what it is.
struct Words {
  std::string name, meaning;
};

Words words_of(const std::string& name) {
  static const std::map<std::string, Words> all{
      {"AP", {"AP", "average precision: mean over the classes and over IoUs of .5 to .95"}},
      {"AP50", {"AP50", "at an IoU of .5"}},
      {"AP75", {"AP75", "at an IoU of .75"}},
      {"APs", {"APs", "of small objects: up to 32x32 pixels"}},
      {"APm", {"APm", "of medium ones: up to 96x96"}},
      {"APl", {"APl", "of large ones"}},
      {"APr", {"APr", "of rare classes"}},
      {"APc", {"APc", "of common classes"}},
      {"APf", {"APf", "of frequent classes"}},
      {"AR1", {"AR1", "share of objects found by the best detection of each class and image"}},
      {"AR10", {"AR10", "by the best ten"}},
      {"AR100", {"AR100", "by the best hundred"}},
      {"AR300", {"AR300", "by the best three hundred of an image"}},
      {"ARs", {"ARs", "of small objects"}},
      {"ARm", {"ARm", "of medium ones"}},
      {"ARl", {"ARl", "of large ones"}},
      {"mean_iou", {"mean IoU", "mean of the classes' intersection over union"}},
      {"mean_dice", {"mean Dice", "mean of the classes' Dice coefficient"}},
      {"pixel_accuracy", {"pixel accuracy", "share of pixels of the right class"}},
      {"mean_boundary_iou", {"mean boundary IoU", "IoU of the pixels near edges alone"}},
      {"PQ", {"PQ", "panoptic quality: SQ times RQ, mean over the classes"}},
      {"SQ", {"SQ", "segmentation quality: mean IoU of the segments found"}},
      {"RQ", {"RQ", "recognition quality: F1 of the segments"}},
      {"PQth", {"PQ of things", ""}},
      {"SQth", {"SQ of things", ""}},
      {"RQth", {"RQ of things", ""}},
      {"PQst", {"PQ of stuff", ""}},
      {"SQst", {"SQ of stuff", ""}},
      {"RQst", {"RQ of stuff", ""}}};
  const auto found = all.find(name);
  return found == all.end() ? Words{name, ""} : found->second;
}

Words words_of(DetectionError error) {
  switch (error) {
    case DetectionError::cls:
      return {"Cls", "the wrong class, well placed"};
    case DetectionError::loc:
      return {"Loc", "the right class, badly placed: an IoU of .1 to .5"};
    case DetectionError::both:
      return {"Both", "the wrong class, badly placed"};
    case DetectionError::dupe:
      return {"Dupe", "an object that a better detection has found already"};
    case DetectionError::bkg:
      return {"Bkg", "nothing is there"};
    case DetectionError::miss:
      return {"Miss", "objects that nothing found, not even badly"};
  }
  return {};
}

std::string title_of(std::string_view metric) {
  if (metric == "bbox") return "Boxes";
  if (metric == "segm") return "Masks";
  if (metric == "boundary") return "Boundaries";
  if (metric == "semantic") return "Masks of labels";
  return "Segments";
}

class PageMaker {
 public:
  explicit PageMaker(const ReportInputs& inputs) : inputs_(inputs), report_(inputs.report) {}

  EvaluationPage make() {
    page_.title = "Evaluation of " + inputs_.predictions_path;
    page_.subtitle = "against " + inputs_.truth_path;
    add_facts();
    for (const EvaluationReport::Coco& coco : report_.coco) add_coco(coco);
    if (report_.semantic) add_semantic();
    if (report_.panoptic) add_panoptic();
    if (inputs_.comparison) add_comparison();
    return std::move(page_);
  }

 private:
  void add_facts() {
    page_.facts.emplace_back("images evaluated", with_thousands(report_.items));
    const auto remark = [&](std::size_t items, const std::string& what) {
      if (items > 0) page_.remarks.push_back(counted(items, "item") + " " + what);
    };
    remark(report_.left_out, "could not be compared");
    remark(report_.not_predicted, "of the truth without a prediction");
    remark(report_.unknown, "of the predictions unknown to the truth, and left out");
    if (report_.not_annotated > 0)
      page_.facts.emplace_back("not annotated, left out", with_thousands(report_.not_annotated));
    for (const EvaluatedImages::Coco& coco : report_.images->coco)
      if (const auto best = coco.evaluation.best_f1()) {
        const auto [found, wrong, missed] = best->counts;
        const auto share = [](std::size_t part, std::size_t rest) {
          return static_cast<double>(part) / static_cast<double>(part + rest);
        };
        page_.facts.emplace_back(
            fmt::format("{}: best F1 at an IoU of .5", title_of(name_of(coco.kind))),
            fmt::format("{:.3f}, from a score of {:.3g} on: precision {:.3f}, recall {:.3f}",
                        *best->counts.f1(), best->least_score, share(found, wrong), share(found, missed)));
      }
    if (report_.bootstrap.resamples > 0)
      page_.facts.emplace_back(
          "95 % intervals",
          fmt::format("of {} of the images, seed {}",
                      counted(static_cast<std::size_t>(report_.bootstrap.resamples), "draw"),
                      report_.bootstrap.seed));
  }

  EvaluationPage::Score score(const std::string& metric, const std::string& name,
                              std::optional<double> value) const {
    const auto [words, meaning] = words_of(name);
    EvaluationPage::Score score{words, meaning, number(value), {}};
    for (const EvaluationReport::Intervals& own : report_.intervals)
      if (own.metric == metric)
        for (const auto& [key, interval] : own.overall)
          if (key == name) score.interval = bounds_of(interval);
    return score;
  }

  void headline(const std::string& metric, const EvaluationPage::Score& score) {
    if (!std::isfinite(score.value)) return;
    page_.headline.emplace_back(report_.coco.empty() || metric == "semantic" || metric == "panoptic"
                                    ? score.name
                                    : title_of(metric) + " " + score.name,
                                fmt::format("{:.3f}", score.value));
  }

  void add_coco(const EvaluationReport::Coco& coco) {
    const std::string kind(name_of(coco.kind));
    EvaluationPage::Metric metric;
    metric.title = title_of(kind);
    metric.introduction = "COCO's numbers, equal to pycocotools'.";
    for (const auto& [name, value] : coco.scores.overall) {
      metric.scores.push_back(score(kind, std::string(name), value));
      if (name == "AP" || name == "AP50") headline(kind, metric.scores.back());
    }
    add_curves(coco, metric);
    if (coco.errors) {
      for (std::size_t i = 0; i < kDetectionErrors; ++i) {
        const auto [name, meaning] = words_of(static_cast<DetectionError>(i));
        const ErrorScores::Error& error = coco.errors->errors[i];
        metric.errors.push_back({name, meaning, static_cast<std::int64_t>(error.count), number(error.d_ap)});
      }
      const auto add = [&](const char* name, const char* meaning, const ErrorScores::Error& error) {
        metric.errors.push_back({name, meaning, static_cast<std::int64_t>(error.count), number(error.d_ap)});
      };
      add("FalsePos", "all that is wrong", coco.errors->false_positives);
      add("FalseNeg", "all that was not found", coco.errors->false_negatives);
    }
    if (!coco.scores.labels.empty())
      for (const auto& [name, value] : coco.scores.labels.front().scores)
        metric.score_columns.emplace_back(name);
    metric.amount_columns = {"objects", "detections"};
    for (const CocoScores::OfLabel& own : coco.scores.labels) {
      EvaluationPage::ClassRow row{report_.labels[own.label].name, report_.labels.colour(own.label), {}, {}};
      for (const auto& [name, value] : own.scores) row.scores.push_back(number(value));
      row.amounts = {static_cast<std::int64_t>(own.truths), static_cast<std::int64_t>(own.detections)};
      metric.classes.push_back(std::move(row));
    }
    page_.metrics.push_back(std::move(metric));
  }

  /// Precision by recall at IoUs of .5 and .75 and on average, of labels by their places in the curves.
  static svg::LineChart curve(const CocoCurves& curves, const std::vector<std::size_t>& labels,
                              std::string title) {
    svg::LineChart chart{.title = std::move(title), .x_label = "recall", .low = 0., .high = 1.};
    const std::size_t most = curves.most_detections.size() - 1;
    for (const auto& [name, first, last] : {std::tuple("IoU .5", 0, 1),
                                            {"IoU .75", 5, 6},
                                            {".5 to .95", 0, static_cast<int>(kOverlapThresholds)}}) {
      svg::Series series{.name = name};
      for (std::size_t level = 0; level < kRecallThresholds; ++level) {
        double sum = 0;
        std::size_t count = 0;
        for (int threshold = first; threshold < last; ++threshold)
          for (const std::size_t label : labels)
            if (const double precision = curves.precision[curves.sample_at(
                    static_cast<std::size_t>(threshold), level, label, 0, most)];
                precision >= 0)
              sum += precision, ++count;
        series.x.push_back(static_cast<double>(level) / (kRecallThresholds - 1));
        series.y.push_back(count == 0 ? std::numeric_limits<double>::quiet_NaN()
                                      : sum / static_cast<double>(count));
      }
      chart.series.push_back(std::move(series));
    }
    return chart;
  }

  void add_curves(const EvaluationReport::Coco& coco, EvaluationPage::Metric& metric) const {
    const CocoCurves& curves = coco.curves;
    std::vector<std::size_t> all;
    for (std::size_t k = 0; k < curves.labels.size(); ++k) all.push_back(k);
    metric.curves.push_back(curve(curves, all, "All classes"));
    std::vector<const CocoScores::OfLabel*> by_objects;
    for (const CocoScores::OfLabel& own : coco.scores.labels)
      if (own.truths > 0) by_objects.push_back(&own);
    if (by_objects.size() < 2) return;
    std::ranges::stable_sort(by_objects, std::greater<>(), [](const auto* own) { return own->truths; });
    for (const CocoScores::OfLabel* own : by_objects) {
      const auto at = std::ranges::find(curves.labels, own->label) - curves.labels.begin();
      svg::LineChart chart = curve(curves, {static_cast<std::size_t>(at)}, report_.labels[own->label].name);
      chart.width = 300, chart.plot_height = 110;
      metric.class_curves.push_back(std::move(chart));
    }
  }

  void add_semantic() {
    const EvaluationReport::Semantic& semantic = *report_.semantic;
    const SemanticScores& scores = semantic.scores;
    EvaluationPage::Metric metric;
    metric.title = title_of("semantic");
    metric.introduction = "Pixels summed over all images, void left out.";
    const auto add = [&](const char* name, const std::optional<double>& value) {
      metric.scores.push_back(score("semantic", name, value));
    };
    add("mean_iou", scores.mean_iou);
    headline("semantic", metric.scores.back());
    add("mean_dice", scores.mean_dice);
    add("pixel_accuracy", scores.pixel_accuracy);
    headline("semantic", metric.scores.back());
    if (scores.mean_boundary_iou) add("mean_boundary_iou", scores.mean_boundary_iou);
    metric.score_columns = {"IoU", "Dice", "boundary IoU", "precision", "recall"};
    metric.amount_columns = {"pixels"};
    std::vector<int> shown;
    for (int i = 0; i < semantic.labels.size(); ++i) {
      if (semantic.labels.is_ignored(i)) continue;
      const LabelScores& own = scores.labels[static_cast<std::size_t>(i)];
      shown.push_back(i);
      metric.classes.push_back({semantic.labels[i].name,
                                semantic.labels.colour(i),
                                {number(own.iou), number(own.dice), number(own.boundary_iou),
                                 number(own.precision), number(own.recall)},
                                {own.pixels}});
    }
    for (const int truth : shown)
      for (const int predicted : shown)
        metric.confusion.push_back(semantic.confusion.count(truth, predicted));
    page_.metrics.push_back(std::move(metric));
  }

  void add_panoptic() {
    const PanopticQuality& quality = report_.panoptic->quality;
    EvaluationPage::Metric metric;
    metric.title = title_of("panoptic");
    metric.introduction = "Panoptic quality: segments of one class match where their IoU is above .5.";
    const auto add = [&](const PanopticScore& own, const std::string& suffix) {
      for (const auto& [name, value] : {std::pair("PQ", &own.pq), {"SQ", &own.sq}, {"RQ", &own.rq}})
        metric.scores.push_back(score("panoptic", name + suffix, *value));
    };
    add(quality.all, "");
    headline("panoptic", metric.scores.front());
    if (quality.things.pq) add(quality.things, "th");
    if (quality.stuff.pq) add(quality.stuff, "st");
    metric.score_columns = {"PQ", "SQ", "RQ"};
    metric.amount_columns = {"matched", "wrong", "missed"};
    for (int i = 0; i < report_.labels.size(); ++i) {
      const PanopticScore& own = quality.labels[static_cast<std::size_t>(i)];
      const PanopticCounts& counts = report_.panoptic->counts[static_cast<std::size_t>(i)];
      if (own.pq)
        metric.classes.push_back({report_.labels[i].name,
                                  report_.labels.colour(i),
                                  {number(own.pq), number(own.sq), number(own.rq)},
                                  {counts.matches, counts.wrong, counts.missed}});
    }
    page_.metrics.push_back(std::move(metric));
  }

  void add_comparison() {
    page_.facts.emplace_back("compared with", inputs_.other_path);
    page_.comparison_introduction =
        "Above 0, these predictions are better than " + inputs_.other_path +
        ". On the images that both were " + "evaluated on" +
        (inputs_.comparison->has_intervals
             ? "; the interval of a difference comes from the same draws of both. Where it leaves 0 out, chance in "
               "the choice of images alone hardly explains the difference."
             : ".");
    for (const Comparison::Metric& own : inputs_.comparison->metrics) {
      EvaluationPage::Compared compared{title_of(own.name),
                                        static_cast<std::int64_t>(own.images),
                                        static_cast<std::int64_t>(own.won),
                                        static_cast<std::int64_t>(own.lost),
                                        {},
                                        {}};
      const auto difference = [](const Comparison::Number& number_, std::string name) {
        return EvaluationPage::Difference{std::move(name),
                                          number(number_.value),
                                          number(number_.other),
                                          number(number_.difference),
                                          bounds_of(number_.interval),
                                          number_.share_above_0};
      };
      for (const Comparison::Number& one : own.overall)
        if (one.value || one.other) compared.overall.push_back(difference(one, words_of(one.name).name));
      for (const Comparison::Number& one : own.labels) compared.classes.push_back(difference(one, one.name));
      page_.comparison.push_back(std::move(compared));
    }
  }

  const ReportInputs& inputs_;
  const EvaluationReport& report_;
  EvaluationPage page_;
};

}  // namespace

EvaluationPage report_page(const ReportInputs& inputs) {
  EvaluationPage page = PageMaker(inputs).make();
  if (inputs.worst > 0)
    page.worst = worst_images({inputs.truth, inputs.predictions, inputs.settings.overlaps, inputs.report},
                              inputs.least_score, inputs.worst);
  return page;
}

}  // namespace maskmill::tools
