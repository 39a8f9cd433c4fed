// SPDX-License-Identifier: Apache-2.0
#include "metrics/confusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "metrics/text_table.h"

namespace maskmill {
namespace {

constexpr int kMaxLabels = 4096;

/// Pairs of values; what is no label falls into the last row or column. Neighbouring pixels are mostly equal,
/// and an increment of a counter waits for the one before it: four tables in turn let them overlap.
std::vector<std::uint32_t> count_pairs(const cv::Mat& prediction, const cv::Mat& truth, int labels) {
  const auto last = static_cast<std::uint32_t>(labels);
  const std::size_t side = last + 1, cells = side * side;
  const std::size_t tables = cells <= 16384 ? 4 : 1;
  std::vector<std::uint32_t> counts(cells * tables);
  for (int y = 0; y < truth.rows; ++y) {
    const auto* t = truth.ptr<std::uint16_t>(y);
    const auto* p = prediction.ptr<std::uint16_t>(y);
    const auto count = [&](int x, std::uint32_t* table) {
      ++table[std::min<std::uint32_t>(t[x], last) * side + std::min<std::uint32_t>(p[x], last)];
    };
    int x = 0;
    if (tables == 4) {
      for (; x + 4 <= truth.cols; x += 4)
        for (int i = 0; i < 4; ++i) count(x + i, counts.data() + cells * static_cast<std::size_t>(i));
    }
    for (; x < truth.cols; ++x) count(x, counts.data());
  }
  for (std::size_t i = cells; i < counts.size(); ++i) counts[i % cells] += counts[i];
  counts.resize(cells);
  return counts;
}

void require_labels(const cv::Mat& mask, int labels, std::string_view name) {
  for (int y = 0; y < mask.rows; ++y) {
    const auto* row = mask.ptr<std::uint16_t>(y);
    for (int x = 0; x < mask.cols; ++x)
      if (row[x] >= labels && row[x] != kUnlabelled)
        throw Error(Code::bad_value,
                    fmt::format("the {} has the value {} at x {}, y {}, and there are {} labels", name,
                                row[x], x, y, labels));
  }
}

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> mean_score(const std::vector<LabelScores>& labels,
                                 std::optional<double> LabelScores::*score) {
  double sum = 0;
  int defined = 0;
  for (const LabelScores& label : labels)
    if (label.*score) sum += *(label.*score), ++defined;
  if (defined == 0) return std::nullopt;
  return sum / defined;
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(int labels) : labels_(labels) {
  if (labels < 1 || labels > kMaxLabels)
    throw Error(Code::bad_value,
                fmt::format("a confusion matrix has 1 to {} labels, not {}", kMaxLabels, labels));
  counts_.resize(static_cast<std::size_t>(labels) * static_cast<std::size_t>(labels + 1));
}

void ConfusionMatrix::add(const cv::Mat& prediction, const cv::Mat& truth, std::span<const int> ignore) {
  if (prediction.size() != truth.size())
    throw Error(Code::bad_value, fmt::format("the prediction has {}x{} pixels and the truth {}x{}",
                                             prediction.cols, prediction.rows, truth.cols, truth.rows));
  if (prediction.type() != CV_16UC1 || truth.type() != CV_16UC1)
    throw Error(Code::bad_value, "a confusion matrix takes masks of 16-bit label indices");

  const std::vector<std::uint32_t> pairs = count_pairs(prediction, truth, labels_);
  const auto none = static_cast<std::size_t>(labels_), side = none + 1;
  std::uint64_t no_label =
      std::accumulate(pairs.begin() + static_cast<std::ptrdiff_t>(none * side), pairs.end(), 0ULL);
  for (std::size_t t = 0; t < none; ++t) no_label += pairs[t * side + none];
  if (no_label != 0) {
    require_labels(truth, labels_, "truth");
    require_labels(prediction, labels_, "prediction");
  }

  std::vector<bool> is_ignored(side);
  is_ignored[none] = true;
  for (const int label : ignore)
    if (label >= 0 && label < labels_) is_ignored[static_cast<std::size_t>(label)] = true;
  for (std::size_t t = 0; t < side; ++t)
    for (std::size_t p = 0; p < side; ++p) {
      const std::int64_t count = pairs[t * side + p];
      if (is_ignored[t])
        ignored_ += count;
      else
        counts_[t * side + (is_ignored[p] ? none : p)] += count;
    }
}

void ConfusionMatrix::add(const ConfusionMatrix& other) {
  if (other.labels_ != labels_)
    throw Error(Code::bad_value, fmt::format("confusion matrices of {} and {} labels cannot be added",
                                             labels_, other.labels_));
  std::transform(counts_.begin(), counts_.end(), other.counts_.begin(), counts_.begin(), std::plus<>());
  ignored_ += other.ignored_;
}

void LabelPixels::add(const LabelPixels& other, std::int64_t times) {
  right += times * other.right, truth += times * other.truth, predicted += times * other.predicted;
  boundary_common += times * other.boundary_common, boundary_either += times * other.boundary_either;
}

std::vector<LabelPixels> pixels_of(const ConfusionMatrix& matrix) {
  std::vector<LabelPixels> labels(static_cast<std::size_t>(matrix.labels()));
  for (int truth = 0; truth < matrix.labels(); ++truth) {
    labels[static_cast<std::size_t>(truth)].right = matrix.count(truth, truth);
    labels[static_cast<std::size_t>(truth)].truth += matrix.missed(truth);
    for (int prediction = 0; prediction < matrix.labels(); ++prediction) {
      labels[static_cast<std::size_t>(truth)].truth += matrix.count(truth, prediction);
      labels[static_cast<std::size_t>(prediction)].predicted += matrix.count(truth, prediction);
    }
  }
  return labels;
}

SemanticScores scores_of(std::span<const LabelPixels> labels) {
  SemanticScores scores;
  std::int64_t right = 0, all = 0;
  for (const LabelPixels& label : labels) {
    scores.labels.push_back({ratio(label.right, label.truth + label.predicted - label.right),
                             ratio(2 * label.right, label.truth + label.predicted),
                             ratio(label.right, label.predicted), ratio(label.right, label.truth),
                             ratio(label.boundary_common, label.boundary_either), label.truth,
                             label.predicted});
    right += label.right;
    all += label.truth;
  }
  scores.mean_iou = mean_score(scores.labels, &LabelScores::iou);
  scores.mean_dice = mean_score(scores.labels, &LabelScores::dice);
  scores.mean_boundary_iou = mean_score(scores.labels, &LabelScores::boundary_iou);
  scores.pixel_accuracy = ratio(right, all);
  return scores;
}

SemanticScores scores_of(const ConfusionMatrix& matrix) {
  return scores_of(pixels_of(matrix));
}

Json to_json(const SemanticScores& scores, const LabelMap& labels) {
  Json classes = Json::array();
  for (int i = 0; i < labels.size(); ++i) {
    if (labels.is_ignored(i)) continue;
    const LabelScores& score = scores.labels.at(static_cast<std::size_t>(i));
    classes.push_back({{"name", labels[i].name},
                       {"iou", json_of(score.iou)},
                       {"dice", json_of(score.dice)},
                       {"precision", json_of(score.precision)},
                       {"recall", json_of(score.recall)},
                       {"pixels", score.pixels}});
    if (scores.mean_boundary_iou) classes.back()["boundary_iou"] = json_of(score.boundary_iou);
  }
  Json semantic{{"mean_iou", json_of(scores.mean_iou)},
                {"mean_dice", json_of(scores.mean_dice)},
                {"pixel_accuracy", json_of(scores.pixel_accuracy)}};
  if (scores.mean_boundary_iou) semantic["mean_boundary_iou"] = json_of(scores.mean_boundary_iou);
  semantic["classes"] = std::move(classes);
  return {{"semantic", std::move(semantic)}};
}

std::string to_table(const SemanticScores& scores, const LabelMap& labels) {
  std::size_t width = columns_of("pixel accuracy");
  for (const Label& label : labels) width = std::max(width, columns_of(label.name));
  std::string table;
  const bool has_boundaries = scores.mean_boundary_iou.has_value();
  const auto line = [&](std::string_view name, std::string_view iou, std::string_view dice,
                        std::string_view boundary = "", std::string_view precision = "",
                        std::string_view recall = "", std::string_view pixels = "") {
    std::string text =
        fmt::format("{}{}  {:>7}  {:>7}", name, std::string(width - columns_of(name), ' '), iou, dice);
    if (has_boundaries) text += fmt::format("  {:>12}", boundary);
    text += fmt::format("  {:>9}  {:>7}  {:>15}", precision, recall, pixels);
    text.erase(text.find_last_not_of(' ') + 1);
    table += text + '\n';
  };
  line("class", "IoU", "Dice", "boundary IoU", "precision", "recall", "pixels");
  for (int i = 0; i < labels.size(); ++i) {
    if (labels.is_ignored(i)) continue;
    const LabelScores& score = scores.labels.at(static_cast<std::size_t>(i));
    line(labels[i].name, text_of(score.iou), text_of(score.dice), text_of(score.boundary_iou),
         text_of(score.precision), text_of(score.recall),
         with_thousands(static_cast<std::size_t>(score.pixels)));
  }
  line("mean", text_of(scores.mean_iou), text_of(scores.mean_dice), text_of(scores.mean_boundary_iou));
  line("pixel accuracy", text_of(scores.pixel_accuracy), "");
  return table;
}

}  // namespace maskmill
