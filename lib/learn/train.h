// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dataset/dataset.h"
#include "learn/run.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// What training reports after each epoch.
struct EpochReport {
  int epoch = 0, epochs = 0;
  double train_loss = 0, val_loss = 0;
  /// By name, as "loss_mask": the parts that a detector's loss is the sum of.
  std::vector<std::pair<std::string, double>> train_parts;
  /// By name, as "mean_dice" or "mask_ap".
  std::vector<std::pair<std::string, double>> val_scores;
  double learning_rate = 0;  ///< of the epoch's last step
  double seconds = 0;
  double images_per_second = 0;  ///< end to end, training part
  double waiting_share = 0;      ///< of the training part, spent waiting for samples
  bool best = false;
};

struct TrainResult {
  int epochs = 0;  ///< in all; fewer than the settings' where training stopped early
  int best_epoch = 0;
  double best_score = 0;  ///< settings.monitor of that epoch
  double images_per_second = 0;
  double waiting_share = 0;
  double seconds = 0;
  std::string device;
  Precision precision = Precision::float32;  ///< the one that was chosen, never automatic
  std::size_t left_out = 0;                  ///< samples that could not be read; each is a finding
};

/// Trains on the subset settings.train_subset of `data`, scores settings.val_subset after each epoch at the
/// network's size, and keeps in `run` the weights of the best epoch (model.pth, by settings.monitor), those
/// of the last (last.pth), and the state from which to go on (checkpoint.pt). Any registered format's source
/// will do: masks are read, annotations are painted. The same settings, data and machine give the same
/// weights, and so does a training that was interrupted or killed and goes on with `resume`: `run` then is
/// the one that RunFolder::resume() opened, and `settings` are its own but for how long, where and how fast
/// it trains.
///
/// Throws Error(usage) for a subset that is not there, Error(bad_value) for data without two classes, for
/// data other than the run's, and for a loss that became no number, whose batch is drawn in lost_batch.png;
/// Error(interrupted) after ctrl-C, when the state is written.
/// The run's files, `made_by` among them, replace those of a former run once there is something to keep.
TrainResult train(const TrainSettings& settings, Source& data, const RunFolder& run,
                  const Provenance& made_by, Findings& findings,
                  const std::function<void(const EpochReport&)>& report, bool resume = false);

}  // namespace maskmill::learn
