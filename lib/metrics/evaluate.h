// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"
#include "metrics/coco_evaluation.h"
#include "metrics/panoptic_quality.h"
#include "metrics/semantic_evaluation.h"

namespace maskmill {

enum class Metric { semantic, bbox, segm, boundary, panoptic };
template <>
inline constexpr std::array<std::string_view, 5> enum_names<Metric>{"semantic", "bbox", "segm", "boundary",
                                                                    "panoptic"};

struct EvaluationSettings {
  /// Empty: semantic where both show pixels and the predictions are masks of labels or have no scores; the
  /// others where the predictions have scores, segm and boundary only where both have masks or outlines;
  /// panoptic where neither has scores and the truth says which labels are things or stuff. The first item of
  /// each that holds anything tells.
  std::set<Metric> metrics;
  OverlapSettings overlaps;
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
  };
  std::optional<Semantic> semantic;
  struct Coco {
    OverlapKind kind;
    CocoCurves curves;
    CocoScores scores;
  };
  std::vector<Coco> coco;  ///< in the order of the kinds
  struct Panoptic {
    std::vector<PanopticCounts> counts;  ///< by label
    PanopticQuality quality;
  };
  std::optional<Panoptic> panoptic;
  LabelMap labels;  ///< the truth's
};

/// Items are matched by id, labels by name. Reads both on all threads, once where they have the same items in
/// the same order; the report does not depend on the threads. Keeps 32 bytes a detection and metric. Findings
/// go to `findings`.
///
/// Average precision is COCO's, equal to pycocotools' of the same objects: images count in the order of their
/// numbers (of the items, where they have none), an image that the predictions do not have is one without
/// detections, and detections of labels that the truth does not have are left out. Semantic scores leave
/// such an image out. Panoptic quality takes each annotation with an area as a segment and what none covers
/// as void; all segments of an image that the predictions do not have are missed. Throws Error(bad_value)
/// where the two have nothing that can be compared.
EvaluationReport evaluate(Source& truth, Source& predictions, const EvaluationSettings& settings,
                          Findings& findings);

/// {items, left_out, not_annotated, not_predicted, unknown, semantic?: {...}, coco?: {bbox|segm|boundary:
/// {...}}, panoptic?: {...}}
Json to_json(const EvaluationReport& report);
std::string to_text(const EvaluationReport& report);

/// numpy's .npz with KIND/precision, KIND/recall and KIND/scores as pycocotools' COCOeval.eval has them, and
/// KIND/labels: the labels' ids in the order of that axis, or their indices where one has none.
std::string npz_of(const EvaluationReport& report);

}  // namespace maskmill
