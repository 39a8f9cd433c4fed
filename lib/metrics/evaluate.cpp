// SPDX-License-Identifier: Apache-2.0
#include "metrics/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/text.h"
#include "dataset/item_pairs.h"
#include "dataset/masks.h"

namespace maskmill {
namespace {

/// What the first item of a data set holds that holds anything.
struct Holdings {
  bool anything = false;
  bool label_masks = false, areas = false, boxes = false, scores = false;
};

Holdings holdings_of(Source& source) {
  Holdings holds;
  source.rewind();
  while (ReadItem read = source.next()) {
    std::vector<Finding> told_later;
    const std::optional<Item> item = read(told_later, Look::annotations);
    if (!item) continue;
    holds.label_masks = item->semantic.has_value();
    for (const Annotation& annotation : item->annotations) {
      holds.label_masks |= is_label_mask(annotation);
      holds.areas |= has_area(annotation.shape);
      holds.boxes |= annotation.box || std::holds_alternative<Box>(annotation.shape);
      holds.scores |= score_of(annotation).has_value();
    }
    holds.anything = holds.label_masks || holds.areas || holds.boxes;
    if (holds.anything) break;
    throw_if_interrupted();
  }
  return holds;
}

bool tells_things(const LabelMap& labels) {
  return std::ranges::any_of(labels, [](const Label& label) { return label.kind != LabelKind::unknown; });
}

std::set<Metric> metrics_for(const Holdings& truth, Holdings predictions, const LabelMap& labels,
                             bool gives_scores) {
  // Nothing predicted is no detections, and so all of the truth is missed.
  if (!predictions.anything) predictions = truth, predictions.scores = !truth.label_masks;
  std::set<Metric> metrics;
  const auto shows_pixels = [](const Holdings& holds) { return holds.label_masks || holds.areas; };
  if (shows_pixels(truth) && shows_pixels(predictions) && (predictions.label_masks || !predictions.scores))
    metrics.insert(Metric::semantic);
  if ((predictions.scores || gives_scores) && !predictions.label_masks && !truth.label_masks) {
    metrics.insert(Metric::bbox);
    if (truth.areas && predictions.areas) metrics.insert({Metric::segm, Metric::boundary});
  }
  if (tells_things(labels) && truth.areas && predictions.areas && !predictions.scores && !truth.label_masks &&
      !predictions.label_masks)
    metrics.insert(Metric::panoptic);
  if (metrics.empty())
    throw Error(Code::bad_value, "the two data sets hold nothing that can be compared")
        .hint(
            "boxes need scores: --score 1 gives one to detections that have none; --metrics says what to "
            "compare");
  return metrics;
}

std::vector<OverlapKind> kinds_of(const std::set<Metric>& metrics) {
  std::vector<OverlapKind> kinds;
  for (const auto& [metric, kind] : {std::pair(Metric::bbox, OverlapKind::bbox),
                                     {Metric::segm, OverlapKind::segm},
                                     {Metric::boundary, OverlapKind::boundary}})
    if (metrics.contains(metric)) kinds.push_back(kind);
  return kinds;
}

std::vector<int> labels_by_name(const LabelMap& truth, const LabelMap& predictions, Findings& findings) {
  std::vector<int> label_of = maskmill::labels_by_name(truth, predictions);
  for (int i = 0; i < predictions.size(); ++i) {
    const Label& label = predictions[i];
    if (label_of[static_cast<std::size_t>(i)] < 0 && label.role == Role::object)
      findings.add({"label-unknown",
                    Severity::warning,
                    {},
                    fmt::format("the truth has no label {}: detections of it are left out, and pixels of it "
                                "are wrong",
                                in_quotes(label.name)),
                    "maskmill transform renames labels"});
  }
  return label_of;
}

/// LVIS's r, c or f, which the reader keeps with what else categories say.
std::vector<char> frequencies(const Metadata& metadata) {
  std::vector<char> letters(static_cast<std::size_t>(metadata.labels.size()), 0);
  const AttributeValue* value = find_attribute(metadata.attributes, "categories");
  const auto* text = value ? std::get_if<JsonText>(value) : nullptr;
  if (!text) return letters;
  const Json categories = parse_json(text->text, {});
  for (const auto& [name, extras] : categories.items()) {
    const auto label = metadata.labels.find(name);
    if (!label || !extras.is_object() || !extras.contains("frequency")) continue;
    if (const Json& letter = extras["frequency"]; letter.is_string() && letter.get<std::string>().size() == 1)
      letters[static_cast<std::size_t>(*label)] = letter.get<std::string>().front();
  }
  return letters;
}

OverlapSettings overlap_settings(const EvaluationSettings& settings) {
  OverlapSettings overlaps = settings.overlaps;
  overlaps.across_labels = settings.errors;
  return overlaps;
}

bool has_id_0(const Item& item) {
  return std::ranges::any_of(item.annotations, [](const Annotation& one) { return one.id == 0; });
}

class Evaluator {
 public:
  Evaluator(Source& truth, Source& predictions, const EvaluationSettings& settings, Findings& findings)
      : truth_(truth),
        predictions_(predictions),
        findings_(findings),
        metrics_(settings.metrics.empty() ? default_metrics(truth, predictions, settings.overlaps)
                                          : settings.metrics),
        kinds_(kinds_of(metrics_)),
        label_of_(labels_by_name(truth.metadata().labels, predictions.metadata().labels, findings)),
        bootstrap_(settings.bootstrap),
        with_errors_(settings.errors),
        meter_(truth.metadata().labels, label_of_, overlap_settings(settings)) {
    const LabelMap& labels = truth.metadata().labels;
    const bool keeps_images = settings.keep_images || settings.bootstrap.resamples > 0;
    if (keeps_images) images_ = std::make_shared<EvaluatedImages>();
    if (metrics_.contains(Metric::semantic))
      semantic_.emplace(labels, predictions.metadata().labels, label_of_, true);
    panoptic_.resize(static_cast<std::size_t>(labels.size()));
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      coco_.emplace_back(labels, settings.overlaps.protocol, keeps_images);
      if (with_errors_) errors_.emplace_back(labels);
    }
    if (images_ && semantic_) images_->semantic.emplace(semantic_->labels());
    if (images_ && metrics_.contains(Metric::panoptic)) images_->panoptic.emplace(labels);
  }

