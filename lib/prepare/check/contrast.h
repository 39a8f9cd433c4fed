// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/path.h"
#include "dataset/item.h"
#include "dataset/labels.h"
#include "dataset/rle.h"
#include "dataset/shape_geometry.h"
#include "metrics/coco_matching.h"
#include "metrics/semantic_evaluation.h"

namespace maskmill {

/// What a trained model is like over a whole data set: what confident learning (Northcutt, Jiang and Chuang,
/// "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021) asks of it before it takes the
/// model's word against a label.
struct ModelHabits {
  struct OfLabel {
    /// The mean confidence in the label where it is annotated: of pixels, the probability that they have it;
    /// of objects, the score of the detections that found one of it. Nothing where there is none.
    std::optional<double> confidence;
    /// Objects, and those that a detection of the label found, by COCO's areas: of all, small, medium, large.
    std::array<std::int64_t, kAreaRanges> objects{}, found{};
  };
  std::vector<OfLabel> labels;
  /// Where predictions have no probabilities: of the pixels predicted as one label (second index), the share
  /// that is annotated as another (first).
  std::vector<std::vector<double>> shares;
};

/// One object of the annotations or of the predictions.
struct ContrastObject {
  const Annotation* annotation = nullptr;
  int label = 0;     ///< the annotations' index
  double score = 1;  ///< of a detection
  bool is_crowd = false;
  Box box;
  std::optional<Rle> pixels;
  double area = 0;  ///< square pixels
};

/// The objects of one item beside those predicted.
struct ObjectContrast {
  struct Overlap {
    std::uint32_t detection, truth;
    double iou;  ///< above 0: of pixels where both have an area, else of boxes; of a crowd, the detection's
                 ///< share in it
  };
  std::vector<ContrastObject> truths;      ///< in the annotations' order
  std::vector<ContrastObject> detections;  ///< best score first
  std::vector<Overlap> overlaps;           ///< by detection, the greatest first
};

/// Pixels that the model contradicts: a region of one label with one prediction.
struct ContradictedRegion {
  int label = 0, predicted = 0;  ///< indices in the annotations' labels
  Window window;
  std::int64_t pixels = 0;
  /// Means over its pixels, in 0..1: the probability of what is predicted, and of what is annotated.
  double probability = 0, of_label = 0;
};

/// An item beside what was predicted for it.
struct Contrast {
  const Item& item;
  const Item& prediction;
  const LabelMap& labels;  ///< the annotations', with a background
  Size size;
  ObjectContrast objects;
  std::vector<ContradictedRegion> regions;
};

/// Two objects are one from this IoU on, and are apart below the other, as in TIDE (Bolya et al., "TIDE: A
/// General Toolbox for Identifying Object Detection Errors", 2020).
inline constexpr double kSameObject = 0.5, kApart = 0.1;

/// `label_of`: by the predictions' label, the annotations' or -1. Detections need a score; what is no object
/// takes no part. Throws Error as rasterise() and read_mask_shape().
ObjectContrast contrast_of_objects(const Item& item, const Item& prediction, const LabelMap& labels,
                                   const std::vector<int>& label_of);

/// What habits are made of; sums over items, those of parallel work are added.
class ObjectHabits {
 public:
  explicit ObjectHabits(const LabelMap& labels);
  void add(const ObjectContrast& item);
  void add(const ObjectHabits& other);
  ModelHabits habits() const;

 private:
  struct OfLabel {
    double scores = 0;
    std::int64_t right = 0;
    std::array<std::int64_t, kAreaRanges> objects{}, found{};
  };
  std::vector<OfLabel> labels_;
};

/// Label masks beside predicted ones.
class PixelContrast {
 public:
  /// `probabilities`: the folder of the predictions, where they have them (dataset/probability_files.h).
  PixelContrast(const LabelMap& labels, const LabelMap& predicted, const std::vector<int>& label_of,
                std::optional<Path> probabilities);

  const LabelMap& labels() const { return masks_.labels(); }

  /// What habits are made of, of one item; on any thread.
  struct Sums {
    ConfusionMatrix confusion;
    std::vector<double> probabilities;  ///< by label, over the pixels annotated so
    std::vector<std::int64_t> pixels;
    void add(const Sums& other);
  };
  Sums sums_of(const Item& item, const Item& prediction) const;
  Sums nothing() const;
  ModelHabits habits(const Sums& sums) const;

  /// Where the model predicts another label than the annotated one, and is at least as confident in it as it
  /// is on average where that is annotated. Borders never agree: what is thinner than 1 % of the image's
  /// diagonal is left out, and so are void and what has no label. The largest 100; on any thread. Throws
  /// Error as semantic_of() and read_probabilities().
  std::vector<ContradictedRegion> regions(const Item& item, const Item& prediction,
                                          const ModelHabits& habits) const;

 private:
  struct Masks {
    cv::Mat truth, predicted;
  };
  Masks masks_of(const Item& item, const Item& prediction) const;
  cv::Mat probabilities_of(int label, const Item& prediction, Size size) const;
  void drop_unsure(cv::Mat& pairs, const std::vector<std::pair<int, int>>& labels, const Item& prediction,
                   const ModelHabits& habits) const;
  void measure(std::vector<ContradictedRegion>& regions, const cv::Mat& pairs,
               const std::vector<std::pair<int, int>>& labels, const Item& prediction,
               const ModelHabits& habits) const;

  LabelMap predicted_;
  SemanticEvaluation masks_;
  std::vector<int> class_of_;  // by the annotations' label, the predictions' or -1
  std::vector<bool> is_ignored_;
  std::optional<Path> probabilities_;
};

}  // namespace maskmill
