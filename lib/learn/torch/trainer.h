// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "learn/model_card.h"
#include "learn/sampler.h"
#include "learn/torch/device.h"
#include "learn/torch/input.h"
#include "learn/torch/loader.h"
#include "learn/torch/losses.h"
#include "learn/torch/module.h"
#include "learn/torch/optimizer.h"
#include "learn/torch/sample_store.h"
#include "learn/training_progress.h"
#include "metrics/confusion.h"

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
    double loss = 0;  ///< mean over the epoch's samples, those before an interruption among them
    double seconds = 0, waited = 0;
    std::int64_t samples = 0;  ///< of this call
  };
  /// From where `progress` is to the end of its epoch. Throws Error(interrupted) between two steps, with
  /// `progress` telling which, and LostLoss.
  TrainPass train(TrainingProgress& progress);

  struct ValPass {
    double loss = 0;
    SemanticScores scores;
    std::vector<cv::Mat> first;  ///< class numbers of the subset's first samples, CV_16UC1
  };
  /// `keep`: of how many samples the classes are to be kept.
  ValPass score(std::size_t keep);

  Network& network() { return network_; }
  Optimizer& optimizer() { return *optimizer_; }
  Schedule& schedule() { return schedule_; }
  torch::Device device() const { return device_; }
  Precision precision() const { return precision_; }
  /// As the network meets it in that epoch.
  Sample sample(std::size_t index, int epoch) const { return train_loader_.sample(index, epoch); }
  Sample val_sample(std::size_t index) const { return val_loader_.sample(index, 1); }

 private:
  struct Prepared {
    torch::Tensor input, classes;
  };
  struct Step {
    std::vector<std::vector<std::size_t>> batches;  ///< more than one where gradients are accumulated
  };
  struct Looked {
    std::vector<std::size_t> samples;
    torch::Tensor loss;
  };

  std::vector<Step> steps_of_epoch(int epoch) const;
  Prepared prepare(const Batch& batch) const;
  torch::Tensor loss_of(const torch::Tensor& input, const torch::Tensor& classes);
  torch::Tensor take(const Step& step, std::int64_t number);
  static void look(std::vector<Looked>& losses, TrainingProgress& progress);

  const TrainSettings& settings_;
  torch::Device device_;
  Precision precision_;
  std::size_t train_count_, val_count_;
  int classes_;
  NetworkInput input_;
  Network network_;
  bool drops_out_;
  Loss loss_;
  std::unique_ptr<Optimizer> optimizer_;
  Schedule schedule_;
  Sampler sampler_;
  Loader train_loader_, val_loader_;
};

}  // namespace maskmill::learn
