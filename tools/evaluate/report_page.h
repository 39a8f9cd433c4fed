// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "dataset/dataset.h"
#include "metrics/comparison.h"
#include "metrics/evaluate.h"
#include "render/evaluation_report.h"

namespace maskmill::tools {

/// What a report is made of.
struct ReportInputs {
  std::string truth_path, predictions_path, other_path;
  Source& truth;
  Source& predictions;
  const EvaluationSettings& settings;
  const EvaluationReport& report;  ///< with images
  const Comparison* comparison = nullptr;
  std::optional<double> least_score = {};  ///< of detections that count in images; unset: where F1 is best
  int worst = 12;                          ///< images drawn
};

/// Reads the images that are drawn, and no others.
EvaluationPage report_page(const ReportInputs& inputs);

}  // namespace maskmill::tools
