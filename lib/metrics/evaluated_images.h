// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/name_arena.h"
#include "metrics/coco_evaluation.h"
#include "metrics/image_records.h"
#include "metrics/weighted_scores.h"

namespace maskmill {

/// What is kept of every evaluated image, in the order in which they came ("places"): 12 bytes and its id,
/// and what CocoEvaluation, SemanticRecords and PanopticRecords keep.
class EvaluatedImages {
 public:
  struct Image {
    std::size_t number;                   ///< of the item in the truth, from 0
    std::optional<std::size_t> number_b;  ///< in the predictions; nothing where they do not have it
    std::string_view id;                  ///< valid as long as this
  };
  std::size_t size() const { return images_.size(); }
  Image operator[](std::size_t place) const;
  /// Places in the order of the truth's items.
  std::vector<std::uint32_t> in_order() const;

  /// By metric, those that were measured: bbox, segm, boundary.
  struct Coco {
    OverlapKind kind;
    CocoEvaluation evaluation;
    std::vector<char> frequency;  ///< as CocoEvaluation::scores() takes it
  };
  std::vector<Coco> coco;
  std::optional<SemanticRecords> semantic;
  std::optional<PanopticRecords> panoptic;

  /// The next image.
  void add(std::size_t number, std::optional<std::size_t> number_b, std::string_view id);

  /// What a metric gives of images that count as often as one likes. `name` is "bbox", "semantic", ...
  struct Group {
    std::string name;
    std::unique_ptr<const WeightedScores> made;  ///< where nothing else holds the scores
    const WeightedScores* scores;                ///< valid as long as this and `made`
  };
  std::vector<Group> groups() const;

 private:
  struct Kept {
    std::uint32_t number, number_b;
    NameArena::Number id;
  };
  std::vector<Kept> images_;
  NameArena ids_;
};

/// Below which score detections are not counted in images: `chosen`, or else where F1 is best
/// (CocoEvaluation::best_f1), or else of none.
double least_score_of(const EvaluatedImages::Coco& coco, std::optional<double> chosen);

/// One score of each image, from 0 to 1, by which the worst are found and two evaluations compared: F1 at an
/// IoU of .5, mean IoU, PQ. 1 where there is nothing and nothing was predicted; NaN where the image takes no
/// part.
std::vector<double> scores_of_images(const EvaluatedImages& images, std::string_view group,
                                     std::optional<double> least_score);

/// A table of the images in the truth's order (RFC 4180): id, for each kind of overlap its found, wrong and
/// missed at an IoU of .5 (bbox_found, ...) among detections from least_score_of() on, then semantic_mean_iou
/// and semantic_pixel_accuracy, then panoptic_pq, panoptic_matches, panoptic_wrong and panoptic_missed. An
/// undefined score is an empty field; an id in which a spreadsheet would see a formula stays as it is. Takes
/// 24 bytes an image and kind besides. What `write` throws comes through.
void write_image_table(const EvaluatedImages& images, std::optional<double> least_score,
                       const std::function<void(std::string_view)>& write);

}  // namespace maskmill
