// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"
#include "metrics/bootstrap.h"
#include "metrics/coco_evaluation.h"
#include "metrics/detection_errors.h"
#include "metrics/evaluated_images.h"
#include "metrics/panoptic_quality.h"
#include "metrics/semantic_evaluation.h"

namespace maskmill {

enum class Metric { semantic, bbox, segm, boundary, panoptic };
template <>
inline constexpr std::array<std::string_view, 5> enum_names<Metric>{"semantic", "bbox", "segm", "boundary",
                                                                    "panoptic"};

struct EvaluationSettings {
  std::set<Metric> metrics;  ///< empty: default_metrics()
  OverlapSettings overlaps;
  /// What takes more time and memory than the numbers alone: a record of each image, the detections' errors
  /// (of bbox, segm and boundary), and intervals, where draws are to be made.
  bool keep_images = false;
  bool errors = false;
  BootstrapSettings bootstrap;
};

struct EvaluationReport {
  std::size_t items = 0;          ///< of the truth, that were evaluated
  std::size_t left_out = 0;       ///< of both, that could not be read or compared
  std::size_t not_annotated = 0;  ///< of the truth, which nobody annotated: not evaluated
  std::size_t not_predicted = 0;  ///< of the truth's, those that the predictions do not have
  std::size_t unknown = 0;        ///< of the predictions, those that the truth does not have: not evaluated

  struct Semantic {
    LabelMap labels;
    SemanticScores scores;
    ConfusionMatrix
        confusion;  ///< of the evaluation's labels: those above, and background where it was added
  };
  std::optional<Semantic> semantic;
  struct Coco {
    OverlapKind kind;
    CocoCurves curves;
    CocoScores scores;
    std::optional<ErrorScores> errors;
  };
  std::vector<Coco> coco;  ///< in the order of the kinds
  struct Panoptic {
    std::vector<PanopticCounts> counts;  ///< by label
    PanopticQuality quality;
  };
  std::optional<Panoptic> panoptic;
  LabelMap labels;  ///< the truth's

  std::shared_ptr<const EvaluatedImages> images;  ///< with keep_images, or where draws were made
  struct Intervals {
    std::string metric;  ///< "segm"
    using Named = std::pair<std::string, std::optional<Interval>>;
    std::vector<Named> overall;
    std::string of_label;       ///< which number of labels: "AP"
    std::vector<Named> labels;  ///< by their names
  };
  BootstrapSettings bootstrap;
  std::vector<Intervals> intervals;  ///< where draws were made

  std::set<Metric> metrics() const;  ///< that were measured
};

/// Semantic where both show pixels and the predictions are masks of labels or have no scores; bbox, segm and
/// boundary where the predictions have scores, the latter two only where both have masks or outlines;
/// panoptic where neither has scores and the truth says which labels are things or stuff. The first item of
/// each that holds anything tells. Throws Error(bad_value) where that is nothing.
std::set<Metric> default_metrics(Source& truth, Source& predictions, const OverlapSettings& overlaps);

/// Items are matched by id, labels by name. Reads both on all threads, once where they have the same items in
/// the same order; the report does not depend on the threads. Keeps 32 bytes a detection and metric, with
/// errors twice that, and with keep_images what EvaluatedImages says. Findings go to `findings`.
///
/// Average precision is COCO's, equal to pycocotools' of the same objects: images count in the order of their
/// numbers (of the items, where they have none), an image that the predictions do not have is one without
/// detections, and detections of labels that the truth does not have are left out. Semantic scores leave
/// such an image out. Panoptic quality takes each annotation with an area as a segment and what none covers
/// as void; all segments of an image that the predictions do not have are missed. Throws Error(bad_value)
/// where the two have nothing that can be compared.
EvaluationReport evaluate(Source& truth, Source& predictions, const EvaluationSettings& settings,
                          Findings& findings);

/// By the predictions' label, the truth's of that name, or -1.
std::vector<int> labels_by_name(const LabelMap& truth, const LabelMap& predictions);

/// {items, left_out, not_annotated, not_predicted, unknown, semantic?: {...}, coco?: {bbox|segm|boundary:
/// {..., errors?}}, panoptic?: {...}, bootstrap?: {resamples, seed, intervals: {METRIC: {AP: [low, high],
/// ..., classes: [{name, AP: [low, high]}]}}}}
Json to_json(const EvaluationReport& report);
std::string to_text(const EvaluationReport& report);

/// numpy's .npz with KIND/precision, KIND/recall and KIND/scores as pycocotools' COCOeval.eval has them, and
/// KIND/labels: the labels' ids in the order of that axis, or their indices where one has none.
std::string npz_of(const EvaluationReport& report);

}  // namespace maskmill
