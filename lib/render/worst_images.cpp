// SPDX-License-Identifier: Apache-2.0
#include "render/worst_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>

#include "base/parallel.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "metrics/outcomes.h"
#include "render/overlay.h"
#include "render/sheet.h"

namespace maskmill {
namespace {

// Of Okabe and Ito's colours, which colour-blind people tell apart; besides, what is wrong or missed is
// hatched and named.
constexpr Rgb kFoundColour{0, 158, 115}, kMissedColour{0, 114, 178}, kWrongColour{213, 94, 0},
    kUncountedColour{150, 150, 150};

/// The items at these positions of a source, read again.
std::map<std::size_t, Item> items_at(Source& source, std::vector<std::size_t> positions) {
  std::ranges::sort(positions);
  std::map<std::size_t, Item> items;
  std::size_t position = 0;
  source.rewind();
  for (const std::size_t wanted : positions)
    while (const ReadItem read = source.next())
      if (position++ == wanted) {
        std::vector<Finding> said_before;
        if (std::optional<Item> item = read(said_before)) items.emplace(wanted, std::move(*item));
        break;
      }
  return items;
}

/// The picture that is drawn on; gray where there is none, or it cannot be read.
cv::Mat picture_of(const Item& truth, const Item* prediction, std::string& detail) {
  constexpr int kPicturePx = 640;
  for (const Item* item : {&truth, prediction}) {
    if (!item || !has_image(*item)) continue;
    try {
      return item->made_image ? reduced(read_picture(*item), kPicturePx)
                              : read_reduced(item->image, kPicturePx);
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
    }
  }
  detail += ", without its image";
  const std::optional<Size> size = truth.size ? truth.size : prediction ? prediction->size : std::nullopt;
  if (!size) return {};
  const Size small = reduced(*size, kPicturePx);
  return cv::Mat(small.height, small.width, CV_8UC3, cv::Scalar::all(96));
}

class WorstImageDrawer {
 public:
  WorstImageDrawer(const EvaluatedSources& evaluated, std::string metric, std::optional<double> least_score)
      : evaluated_(evaluated),
        images_(*evaluated.report.images),
        metric_(std::move(metric)),
        truth_labels_(evaluated.truth.metadata().labels),
        predicted_labels_(evaluated.predictions.metadata().labels),
        label_of_(labels_by_name(truth_labels_, predicted_labels_)),
        meter_(truth_labels_, label_of_, evaluated.overlaps),
        scores_(scores_of_images(images_, metric_, least_score)) {
    if (metric_ == "semantic") semantic_.emplace(truth_labels_, predicted_labels_, label_of_, false);
    for (const EvaluatedImages::Coco& coco : images_.coco)
      if (name_of(coco.kind) == metric_) {
        kind_ = coco.kind;
        least_score_ = least_score_of(coco, least_score);
        counts_ = coco.evaluation.counts_of_images(least_score_);
      }
  }

  ShownImages run(std::size_t most) {
    const std::vector<std::size_t> places = worst(most);
    std::vector<std::size_t> of_truth, of_predictions;
    for (const std::size_t place : places) {
      of_truth.push_back(images_[place].number);
      if (images_[place].number_b) of_predictions.push_back(*images_[place].number_b);
    }
    const auto truth = items_at(evaluated_.truth, of_truth),
               predicted = items_at(evaluated_.predictions, of_predictions);
    std::vector<ShownImages::Image> drawn(places.size());
    parallel_for(places.size(), [&](std::size_t i) {
      const EvaluatedImages::Image image = images_[places[i]];
      const auto item = truth.find(image.number);
      if (item == truth.end()) return;
      const auto other = image.number_b ? predicted.find(*image.number_b) : predicted.end();
      drawn[i] = draw(places[i], item->second, other == predicted.end() ? nullptr : &other->second);
    });
    std::erase_if(drawn, [](const ShownImages::Image& one) { return one.pictures.empty(); });
    return {introduction(), std::move(drawn)};
  }

