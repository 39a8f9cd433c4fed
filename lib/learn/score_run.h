// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "learn/predict_items.h"
#include "learn/run.h"
#include "metrics/confusion.h"
#include "render/training_report.h"

namespace maskmill::learn {

struct ScoreReport {
  ConfusionMatrix confusion;
  SemanticScores scores;
  std::size_t items = 0;
  LeftOut left_out;
  double seconds = 0;
  ShownImages worst;  ///< by the mean Dice of single images
};

/// Predicts every item and holds it against its annotation, pixel by pixel at the picture's own size. Void is
/// left out. Keeps the `worst` worst images' pictures, reduced. Throws Error(bad_value) for labels that the
/// network does not know, Error(bad_format) where no item could be scored.
ScoreReport score(Predictor& predictor, Source& source, int batch_size, std::size_t worst,
                  Findings& findings);

/// A sentence for each kind of item that was left out; none where all were scored.
std::vector<std::string> remarks_of(const LeftOut& left_out);

/// The epochs' curves, which of them was best, and the settings.
void add_training(TrainingReport& report, const RunFolder& run);

/// The page of a run: scores, curves, confusion matrix, worst images, settings.
TrainingReport report_of(const RunFolder& run, const ModelCard& card, const ScoreReport& scored,
                         const std::string& subset);

}  // namespace maskmill::learn
