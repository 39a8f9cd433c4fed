// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "dataset/dataset.h"
#include "learn/run.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// What training reports after each epoch.
struct EpochReport {
  int epoch = 0, epochs = 0;
  double train_loss = 0, val_loss = 0;
  double val_mean_dice = 0, val_mean_iou = 0;
  double seconds = 0;
  double images_per_second = 0;  ///< end to end, training part
  double waiting_share = 0;      ///< of the training part, spent waiting for samples
  bool best = false;
};

struct TrainResult {
  int best_epoch = 0;
  double best_val_mean_dice = 0;
  double images_per_second = 0;
  double waiting_share = 0;
  double seconds = 0;
  std::string device;
  Precision precision = Precision::float32;  ///< the one that was chosen, never automatic
  std::size_t left_out = 0;                  ///< samples that could not be read; each is a finding
};

/// Trains on the subset settings.train_subset of `data`, scores settings.val_subset after each epoch at the
/// network's size, and keeps the weights of the best mean Dice over the classes as run/model.pth. Any
/// registered format's source will do: masks are read, annotations are painted. The same settings, data and
/// machine give the same weights. Throws Error(usage) for a subset that is not there, Error(bad_value) for
/// data without two classes, Error for a loss that became NaN, Error(interrupted) after ctrl-C; the best
/// weights so far stay.
/// The run's files, `made_by` among them, replace those of a former run once the data have been read.
TrainResult train(const TrainSettings& settings, Source& data, const RunFolder& run,
                  const Provenance& made_by, Findings& findings,
                  const std::function<void(const EpochReport&)>& report);

}  // namespace maskmill::learn
