// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/json.h"
#include "base/path.h"
#include "dataset/dataset.h"
#include "prepare/check/check.h"

namespace maskmill {

/// What one model predicts, of items that it did not see when it was trained.
struct ModelPredictions {
  Source& source;
  /// The folder in which probabilities lie, where there are any (dataset/probability_files.h).
  std::optional<Path> folder;
};

struct AgainstReport {
  enum class By {
    probabilities,  ///< of each class in each pixel
    masks,          ///< predicted labels alone
    objects         ///< with scores
  };
  By by = By::masks;              ///< of the first predictions
  std::size_t items = 0;          ///< compared; what two models predicted counts twice
  std::size_t not_annotated = 0;  ///< items that nobody annotated
  std::size_t not_predicted = 0;  ///< annotated items that no model predicted
  std::size_t unknown = 0;        ///< predictions for items that the data set does not have
  std::size_t left_out = 0;       ///< items that cannot be compared, for each of which there is a finding
  std::size_t unreadable = 0;     ///< predictions that cannot be read
  std::size_t too_many = 0;  ///< contradictions of a rule beyond the 10,000 strongest, which alone are kept
};

/// Holds every label against what trained models predict, by the rules that have Rule::against, and adds what
/// they contradict to the report's findings: rule by rule, the most strongly contradicted first. Items meet
/// by their ids, labels by name. Objects are compared where the predictions have scores and the data set has
/// objects; else a label a pixel, by its probability where that is known. A model does not contradict what it
/// learnt by heart: with k folds each item is predicted by the one of k models that was trained without it.
/// What is usual is found out for each model by itself. Reads all twice. Throws Error(bad_value) where no
/// item could be compared.
///
/// After Northcutt, Jiang and Chuang ("Confident Learning: Estimating Uncertainty in Dataset Labels", 2021),
/// and for objects Tkachenko, Thyagarajan and Mueller ("ObjectLab: Automated Diagnosis of Mislabeled Images
/// in Object Detection Data", 2023): a prediction counts where the model is at least as confident as it is on
/// average where it and the annotations agree on the label.
AgainstReport check_against(Source& source, std::span<const ModelPredictions> predictions,
                            CheckReport& report);

/// {by, items, not_annotated, not_predicted, unknown, left_out, unreadable, too_many}
Json to_json(const AgainstReport& report);
std::string to_text(const AgainstReport& report);

}  // namespace maskmill
