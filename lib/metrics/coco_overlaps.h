// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/finding.h"
#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

/// What the overlap of two objects is measured on: COCO's iouType.
enum class OverlapKind {
  bbox,  ///< their boxes
  segm,  ///< their pixels
  /// Of the pixels' boundaries, 2 % of the image's diagonal wide, or of the pixels where that is less; of
  /// crowds, of the pixels (Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation
  /// Evaluation", 2021).
  boundary
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<OverlapKind>{"bbox", "segm", "boundary"};
inline constexpr std::size_t kOverlapKinds = 3;

/// The objects of one label in one image, and how much of each other they cover.
struct Overlaps {
  struct Truth {
    double area = 0;          ///< as stated, else of its pixels, else of its box
    bool is_crowd = false;    ///< ignored, and may be found any number of times
    bool is_ignored = false;  ///< whatever its area
    /// pycocotools marks what a detection found by the annotation's id, and 0 for nothing: what finds the
    /// annotation of the id 0 counts as wrong there, and so it does here.
    bool has_id_0 = false;
    std::uint32_t annotation = 0;  ///< its index in the truth's item
  };
  struct Detection {
    double score = 0;
    double area = 0;  ///< of the box where one is stated, else of the pixels, as pycocotools' loadRes has it
    std::uint32_t annotation = 0;  ///< its index in the predictions' item
  };
  int label = 0;                      ///< index in the truth's LabelMap
  bool is_exhaustive = true;          ///< all objects of the label in this image are annotated
  std::vector<Truth> truths;          ///< in the data set's order
  std::vector<Detection> detections;  ///< best score first; equal ones in the data set's order
  std::vector<double> ious;           ///< by detection, then by truth; empty where there is none of either
  /// With OverlapSettings::across_labels, by detection, then by all truths of the image, label after label as
  /// measure() returns them; 0 of crowds.
  std::vector<double> ious_of_all;

  double iou(std::size_t detection, std::size_t truth) const {
    return ious[detection * truths.size() + truth];
  }
};

/// Which rules of an evaluation differ between COCO and LVIS.
enum class Protocol {
  coco,  ///< at most 100 detections of a label and an image
  /// Gupta et al., "LVIS: A Dataset for Large Vocabulary Instance Segmentation", 2019: at most 300 detections
  /// an image; a label counts only in images that have it or are said not to (neg_category_ids), and what
  /// finds nothing is no error where its label is not annotated exhaustively (not_exhaustive_category_ids).
  /// There are no crowds, and what has no area takes no part.
  lvis
};

struct OverlapSettings {
  Protocol protocol = Protocol::coco;
  std::optional<double> score = {};  // of detections that have none; unset: those are left out
  bool across_labels = false;  // also measure detections against truths of other labels, which takes longer
};

/// The overlaps of images of one pair of data sets. Thread-safe.
class OverlapMeter {
 public:
  /// `label_of`: by the predictions' label, the truth's index or -1.
  OverlapMeter(const LabelMap& truth_labels, std::vector<int> label_of, OverlapSettings settings);

  /// For each kind, the labels that either has objects of, in the order of their indices. `detections` may be
  /// null: there are none. What has no area is left out of segm and boundary; a detection that is only a box
  /// is taken for a mask of that box, as pycocotools does. Labels that are not objects, and masks of a
  /// label's own, take no part. Throws Error as read_mask_shape and rasterise, and Error(bad_value) where
  /// LVIS's image attributes are missing.
  std::vector<std::vector<Overlaps>> measure(const Item& truth, const Item* detections,
                                             std::span<const OverlapKind> kinds,
                                             std::vector<Finding>& findings) const;

 private:
  class Image;
  const LabelMap& labels_;
  std::vector<int> label_of_;
  OverlapSettings settings_;
};

/// The score, which readers keep as an attribute where it lies outside of 0 to 1.
std::optional<double> score_of(const Annotation& annotation);

}  // namespace maskmill
