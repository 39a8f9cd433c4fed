// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "learn/model_card.h"
#include "learn/sampler.h"
#include "learn/torch/device.h"
#include "learn/torch/loader.h"
#include "learn/torch/optimizer.h"
#include "learn/torch/sample_store.h"
#include "learn/torch/task.h"
#include "learn/training_progress.h"

namespace maskmill::learn {

/// The loss of a step was no number.
struct LostLoss {
  std::vector<std::size_t> samples;  ///< of that step
};

/// Steps of one network over two subsets. What it does is a function of the settings, the samples and the
/// progress: all chance is drawn from the seed and the numbers of epoch, step and sample.
class Trainer {
 public:
  /// `settings` and the stores must outlive it.
  Trainer(const TrainSettings& settings, const SampleStore& train, const SampleStore& val,
          const ModelCard& card);

  struct TrainPass {
    double loss = 0;    ///< mean over the epoch's samples, those before an interruption among them
    NamedScores parts;  ///< likewise, of the parts that the loss is the sum of
    double seconds = 0, waited = 0;
    std::int64_t samples = 0;  ///< of this call
  };
  /// From where `progress` is to the end of its epoch. Throws Error(interrupted) between two steps, with
  /// `progress` telling which, and LostLoss.
  TrainPass train(TrainingProgress& progress);

  /// `keep`: of how many samples what is said of them is to be kept.
  SubsetScores score(std::size_t keep);

  Network& network() { return task_->network(); }
  Optimizer& optimizer() { return *optimizer_; }
  Schedule& schedule() { return schedule_; }
  torch::Device device() const { return device_; }
  Precision precision() const { return precision_; }
  /// As the network meets it in that epoch.
  Sample sample(std::size_t index, int epoch) const { return train_loader_.sample(index, epoch); }
  Sample val_sample(std::size_t index) const { return val_loader_.sample(index, 1); }

 private:
  struct Step {
    /// More than one where gradients are accumulated. A sample that would be alone in a batch is joined by
    /// another of the epoch where the network cannot be trained on one.
    std::vector<std::vector<std::size_t>> batches;
  };
  struct Looked {
    std::vector<std::size_t> samples;
    torch::Tensor losses;  ///< the whole, then its parts
  };

  std::vector<Step> steps_of_epoch(int epoch) const;
  torch::Tensor take(const Step& step, std::int64_t number);
  void look(std::vector<Looked>& losses, TrainingProgress& progress) const;

  const TrainSettings& settings_;
  torch::Device device_;
  Precision precision_;
  std::size_t val_count_;
  std::vector<int> shape_of_;  ///< of each training sample, a number that those of one shape of picture share
  std::unique_ptr<Task> task_;
  std::size_t least_batch_;
  std::vector<std::string> loss_parts_;
  std::unique_ptr<Optimizer> optimizer_;
  Schedule schedule_;
  Sampler sampler_;
  Loader train_loader_, val_loader_;
};

}  // namespace maskmill::learn