 private:
  /// Those with a score below 1, the lowest first; of equal ones those with most errors, then as they come.
  std::vector<std::size_t> worst(std::size_t most) const {
    std::vector<std::size_t> places;
    for (const std::uint32_t place : images_.in_order())
      if (scores_[place] < 1) places.push_back(place);
    const auto errors = [&](std::size_t place) {
      return counts_.empty() ? 0 : counts_[place].wrong + counts_[place].missed;
    };
    std::ranges::stable_sort(places, [&](std::size_t a, std::size_t b) {
      return scores_[a] != scores_[b] ? scores_[a] < scores_[b] : errors(a) > errors(b);
    });
    places.resize(std::min(places.size(), most));
    return places;
  }

  std::string introduction() const {
    if (semantic_)
      return "Those with the lowest mean IoU: truth, prediction, and where they differ in red on gray; hatched is "
             "not scored.";
    const std::string how =
        "first the truth: found objects green, missed ones blue and hatched; then the prediction: right ones green, "
        "wrong ones orange and hatched. Gray is not counted.";
    if (!kind_) return "Those with the lowest panoptic quality: " + how;
    return fmt::format("Those with the lowest F1 at an IoU of .5, {}: {}",
                       std::isfinite(least_score_) ? fmt::format("from a score of {:.3g} on", least_score_)
                                                   : "of all detections",
                       how);
  }

  ShownImages::Image draw(std::size_t place, const Item& truth, const Item* prediction) const {
    ShownImages::Image image{truth.id, detail(place), {}};
    try {
      const cv::Mat picture = picture_of(truth, prediction, image.detail);
      if (picture.empty()) return image;
      if (semantic_)
        draw_masks(picture, truth, *prediction, image);
      else
        draw_outcomes(picture, truth, prediction, image);
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      image.detail += fmt::format(", not drawn: {}", error.message());
    }
    return image;
  }

  std::string detail(std::size_t place) const {
    if (kind_) {
      const DetectionCounts& counts = counts_[place];
      return fmt::format("{} found, {} wrong, {} missed", counts.found, counts.wrong, counts.missed);
    }
    if (semantic_) {
      const SemanticScores scores = images_.semantic->of_image(place);
      return fmt::format("mean IoU {:.3f}, {:.1f} % of the pixels right", scores.mean_iou.value_or(1),
                         100 * scores.pixel_accuracy.value_or(1));
    }
    const auto [quality, counts] = images_.panoptic->of_image(place);
    return fmt::format("PQ {:.3f}: {} matched, {} wrong, {} missed", quality.all.pq.value_or(1),
                       counts.matches, counts.wrong, counts.missed);
  }

  void draw_masks(const cv::Mat& picture, const Item& truth, const Item& prediction,
                  ShownImages::Image& image) const {
    const cv::Mat expected = semantic_->truth_mask(truth),
                  predicted = semantic_->predicted_mask(prediction, truth);
    const LabelMap& labels = semantic_->labels();
    image.pictures = {{"truth", overlay_mask(picture, expected, labels)},
                      {"prediction", overlay_mask(picture, predicted, labels)},
                      {"differences", error_map(picture, expected, predicted, labels)}};
  }

  void draw_outcomes(const cv::Mat& picture, const Item& truth, const Item* prediction,
                     ShownImages::Image& image) const {
    const Outcomes outcomes = outcomes_of(truth, prediction);
    image.pictures.emplace_back("truth", drawn(picture, truth, truth_labels_, outcomes.truth, true));
    image.pictures.emplace_back(
        "prediction",
        prediction ? drawn(picture, *prediction, predicted_labels_, outcomes.prediction, false) : picture);
  }

  Outcomes outcomes_of(const Item& truth, const Item* prediction) const {
    if (!kind_) return segment_outcomes(truth, prediction, truth_labels_, label_of_);
    std::vector<Finding> said_before;
    const std::array kinds{*kind_};
    return detection_outcomes(meter_.measure(truth, prediction, kinds, said_before).front(), truth,
                              prediction, least_score_);
  }