  EvaluationReport run() {
    Progress progress("evaluating", truth_.size());
    const UnpairedItems unpaired =
        for_each_pair(truth_, predictions_, findings_, [&](ItemPair&& pair) -> std::function<void()> {
          auto compared = std::make_shared<Compared>(compare(std::move(pair)));
          return [&, compared] {
            if (compared->what != Compared::unknown) progress.advance();
            add(std::move(*compared));
          };
        });
    report_.left_out += unpaired.unreadable_a + unpaired.unreadable_b;
    if (report_.items == 0) throw nothing_left("no item could be evaluated", findings_);
    finish();
    return std::move(report_);
  }

 private:
  struct Compared {
    enum { evaluated, failed, not_annotated, unknown } what = evaluated;
    bool is_predicted = true;
    std::int64_t number = 0;
    std::size_t position = 0;  // in the truth
    std::optional<std::size_t> position_b;
    std::string id;
    std::vector<std::vector<CocoEvaluation::Part>> parts;
    std::vector<DetectionErrors::Image> errors;
    std::optional<SemanticEvaluation::Image> semantic;
    std::vector<PanopticCounts> panoptic;  // by label, or empty
    std::vector<Finding> findings;
  };

  Compared compare(ItemPair&& pair) const {
    Compared out;
    out.findings = std::move(pair.findings);
    if (!pair.a) {
      out.what = Compared::unknown;
      out.findings.push_back({"item-unknown",
                              Severity::warning,
                              pair.b->origin,
                              "the truth has no item " + in_quotes(pair.b->id),
                              {}});
      return out;
    }
    if (!pair.a->annotated) {
      out.what = Compared::not_annotated;
      return out;
    }
    out.number = pair.a->source_id.value_or(static_cast<std::int64_t>(pair.number));
    out.position = pair.number;
    if (pair.b) out.position_b = pair.number_b;
    if (images_) out.id = pair.a->id;
    out.is_predicted = pair.b.has_value();
    try {
      measure(*pair.a, pair.b ? &*pair.b : nullptr, out);
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      Finding finding = to_finding(error, "not-compared");
      if (finding.place.empty()) finding.place = pair.a->origin;
      out.findings.push_back(std::move(finding));
      out.what = Compared::failed;
    }
    return out;
  }

  void measure(const Item& truth, const Item* prediction, Compared& out) const {
    if (prediction && truth.size && prediction->size && *truth.size != *prediction->size)
      throw Error(Code::bad_value, fmt::format("the truth is of {} and the prediction of {}",
                                               to_string(*truth.size), to_string(*prediction->size)));
    if (!prediction)
      out.findings.push_back({"item-not-predicted",
                              Severity::warning,
                              truth.origin,
                              "the predictions have no item " + in_quotes(truth.id),
                              {}});
    if (!kinds_.empty()) measure_overlaps(truth, prediction, out);
    if (semantic_ && prediction) out.semantic = semantic_->compare(truth, *prediction);
    if (metrics_.contains(Metric::panoptic)) out.panoptic = panoptic_counts(truth, prediction);
  }

