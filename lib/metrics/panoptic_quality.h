// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "dataset/item.h"
#include "dataset/labels.h"
#include "dataset/rle.h"
#include "metrics/outcomes.h"

namespace maskmill {

/// One segment of an image. No label, or one of role ignore: void.
struct PanopticSegment {
  std::optional<int> label;  ///< index in the truth's LabelMap
  bool crowd = false;        ///< of the truth: several objects that nobody told apart
  Rle pixels;
};

/// How segments met, of one label; sums over images.
struct PanopticCounts {
  double iou = 0;                                   ///< of the matches
  std::int64_t matches = 0, wrong = 0, missed = 0;  ///< TP, FP, FN
  void add(const PanopticCounts& other);
};

/// Matches the segments of one image as Kirillov, He, Girshick, Rother and Dollar ("Panoptic Segmentation",
/// CVPR 2019) do and panopticapi does it: two of one label match where their intersection over union, void of
/// the truth left out, is above .5. A crowd of the truth is neither missed nor matched. A predicted segment
/// without a match is no error where more than half of it lies on void or on a crowd of its label. Where
/// segments overlap, the later one has the pixels; areas are those of pixels. The result has one entry a
/// label. Linear in the pixels. Throws Error(bad_value) for segments of different sizes, and for more than
/// 65,535 of them.
struct SegmentOutcomes {
  std::vector<Outcome> truth, predicted;
};
std::vector<PanopticCounts> match_segments(std::span<const PanopticSegment> truth,
                                           std::span<const PanopticSegment> predicted, const LabelMap& labels,
                                           SegmentOutcomes* outcomes = nullptr);

/// The annotations with an area, and which they are.
struct ItemSegments {
  std::vector<PanopticSegment> segments;
  std::vector<std::size_t> annotations;
};
/// `prediction` may be null, and then has no segments; it also tells the size where the truth does not.
/// `label_of`: by the predictions' label, the truth's index or -1. Throws Error(bad_value) where the size is
/// unknown or either has a mask of labels; else as pixels_of().
ItemSegments truth_segments(const Item& truth, const Item* prediction);
ItemSegments predicted_segments(const Item& truth, const Item* prediction, const std::vector<int>& label_of);

/// In 0..1; undefined where there is nothing of the label, neither in the truth nor predicted.
struct PanopticScore {
  std::optional<double> pq;  ///< sum of IoU / (TP + FP / 2 + FN / 2) = sq rq
  std::optional<double> sq;  ///< mean IoU of the matches; 0 without any
  std::optional<double> rq;  ///< TP / (TP + FP / 2 + FN / 2): the F1 score
};

struct PanopticQuality {
  std::vector<PanopticScore> labels;
  /// Means over the labels of which there is something; of all, of those that are things, and of stuff.
  PanopticScore all, things, stuff;
};
PanopticQuality quality_of(std::span<const PanopticCounts> counts, const LabelMap& labels);

/// {PQ, SQ, RQ, things: {PQ, SQ, RQ}, stuff: {...}, classes: [{name, PQ, SQ, RQ, matches, wrong, missed}]};
/// undefined is null. Labels of which there is nothing are left out of the classes.
Json to_json(const PanopticQuality& quality, std::span<const PanopticCounts> counts, const LabelMap& labels);
std::string to_table(const PanopticQuality& quality, std::span<const PanopticCounts> counts,
                     const LabelMap& labels);

}  // namespace maskmill
