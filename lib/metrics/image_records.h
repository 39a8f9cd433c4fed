// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataset/labels.h"
#include "metrics/panoptic_quality.h"
#include "metrics/semantic_evaluation.h"
#include "metrics/weighted_scores.h"

namespace maskmill {

/// The pixels of each image by label: 24 bytes for each that an image has, and 4 an image.
class SemanticRecords final : public WeightedScores {
 public:
  explicit SemanticRecords(const LabelMap& labels);

  /// The next image; without pixels of it where it takes no part.
  void add(const SemanticEvaluation::Image* image);
  bool takes_part(std::size_t place) const { return first_[place + 1] > first_[place]; }
  SemanticScores of_image(std::size_t place) const;
  /// mean_iou, mean_dice, pixel_accuracy, mean_boundary_iou; of each label its IoU.
  std::vector<double> values(std::span<const std::uint32_t> weights) const override;

 private:
  /// An image has less than 2^31 pixels.
  struct Record {
    std::uint32_t label, right, truth, predicted, boundary_common, boundary_either;
    LabelPixels pixels() const { return {right, truth, predicted, boundary_common, boundary_either}; }
  };
  std::vector<std::uint32_t> first_{0};  // by place, and one more: where its records begin
  std::vector<Record> records_;
};

/// How the segments of each image met, by label: 24 bytes for each that an image has, and 4 an image.
class PanopticRecords final : public WeightedScores {
 public:
  explicit PanopticRecords(const LabelMap& labels);

  void add(std::span<const PanopticCounts> image);
  /// Of the image alone, with the sum over its labels.
  struct OfImage {
    PanopticQuality quality;
    PanopticCounts counts;
  };
  OfImage of_image(std::size_t place) const;
  /// PQ, SQ and RQ of all, of things (PQth) and of stuff (PQst); of each label its PQ.
  std::vector<double> values(std::span<const std::uint32_t> weights) const override;

 private:
  struct Record {
    double iou;
    std::uint32_t label, matches, wrong, missed;
    PanopticCounts counts() const { return {iou, matches, wrong, missed}; }
  };
  LabelMap labels_;
  std::vector<std::uint32_t> first_{0};
  std::vector<Record> records_;
};

}  // namespace maskmill
