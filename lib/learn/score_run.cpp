// SPDX-License-Identifier: Apache-2.0
#include "learn/score_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "image/image.h"
#include "render/overlay.h"
#include "render/sheet.h"

namespace maskmill::learn {
namespace {

constexpr int kPicturePx = 640;

double or_nan(const std::optional<double>& value) {
  return value.value_or(std::numeric_limits<double>::quiet_NaN());
}

std::string percent_like(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "undefined";
}

ShownImages::Image shown(const PredictedItem& item, const SemanticScores& scores, const LabelMap& classes) {
  const cv::Mat picture = reduced(read_picture(item.item), kPicturePx);
  return {item.item.id,
          "mean Dice " + percent_like(scores.mean_dice) + ", IoU " + percent_like(scores.mean_iou),
          {{"truth", overlay_mask(picture, item.truth, classes)},
           {"prediction", overlay_mask(picture, item.prediction.labels, classes)},
           {"errors", error_map(picture, item.truth, item.prediction.labels, classes)}}};
}

// The `keep` images of lowest mean Dice, worst first; pictures are drawn only of those that stay.
class Worst {
 public:
  explicit Worst(std::size_t keep) : keep_(keep) {}

  void add(const PredictedItem& item, const SemanticScores& scores, const LabelMap& classes) {
    if (!scores.mean_dice || keep_ == 0) return;
    if (kept_.size() == keep_ && *scores.mean_dice >= kept_.back().first) return;
    const auto place = std::upper_bound(kept_.begin(), kept_.end(), *scores.mean_dice,
                                        [](double value, const auto& entry) { return value < entry.first; });
    kept_.insert(place, {*scores.mean_dice, shown(item, scores, classes)});
    if (kept_.size() > keep_) kept_.pop_back();
  }

  ShownImages take() {
    ShownImages worst{
        "Those of lowest mean Dice: truth, prediction, and the errors in red; hatched is not scored.", {}};
    for (auto& [dice, image] : kept_) worst.images.push_back(std::move(image));
    return worst;
  }

 private:
  std::size_t keep_;
  std::vector<std::pair<double, ShownImages::Image>> kept_;
};

}  // namespace

ScoreReport score(Predictor& predictor, Source& source, int batch_size, std::size_t worst,
                  Findings& findings) {
  const auto start = std::chrono::steady_clock::now();
  const LabelMap& classes = predictor.card().classes;
  const ClassMap truth = ClassMap::matching(source.metadata().labels, classes);
  ScoreReport report{.confusion = ConfusionMatrix(classes.size()), .scores = {}, .left_out = {}, .worst = {}};
  Worst kept(worst);
  report.left_out =
      predict_items(predictor, source, batch_size, false, &truth, findings, [&](PredictedItem&& item) {
        ConfusionMatrix own(classes.size());
        own.add(item.prediction.labels, item.truth);
        report.confusion.add(own);
        kept.add(item, scores_of(own), classes);
        ++report.items;
      });
  if (report.items == 0) throw nothing_left("no item could be scored", findings);
  report.scores = scores_of(report.confusion);
  report.worst = kept.take();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

std::vector<std::string> remarks_of(const LeftOut& left_out) {
  std::vector<std::string> remarks;
  const auto remark = [&](std::size_t items, const char* why) {
    if (items > 0) remarks.push_back("scored without " + counted(items, "item") + why);
  };
  remark(left_out.unreadable, " that could not be read");
  remark(left_out.not_annotated, " that nobody annotated");
  return remarks;
}

void add_training(TrainingReport& report, const RunFolder& run) {
  report.epochs = run.metrics();
  for (MetricsRow& row : report.epochs)  // how fast it went is no part of how good it is
    std::erase_if(row, [](const auto& metric) {
      return metric.first == "seconds" || metric.first == "images_per_second" ||
             metric.first == "waiting_share";
    });
  TrainSettings settings = run.settings();
  std::optional<double> best;
  for (const MetricsRow& row : report.epochs) {
    const auto value_of = [&](std::string_view name) -> std::optional<double> {
      const auto found = std::ranges::find(row, name, &MetricsRow::value_type::first);
      return found == row.end() ? std::nullopt : std::optional(found->second);
    };
    const auto score = value_of(name_of(monitor_of(settings)));
    if (!score || (best && !(more_is_better(monitor_of(settings)) ? *score > *best : *score < *best)))
      continue;
    best = score;
    report.best_epoch = value_of("epoch");
  }
  for (const Setting& setting : settings_of(settings))
    report.settings.emplace_back(setting.key, setting.value_text());
}

TrainingReport report_of(const RunFolder& run, const ModelCard& card, const ScoreReport& scored,
                         const std::string& subset) {
  TrainingReport report;
  report.title = run.path().filename().string();
  report.subtitle = fmt::format("{} of {}, scored at their own sizes", counted(scored.items, "item"),
                                subset.empty() ? "the data set" : "the subset " + subset);
  report.headline = {{"mean Dice", percent_like(scored.scores.mean_dice)},
                     {"mean IoU", percent_like(scored.scores.mean_iou)},
                     {"pixel accuracy", percent_like(scored.scores.pixel_accuracy)}};
  for (int i = 0; i < card.classes.size(); ++i) {
    const LabelScores& own = scored.scores.labels[static_cast<std::size_t>(i)];
    report.classes.push_back({card.classes[i].name, card.classes.colour(i), or_nan(own.iou), or_nan(own.dice),
                              or_nan(own.precision), or_nan(own.recall), own.pixels});
    if (!own.dice)
      report.remarks.push_back("the class " + in_quotes(card.classes[i].name) +
                               " is neither in this subset nor predicted");
    for (int j = 0; j < card.classes.size(); ++j) report.confusion.push_back(scored.confusion.count(i, j));
  }
  for (std::string& remark : remarks_of(scored.left_out)) report.remarks.push_back(std::move(remark));
  add_training(report, run);
  report.worst = scored.worst;
  return report;
}

}  // namespace maskmill::learn
