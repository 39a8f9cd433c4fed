// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/output.h"
#include "render/html.h"
#include "render/shown_images.h"
#include "render/svg.h"

namespace maskmill {

/// What `maskmill test` shows of a run, as plain values: whoever measured them fills this in. NaN is "not
/// defined".
struct TrainingReport {
  struct ClassRow {
    std::string name;
    Rgb colour;
    double iou = 0, dice = 0, precision = 0, recall = 0;
    std::int64_t pixels = 0;  ///< in the truth
  };
  /// As a line of metrics.csv: "epoch" and named values.
  using Epoch = std::vector<std::pair<std::string, double>>;

  std::string title, subtitle;
  html::KeyValues headline;          ///< the numbers that matter most: {"mean Dice", "0.843"}
  std::vector<std::string> remarks;  ///< such as that a class is not in this subset
  std::vector<ClassRow> classes;
  std::vector<std::int64_t> confusion;  ///< pixels, classes squared, rows the truth; may be empty
  std::vector<Epoch> epochs;
  std::optional<double> best_epoch;
  ShownImages worst;
  html::KeyValues settings;  ///< as one would type them
};

/// A score's name as people write it: "mean_iou" is "mean IoU", "mask_ap50" is "mask AP50".
std::string score_in_words(std::string_view column);

/// One file: headline, scores a class, confusion matrix with its largest confusions, curves, worst images,
/// settings. Parts without data are left out. Throws Error(write_failed),
/// and Error(bug) where the confusion matrix does not fit the classes.
void write_training_report(const TrainingReport& report, const Path& target, Overwrite overwrite);

/// One chart a quantity, one line a subset: "train_loss" and "val_loss" share a chart "loss". In the order of
/// first appearance; IoU, Dice, accuracy, precision and recall get an axis from 0 to 1.
std::vector<svg::LineChart> curves_of(const std::vector<TrainingReport::Epoch>& epochs,
                                      std::optional<double> best_epoch);

}  // namespace maskmill
