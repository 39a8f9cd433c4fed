// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "learn/class_weights.h"
#include "learn/model_card.h"
#include "learn/torch/loader.h"
#include "learn/torch/module.h"

namespace maskmill::learn {

/// By name, as "mean_dice".
using NamedScores = std::vector<std::pair<std::string, double>>;

/// How a network does on a subset.
struct SubsetScores {
  double loss = 0;
  NamedScores scores;
  /// What it says of the subset's first samples: masks of class numbers, or objects. Without images.
  std::vector<Sample> first;
};

/// What a network is trained for: labelling pixels, or finding objects.
class Task {
 public:
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  Network& network() { return network_; }
  /// The loader's batches.
  virtual BatchKind batches() const = 0;
  /// Whether losses() draws from torch's generator.
  virtual bool draws() const = 0;

  /// What is minimised and, by name, the parts it is the sum of, if any: single numbers on the device.
  struct Losses {
    torch::Tensor total;
    std::vector<std::pair<std::string, torch::Tensor>> parts;
  };
  virtual Losses losses(const Batch& batch) = 0;
  /// The parts' names, in their order.
  virtual std::vector<std::string> loss_parts() const { return {}; }

  /// One pass over a subset, which may draw from torch's generator.
  class Scoring {
   public:
    virtual ~Scoring() = default;
    virtual void add(const Batch& batch) = 0;
    /// Throws Error(bad_value) where the subset holds nothing to score.
    virtual SubsetScores finish() = 0;
  };
  /// `keep`: of how many samples SubsetScores::first is wanted. The network should not be training.
  virtual std::unique_ptr<Scoring> scoring(std::size_t keep) = 0;

 protected:
  explicit Task(Network network) : network_(std::move(network)) {}
  Network network_;
};

/// With a network drawn from the settings' seed, on the device. `settings` and `card` must outlive it.
std::unique_ptr<Task> make_task(const TrainSettings& settings, const ModelCard& card,
                                const ClassPixels& class_pixels, torch::Device device, Precision precision);

}  // namespace maskmill::learn