  void measure_overlaps(const Item& truth, const Item* prediction, Compared& out) const {
    for (const std::vector<Overlaps>& overlaps : meter_.measure(truth, prediction, kinds_, out.findings)) {
      out.parts.push_back(CocoEvaluation::matched(overlaps));
      if (with_errors_) out.errors.push_back(DetectionErrors::explained(overlaps));
    }
    if (has_id_0(truth))
      out.findings.push_back({"annotation-id-zero", Severity::warning, truth.origin,
                              "an annotation of the id 0: what finds it counts as wrong, as in pycocotools",
                              "number annotations from 1"});
  }

  std::vector<PanopticCounts> panoptic_counts(const Item& truth, const Item* prediction) const {
    return match_segments(truth_segments(truth, prediction).segments,
                          predicted_segments(truth, prediction, label_of_).segments,
                          truth_.metadata().labels);
  }

  void add(Compared&& compared) {
    findings_.add(std::move(compared.findings));
    switch (compared.what) {
      case Compared::failed:
        ++report_.left_out;
        return;
      case Compared::not_annotated:
        ++report_.not_annotated;
        return;
      case Compared::unknown:
        ++report_.unknown;
        return;
      case Compared::evaluated:
        break;
    }
    ++report_.items;
    report_.not_predicted += !compared.is_predicted;
    for (std::size_t i = 0; i < coco_.size(); ++i) coco_[i].add(compared.number, compared.parts[i]);
    if (compared.semantic) semantic_->add(*compared.semantic);
    for (std::size_t label = 0; label < compared.panoptic.size(); ++label)
      panoptic_[label].add(compared.panoptic[label]);
    for (std::size_t i = 0; i < errors_.size(); ++i)
      errors_[i].add(compared.number, std::move(compared.errors[i]));
    if (!images_) return;
    images_->add(compared.position, compared.position_b, compared.id);
    if (images_->semantic) images_->semantic->add(compared.semantic ? &*compared.semantic : nullptr);
    if (images_->panoptic) images_->panoptic->add(compared.panoptic);
  }

  void finish() {
    report_.labels = truth_.metadata().labels;
    if (semantic_) report_.semantic.emplace(semantic_report());
    if (metrics_.contains(Metric::panoptic))
      report_.panoptic.emplace(panoptic_, quality_of(panoptic_, report_.labels));
    const std::vector<char> letters = frequencies(truth_.metadata());
    for (std::size_t i = 0; i < coco_.size(); ++i) {
      CocoCurves curves = coco_[i].curves();
      CocoScores scores = coco_[i].scores(curves, letters);
      report_.coco.push_back({kinds_[i], std::move(curves), std::move(scores), {}});
      if (with_errors_) report_.coco.back().errors = errors_[i].scores();
      if (images_) images_->coco.push_back({kinds_[i], std::move(coco_[i]), letters});
    }
    report_.images = images_;
    report_.bootstrap = bootstrap_;
    if (bootstrap_.resamples > 0) draw_intervals();
  }

  void draw_intervals() {
    const std::vector<std::uint32_t> places = images_->in_order();
    for (const EvaluatedImages::Group& group : images_->groups()) {
      const std::vector<std::optional<Interval>> drawn =
          bootstrap(*group.scores, places, images_->size(), bootstrap_);
      const WeightedScores::Names& names = group.scores->names();
      EvaluationReport::Intervals own{group.name, {}, names.of_label, {}};
      for (std::size_t i = 0; i < names.overall.size(); ++i)
        own.overall.emplace_back(names.overall[i], drawn[i]);
      for (std::size_t i = 0; i < names.labels.size(); ++i)
        own.labels.emplace_back(names.labels[i], drawn[names.overall.size() + i]);
      report_.intervals.push_back(std::move(own));
    }
  }

  /// Without the background that was added, where nothing was painted on it.
  EvaluationReport::Semantic semantic_report() const {
    EvaluationReport::Semantic semantic{semantic_->labels(), semantic_->scores(), semantic_->confusion()};
    const LabelScores& last = semantic.scores.labels.back();
    if (semantic.labels.size() > report_.labels.size() && last.pixels + last.predicted == 0) {
      semantic.labels = report_.labels;
      semantic.scores.labels.pop_back();
    }
    return semantic;
  }

