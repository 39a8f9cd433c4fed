// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "learn/predict_set.h"
#include "learn/run.h"
#include "metrics/evaluate.h"
#include "render/training_report.h"

namespace maskmill::learn {

struct ObjectScores {
  EvaluationReport evaluation;
  Path predictions;  ///< a COCO data set
  double seconds = 0;
  ShownImages worst;
};

/// Predicts every item with a detector, keeps that as a COCO data set in the run's folder predictions/, in
/// place of an older one, and holds it against the annotations as `maskmill evaluate --errors` does: COCO's
/// average precision of boxes and, of a detector that has them, of masks, with the detections' errors. Draws
/// the `worst` worst images as `maskmill evaluate --report` does (render/worst_images.h). Throws as
/// predict_set and evaluate.
ObjectScores score_objects(Predictor& predictor, Source& source, const RunFolder& run, int batch_size,
                           int worst, const Provenance& made_by, Findings& findings);

/// The page of a run: numbers, curves, worst images, settings.
TrainingReport report_of(const RunFolder& run, const ObjectScores& scored, const std::string& subset);

}  // namespace maskmill::learn