  /// In the colours of what came of it, with its label's name.
  cv::Mat drawn(const cv::Mat& picture, const Item& item, const LabelMap& labels,
                const std::vector<Outcome>& outcomes, bool is_truth) const {
    Item shown;
    shown.size = item.size ? item.size : Size{picture.cols, picture.rows};
    LabelMap named;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const Outcome outcome = outcomes[i];
      if (outcome == Outcome::uncounted && !is_truth) continue;
      Annotation annotation;
      annotation.shape = shape_of(item.annotations[i], outcome);
      annotation.score = item.annotations[i].score;
      annotation.flags.crowd = outcome != Outcome::found;  // which is drawn hatched
      const auto& [word, colour] = words_of(outcome);
      const std::optional<int> label = item.annotations[i].label;
      Label own;
      own.name = fmt::format("{} {}", word, label ? labels[*label].name : "segment");
      own.colour = colour;
      const std::optional<int> known = named.find(own.name);
      annotation.label = known ? *known : named.add(own);
      shown.annotations.push_back(std::move(annotation));
    }
    OverlaySettings settings;
    settings.opacity = .3;
    return overlay(picture, shown, named, settings);
  }

  static std::pair<const char*, Rgb> words_of(Outcome outcome) {
    switch (outcome) {
      case Outcome::found:
        return {"found", kFoundColour};
      case Outcome::missed:
        return {"missed", kMissedColour};
      case Outcome::wrong:
        return {"wrong", kWrongColour};
      case Outcome::uncounted:
        break;
    }
    return {"not counted:", kUncountedColour};
  }

  /// With boxes, its box: as a frame where it is right, filled where it is hatched.
  Shape shape_of(const Annotation& annotation, Outcome outcome) const {
    const bool has_mask = has_area(annotation.shape);
    if (kind_ != OverlapKind::bbox && has_mask) return annotation.shape;
    const std::optional<Box> box = annotation.box ? annotation.box : bounding_box(annotation.shape);
    if (!box) return annotation.shape;  // a mask file
    if (outcome == Outcome::found) return *box;
    const double right = box->x + box->width, bottom = box->y + box->height;
    return Polygon{{{{{box->x, box->y}, {right, box->y}, {right, bottom}, {box->x, bottom}}, {}}}};
  }

  const EvaluatedSources& evaluated_;
  const EvaluatedImages& images_;
  const std::string metric_;
  const LabelMap& truth_labels_;
  const LabelMap& predicted_labels_;
  const std::vector<int> label_of_;
  const OverlapMeter meter_;
  const std::vector<double> scores_;  // by place
  std::optional<SemanticEvaluation> semantic_;
  std::optional<OverlapKind> kind_;  // nothing where masks or segments are drawn
  double least_score_ = 0;
  std::vector<DetectionCounts> counts_;
};

/// What images are drawn for: masks of objects before boxes before segments before masks of labels, and
/// those of which there is something to find before others.
std::string metric_drawn(const EvaluationReport& report) {
  const std::set<Metric> metrics = report.metrics();
  const auto is_defined = [&](std::string_view name) {
    return std::ranges::any_of(report.coco, [&](const EvaluationReport::Coco& coco) {
      return name_of(coco.kind) == name && coco.scores.overall.front().second;
    });
  };
  std::string first;
  for (const Metric metric : {Metric::segm, Metric::boundary, Metric::bbox, Metric::panoptic}) {
    if (!metrics.contains(metric)) continue;
    const std::string name(name_of(metric));
    if (first.empty()) first = name;
    if (metric == Metric::panoptic || is_defined(name)) return name;
  }
  return first.empty() ? "semantic" : first;
}

}  // namespace

ShownImages worst_images(const EvaluatedSources& evaluated, std::optional<double> least_score, int most) {
  return WorstImageDrawer(evaluated, metric_drawn(evaluated.report), least_score)
      .run(static_cast<std::size_t>(most));
}

}  // namespace maskmill
