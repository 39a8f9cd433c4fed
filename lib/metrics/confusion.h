// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "dataset/labels.h"

namespace maskmill {

/// How many pixels of each label were predicted as each label. Sums over images; matrices of parallel work
/// are merged.
class ConfusionMatrix {
 public:
  /// Throws Error(bad_value) outside 1..4096 labels.
  explicit ConfusionMatrix(int labels);

  /// Both masks: CV_16UC1 label indices or kUnlabelled, of one size. One pass, bound by memory.
  /// Pixels whose truth is kUnlabelled or one of `ignore` are left out, whatever was predicted there. A
  /// prediction of kUnlabelled or of an ignored label elsewhere is a miss of the true label and an error of
  /// no other. Throws Error(bad_value) for masks that differ in size or type and for values that are no
  /// label; then nothing is added.
  void add(const cv::Mat& prediction, const cv::Mat& truth, std::span<const int> ignore = {});
  /// Throws Error(bad_value) where the numbers of labels differ.
  void add(const ConfusionMatrix& other);

  int labels() const { return labels_; }
  std::int64_t count(int truth, int prediction) const { return cell(truth, prediction); }
  /// Pixels of this label that were predicted as no label.
  std::int64_t missed(int truth) const { return cell(truth, labels_); }
  /// Pixels left out.
  std::int64_t ignored() const { return ignored_; }

  friend bool operator==(const ConfusionMatrix&, const ConfusionMatrix&) = default;

 private:
  std::int64_t cell(int truth, int column) const {
    return counts_[static_cast<std::size_t>(truth) * static_cast<std::size_t>(labels_ + 1) +
                   static_cast<std::size_t>(column)];
  }

  int labels_;
  std::vector<std::int64_t> counts_;  // rows: truth; columns: prediction, and one for no label
  std::int64_t ignored_ = 0;
};

/// Of one label, in 0..1. With TP, FP, FN pixels right, wrongly given this label, and wrongly denied it:
struct LabelScores {
  std::optional<double>
      iou;  ///< TP / (TP + FP + FN): Jaccard, "The distribution of the flora in the alpine zone", 1912
  std::optional<double> dice;       ///< 2 TP / (2 TP + FP + FN): Dice 1945, Sorensen 1948; also the F1 score
  std::optional<double> precision;  ///< TP / (TP + FP); undefined where the label was not predicted
  std::optional<double> recall;     ///< TP / (TP + FN); undefined where the label is not in the truth
  /// Of the pixels near the label's edges alone, as metrics/semantic_evaluation.h measures it; undefined
  /// where nobody did.
  std::optional<double> boundary_iou;
  std::int64_t pixels = 0;     ///< TP + FN
  std::int64_t predicted = 0;  ///< TP + FP
};

/// Of pixels summed over all images that went into the matrix, not a mean of scores an image.
struct SemanticScores {
  std::vector<LabelScores> labels;
  /// Means over the labels that are in the truth or in the prediction: one that is in neither is undefined
  /// and does not count, one that was only predicted counts as 0. Background counts as a label. scikit-learn
  /// calls it "macro".
  std::optional<double> mean_iou, mean_dice;
  std::optional<double> mean_boundary_iou;
  std::optional<double> pixel_accuracy;  ///< pixels right over pixels counted; undefined where there are none
};

/// How many pixels of one label are what, of which all its scores follow.
struct LabelPixels {
  std::int64_t right = 0, truth = 0, predicted = 0;       ///< TP, TP + FN, TP + FP
  std::int64_t boundary_common = 0, boundary_either = 0;  ///< of those near the label's edges
  void add(const LabelPixels& other, std::int64_t times = 1);
};
std::vector<LabelPixels> pixels_of(const ConfusionMatrix& matrix);

SemanticScores scores_of(std::span<const LabelPixels> labels);
SemanticScores scores_of(const ConfusionMatrix& matrix);

/// {"semantic": {mean_iou, mean_dice, pixel_accuracy, classes: [{name, iou, dice, precision, recall,
/// pixels}]}}; undefined is null. Labels of role ignore are left out. Where boundaries were measured there
/// are mean_boundary_iou and, in each class, boundary_iou besides.
Json to_json(const SemanticScores& scores, const LabelMap& labels);
/// The same for a terminal, a line a label and the means below; undefined is "-".
std::string to_table(const SemanticScores& scores, const LabelMap& labels);

}  // namespace maskmill
