// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/output.h"
#include "learn/model_card.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// One row of metrics.csv: "epoch" and named values, as train_loss, val_mean_dice, learning_rate.
using MetricsRow = std::vector<std::pair<std::string, double>>;

/// A run directory: config.json (resolved settings), environment.json, provenance.json, model.json,
/// labels.txt, metrics.csv, model.pth (the best weights), last.pth, epoch_N.pth, checkpoint.pt (all that
/// going on takes), events.out.tfevents.* (for TensorBoard), lost_batch.png, report.html. Each file but the
/// events is replaced whole, so that a reader or a crash
/// never meets half of one.
class RunFolder {
 public:
  using Files = std::vector<std::pair<std::string, std::string>>;
  static constexpr const char* checkpoint = "checkpoint.pt";

  /// A new run at `path`, or for an empty path at runs/DATE/TIME (local time). Throws Error(write_failed)
  /// where there is one already, unless `overwrite` is yes; it stays until begin(). A folder that holds
  /// anything but a run is never written into, nor one into which another command trains at this time.
  static RunFolder create(const Path& path, Overwrite overwrite);
  /// A new folder runs/DATE/TIME for several runs. Throws Error(write_failed).
  static Path make_dated_folder();
  /// An existing one. Throws Error(not_found | bad_format) saying what is missing.
  static RunFolder open(const Path& path);
  /// An existing one, to train on in. Throws as open() and, where another command trains in it,
  /// Error(write_failed); Error(bad_format) where it has no checkpoint.
  static RunFolder resume(const Path& path);

  const Path& path() const { return path_; }
  Path file(const std::string& name) const { return path_ / name; }

  /// Where `maskmill test` keeps what a detector predicts. Throws Error(write_failed) where something lies
  /// there that another command or a person put there.
  Path place_of_predictions() const;

  /// Puts the first files of the new run, names and bytes, into the place of the former one's, and removes
  /// those that the former one has besides, with its place_of_predictions(). All are written before one of
  /// the former's goes, so that a full disk leaves it as it was.
  void begin(const Files& files) const;
  /// Removes the folders that create() made, where nothing was written into them: for a run that failed.
  void remove_if_unused() const noexcept;
  void write(const std::string& name, std::string_view bytes) const;
  ModelCard card() const;
  TrainSettings settings() const;  ///< from config.json; throws Error(bad_format) naming the key
  /// Of the data, from provenance.json; empty where it says none. Throws Error(bad_format).
  std::string fingerprint() const;

  /// The first row names the columns; a later one may leave some out, and Error(bug) is thrown for a new one.
  /// What is not finite is written as an empty cell.
  void append_metrics(const MetricsRow& row) const;
  /// Drops the rows of that epoch and later ones.
  void keep_metrics_before(int epoch) const;
  /// Empty before the first epoch has ended. Empty cells are left out. Throws Error(bad_format).
  std::vector<MetricsRow> metrics() const;

 private:
  explicit RunFolder(Path path, std::vector<Path> made = {}, std::shared_ptr<Claim> claim = nullptr)
      : path_(std::move(path)), made_(std::move(made)), claim_(std::move(claim)) {}
  Path path_;
  std::vector<Path> made_;        ///< by create(), the innermost first
  std::shared_ptr<Claim> claim_;  ///< of what create() gave
};

/// model.json and labels.txt, for RunFolder::begin().
RunFolder::Files files_of(const ModelCard& card);

/// metrics.csv of one row, likewise.
std::string metrics_text(const MetricsRow& row);

}  // namespace maskmill::learn