  Source& truth_;
  Source& predictions_;
  Findings& findings_;
  const std::set<Metric> metrics_;
  const std::vector<OverlapKind> kinds_;
  const std::vector<int> label_of_;
  const BootstrapSettings bootstrap_;
  const bool with_errors_;
  const OverlapMeter meter_;
  std::optional<SemanticEvaluation> semantic_;
  std::vector<CocoEvaluation> coco_;
  std::vector<DetectionErrors> errors_;
  std::vector<PanopticCounts> panoptic_;
  std::shared_ptr<EvaluatedImages> images_;  // where they are kept
  EvaluationReport report_;
};

}  // namespace

std::set<Metric> default_metrics(Source& truth, Source& predictions, const OverlapSettings& overlaps) {
  return metrics_for(holdings_of(truth), holdings_of(predictions), truth.metadata().labels,
                     overlaps.score.has_value());
}

EvaluationReport evaluate(Source& truth, Source& predictions, const EvaluationSettings& settings,
                          Findings& findings) {
  return Evaluator(truth, predictions, settings, findings).run();
}

std::set<Metric> EvaluationReport::metrics() const {
  std::set<Metric> metrics;
  if (semantic) metrics.insert(Metric::semantic);
  if (panoptic) metrics.insert(Metric::panoptic);
  for (const Coco& own : coco)
    metrics.insert(own.kind == OverlapKind::bbox   ? Metric::bbox
                   : own.kind == OverlapKind::segm ? Metric::segm
                                                   : Metric::boundary);
  return metrics;
}

std::vector<int> labels_by_name(const LabelMap& truth, const LabelMap& predictions) {
  std::vector<int> label_of;
  for (const Label& label : predictions) label_of.push_back(truth.find(label.name).value_or(-1));
  return label_of;
}

namespace {

Json to_json(const EvaluationReport::Intervals& intervals) {
  const auto bounds = [](const std::optional<Interval>& interval) {
    return interval ? Json{interval->low, interval->high} : Json(nullptr);
  };
  Json object = Json::object(), classes = Json::array();
  for (const auto& [name, interval] : intervals.overall) object[name] = bounds(interval);
  for (const auto& [name, interval] : intervals.labels)
    if (interval) classes.push_back({{"name", name}, {intervals.of_label, bounds(interval)}});
  object["classes"] = std::move(classes);
  return object;
}

std::string to_table(const EvaluationReport::Intervals& intervals) {
  std::string text = intervals.metric + ", 95 % intervals\n";
  for (const auto& [name, interval] : intervals.overall)
    if (interval) text += fmt::format("  {:<17} {:.4f} to {:.4f}\n", name, interval->low, interval->high);
  return text;
}

}  // namespace

Json to_json(const EvaluationReport& report) {
  Json document{{"items", report.items},
                {"left_out", report.left_out},
                {"not_annotated", report.not_annotated},
                {"not_predicted", report.not_predicted},
                {"unknown", report.unknown}};
  if (report.semantic)
    document["semantic"] = to_json(report.semantic->scores, report.semantic->labels)["semantic"];
  for (const EvaluationReport::Coco& coco : report.coco) {
    Json& own = document["coco"][std::string(name_of(coco.kind))];
    own = to_json(coco.scores, report.labels);
    if (coco.errors) own["errors"] = to_json(*coco.errors);
  }
  if (report.panoptic)
    document["panoptic"] = to_json(report.panoptic->quality, report.panoptic->counts, report.labels);
  if (report.bootstrap.resamples > 0) {
    Json intervals = Json::object();
    for (const EvaluationReport::Intervals& own : report.intervals) intervals[own.metric] = to_json(own);
    document["bootstrap"] = {{"resamples", report.bootstrap.resamples},
                             {"seed", report.bootstrap.seed},
                             {"intervals", std::move(intervals)}};
  }
  return document;
}

std::string to_text(const EvaluationReport& report) {
  std::string text = counted(report.items, "item") + " evaluated\n";
  const auto remark = [&](std::size_t items, const char* what) {
    if (items > 0) text += fmt::format("{} {}\n", counted(items, "item"), what);
  };
  remark(report.left_out, "could not be compared");
  remark(report.not_annotated, "of the truth not annotated, and left out");
  remark(report.not_predicted, "of the truth without a prediction");
  remark(report.unknown, "of the predictions unknown to the truth, and left out");
  if (report.semantic) text += "\n" + to_table(report.semantic->scores, report.semantic->labels);
  for (const EvaluationReport::Coco& coco : report.coco) {
    text += "\n" + to_table(coco.scores, report.labels, name_of(coco.kind));
    if (coco.errors) text += "\n" + to_table(*coco.errors);
  }
  if (report.panoptic)
    text += "\npanoptic\n" + to_table(report.panoptic->quality, report.panoptic->counts, report.labels);
  for (const EvaluationReport::Intervals& intervals : report.intervals) text += "\n" + to_table(intervals);
  return text;
}

}  // namespace maskmill
