// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dataset/item.h"
#include "dataset/labels.h"
#include "metrics/confusion.h"

namespace maskmill {

/// A label a pixel, of a truth and of predictions whose labels are found by name. Sums over images; those of
/// parallel work are merged.
class SemanticEvaluation {
 public:
  /// `label_of`: by the predictions' label, the truth's index or -1.
  SemanticEvaluation(const LabelMap& truth, const LabelMap& predictions, std::vector<int> label_of,
                     bool with_boundaries);

  /// The truth's labels and, at the end where it has none, background: what nothing covers where annotations
  /// are painted. Where masks of labels say what is there, a pixel without a label is void.
  const LabelMap& labels() const { return labels_; }

  /// CV_16UC1 indices into labels(), kUnlabelled where there is none. Throw Error as semantic_of().
  cv::Mat truth_mask(const Item& item) const;
  /// Detections are painted in the order of their scores, the best on top. Where the truth is a mask that has
  /// no background, predicted background is none.
  cv::Mat predicted_mask(const Item& prediction, const Item& truth) const;

  struct Image {
    ConfusionMatrix confusion;
    struct Boundary {
      int label;
      std::int64_t common, either;  ///< pixels
    };
    std::vector<Boundary> boundaries;
  };
  /// On any thread. Throws Error as semantic_of() and ConfusionMatrix::add().
  Image compare(const Item& truth, const Item& prediction) const;
  /// Of one image alone, by label.
  static std::vector<LabelPixels> pixels_of(const Image& image);
  /// One thread at a time.
  void add(const Image& image);

  const ConfusionMatrix& confusion() const { return confusion_; }
  /// LabelScores::boundary_iou is over the pixels within boundary_width() of the label's edges or the
  /// image's, summed over images, void left out (after Cheng et al., "Boundary IoU", 2021, of instances).
  SemanticScores scores() const;

 private:
  std::vector<Image::Boundary> boundaries(const cv::Mat& prediction, const cv::Mat& truth) const;

  LabelMap labels_, predicted_labels_;
  bool truth_has_background_;
  std::vector<int> label_of_;  // by the index in predicted_labels_
  std::vector<int> ignored_;
  bool with_boundaries_;
  ConfusionMatrix confusion_;
  std::vector<LabelPixels> boundaries_;
};

}  // namespace maskmill
