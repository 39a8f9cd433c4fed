// SPDX-License-Identifier: Apache-2.0
#include "metrics/semantic_evaluation.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/error.h"
#include "dataset/column_runs.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "dataset/run_builder.h"
#include "metrics/boundary.h"
#include "metrics/coco_overlaps.h"

namespace maskmill {
namespace {

/// The pixels of each label, in one pass; at the end those of none.
std::vector<std::optional<Rle>> pixels_by_label(const cv::Mat& mask, std::size_t labels) {
  std::vector<std::optional<RunBuilder>> builders(labels + 1);
  ColumnRuns columns(mask);
  std::uint32_t start = 0;
  for (auto runs = columns.next(); !runs.empty(); runs = columns.next()) {
    for (const ColumnRun& run : runs) {
      auto& builder = builders[std::min<std::size_t>(run.value, labels)];
      if (!builder) builder.emplace();
      builder->add(start + run.top, start + run.bottom);
    }
    start += static_cast<std::uint32_t>(mask.rows);
  }
  std::vector<std::optional<Rle>> pixels(labels + 1);
  for (std::size_t i = 0; i < builders.size(); ++i)
    if (builders[i]) pixels[i] = std::move(*builders[i]).finish({mask.cols, mask.rows});
  return pixels;
}

std::vector<int> ignored_labels(const LabelMap& labels) {
  std::vector<int> ignored;
  for (int i = 0; i < labels.size(); ++i)
    if (labels.is_ignored(i)) ignored.push_back(i);
  return ignored;
}

}  // namespace

SemanticEvaluation::SemanticEvaluation(const LabelMap& truth, const LabelMap& predictions,
                                       std::vector<int> label_of, bool with_boundaries)
    : labels_(with_background(truth)),
      predicted_labels_(with_background(predictions)),
      truth_has_background_(truth.background().has_value()),
      label_of_(std::move(label_of)),
      ignored_(ignored_labels(labels_)),
      with_boundaries_(with_boundaries),
      confusion_(labels_.size()),
      boundaries_(static_cast<std::size_t>(labels_.size())) {
  label_of_.resize(static_cast<std::size_t>(predicted_labels_.size()), -1);
  label_of_[static_cast<std::size_t>(*predicted_labels_.background())] = *labels_.background();
}

cv::Mat SemanticEvaluation::truth_mask(const Item& item) const {
  return semantic_of(item, labels_).labels;
}

cv::Mat SemanticEvaluation::predicted_mask(const Item& item, const Item& truth) const {
  // A mask of labels that has no background says nothing of it; predicting it there is a miss of the label.
  const bool is_background_known = truth_has_background_ || !truth.semantic;
  Item painted;
  const Item* source = &item;
  if (!item.semantic && std::ranges::any_of(item.annotations, [](const Annotation& one) {
        return score_of(one).has_value();
      })) {
    painted = item;
    std::ranges::stable_sort(painted.annotations, {},
                             [](const Annotation& one) { return score_of(one).value_or(0); });
    source = &painted;
  }
  cv::Mat mask = semantic_of(*source, predicted_labels_).labels;
  std::vector<std::uint16_t> numbers;
  for (const int label : label_of_) {
    const bool is_known = label >= 0 && (is_background_known || label != labels_.background());
    numbers.push_back(static_cast<std::uint16_t>(is_known ? label : kUnlabelled));
  }
  for (int y = 0; y < mask.rows; ++y) {
    auto* row = mask.ptr<std::uint16_t>(y);
    for (int x = 0; x < mask.cols; ++x)
      row[x] = row[x] < numbers.size() ? numbers[row[x]] : static_cast<std::uint16_t>(kUnlabelled);
  }
  return mask;
}

SemanticEvaluation::Image SemanticEvaluation::compare(const Item& truth, const Item& prediction) const {
  const cv::Mat expected = truth_mask(truth);
  const cv::Mat predicted = predicted_mask(prediction, truth);
  Image image{ConfusionMatrix(labels_.size()), {}};
  image.confusion.add(predicted, expected, ignored_);
  if (with_boundaries_) image.boundaries = boundaries(predicted, expected);
  return image;
}

std::vector<SemanticEvaluation::Image::Boundary> SemanticEvaluation::boundaries(const cv::Mat& prediction,
                                                                                const cv::Mat& truth) const {
  const auto labels = static_cast<std::size_t>(labels_.size());
  const auto expected = pixels_by_label(truth, labels), predicted = pixels_by_label(prediction, labels);
  std::vector<Rle> voids;
  if (expected[labels]) voids.push_back(*expected[labels]);
  for (const int label : ignored_)
    if (const auto& pixels = expected[static_cast<std::size_t>(label)]) voids.push_back(*pixels);
  const std::optional<Rle> left_out = voids.empty() ? std::nullopt : std::optional(merged(voids));
  const auto counted_boundary = [&](const Rle& pixels) {
    const Rle boundary = boundary_of(pixels);
    return left_out ? difference(boundary, *left_out) : boundary;
  };
  std::vector<Image::Boundary> found;
  for (std::size_t label = 0; label < labels; ++label) {
    if (labels_.is_ignored(static_cast<int>(label)) || (!expected[label] && !predicted[label])) continue;
    Image::Boundary one{static_cast<int>(label), 0, 0};
    std::optional<Rle> a, b;
    if (expected[label]) one.either += area(a.emplace(counted_boundary(*expected[label])));
    if (predicted[label]) one.either += area(b.emplace(counted_boundary(*predicted[label])));
    if (a && b) one.common = intersection_area(*a, *b);
    one.either -= one.common;
    found.push_back(one);
  }
  return found;
}

std::vector<LabelPixels> SemanticEvaluation::pixels_of(const Image& image) {
  std::vector<LabelPixels> labels = maskmill::pixels_of(image.confusion);
  for (const Image::Boundary& boundary : image.boundaries) {
    labels[static_cast<std::size_t>(boundary.label)].boundary_common = boundary.common;
    labels[static_cast<std::size_t>(boundary.label)].boundary_either = boundary.either;
  }
  return labels;
}

void SemanticEvaluation::add(const Image& image) {
  confusion_.add(image.confusion);
  for (const Image::Boundary& boundary : image.boundaries)
    boundaries_[static_cast<std::size_t>(boundary.label)].add({0, 0, 0, boundary.common, boundary.either});
}

SemanticScores SemanticEvaluation::scores() const {
  std::vector<LabelPixels> labels = maskmill::pixels_of(confusion_);
  for (std::size_t label = 0; label < labels.size(); ++label) labels[label].add(boundaries_[label]);
  return scores_of(labels);
}

}  // namespace maskmill
