// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/settings.h"
#include "learn/augment.h"
#include "learn/models.h"

namespace maskmill {
namespace learn {

enum class Device { automatic, cpu, cuda };
enum class Precision { automatic, float32, bf16 };
enum class LossKind { ce, bce, dice };
enum class OptimizerKind { adam };
enum class ScheduleKind { constant, one_cycle };

}  // namespace learn

template <>
inline constexpr std::array<std::string_view, 3> enum_names<learn::Device>{"auto", "cpu", "cuda"};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<learn::Precision>{"auto", "float32", "bf16"};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<learn::LossKind>{"ce", "bce", "dice"};
template <>
inline constexpr std::array<std::string_view, 1> enum_names<learn::OptimizerKind>{"adam"};
template <>
inline constexpr std::array<std::string_view, 2> enum_names<learn::ScheduleKind>{"constant", "one-cycle"};

namespace learn {

/// What comes before the network: at training and at prediction the same by construction.
struct InputSettings {
  int width = 256, height = 256;
  std::vector<double> mean{0.485, 0.456, 0.406};
  std::vector<double> std{0.229, 0.224, 0.225};
  static void visit(auto& self, auto&& setting) {
    setting("width", self.width,
            "pixels, a multiple of what the network halves (16 for unet); images are resized to it",
            between(1, 16384));
    setting("height", self.height, "pixels, likewise", between(1, 16384));
    setting("mean", self.mean, "of red, green and blue, on a scale of 0 to 1; taken off first (ImageNet's)");
    setting("std", self.std, "of red, green and blue; divided by");
  }
  friend bool operator==(const InputSettings&, const InputSettings&) = default;
};

/// A sum of weighted terms.
struct LossSettings {
  std::vector<std::string> terms{"ce"};
  std::vector<double> weights;
  static void visit(auto& self, auto&& setting) {
    setting("terms", self.terms, "summed: ce (softmax cross entropy), bce (one sigmoid per class), dice",
            one_of(enum_names<LossKind>));
    setting("weights", self.weights, "one per term; empty counts each once");
  }
};

struct OptimizerSettings {
  OptimizerKind name = OptimizerKind::adam;
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0;
  static void visit(auto& self, auto&& setting) {
    setting("name", self.name, "how weights move");
    setting("learning-rate", self.learning_rate, "step size; with one-cycle, its peak", at_least(0));
    setting("beta1", self.beta1, "of Adam", between(0, 1));
    setting("beta2", self.beta2, "of Adam", between(0, 1));
    setting("eps", self.eps, "of Adam", at_least(0));
    setting("weight-decay", self.weight_decay, "L2 penalty on the weights", at_least(0));
  }
};

struct ScheduleSettings {
  ScheduleKind name = ScheduleKind::constant;
  double warmup = 0.3;
  static void visit(auto& self, auto&& setting) {
    setting("name", self.name, "how the learning rate changes over the training");
    setting("warmup", self.warmup, "share of the steps in which one-cycle rises", between(0, 1));
  }
};

struct LoaderSettings {
  int cache_mb = 2048;
  int ahead = 4;
  static void visit(auto& self, auto&& setting) {
    setting("cache-mb", self.cache_mb,
            "decoded samples kept in memory, megabytes; 0 decodes every epoch anew", at_least(0));
    setting("ahead", self.ahead, "batches prepared before they are needed", between(1, 64));
  }
};

struct TrainSettings {
  ModelSettings model;
  InputSettings input;
  LossSettings loss;
  OptimizerSettings optimizer;
  ScheduleSettings schedule;
  AugmentSettings augment;
  LoaderSettings loader;
  int epochs = 30;
  int batch_size = 8;
  std::int64_t seed = 0;
  Device device = Device::automatic;
  Precision precision = Precision::float32;
  int threads = 0;
  std::string train_subset = "train";
  std::string val_subset = "val";
  static void visit(auto& self, auto&& setting) {
    setting("model", self.model, "the network");
    setting("input", self.input, "what the network sees");
    setting("loss", self.loss, "what is minimised");
    setting("optimizer", self.optimizer, "how weights move");
    setting("schedule", self.schedule, "how the learning rate changes");
    setting("augment", self.augment, "random changes to training samples");
    setting("loader", self.loader, "how samples come in");
    setting("epochs", self.epochs, "passes over the training subset", between(1, 1000000));
    setting("batch-size", self.batch_size, "samples a step", between(1, 65536));
    setting("seed", self.seed, "of weights, order and augmentation");
    setting("device", self.device, "auto takes CUDA where there is a GPU");
    setting("precision", self.precision,
            "bf16 computes convolutions in bfloat16 and keeps weights in float32; auto takes it where the "
            "device has arithmetic for it");
    setting("threads", self.threads, "of the network's arithmetic on CPU; 0 uses every core", at_least(0));
    setting("train-subset", self.train_subset, "subset to train on");
    setting("val-subset", self.val_subset, "subset that chooses the best weights");
  }
};

/// Holds the settings to each other: input size against the network, terms against weights, beta below 1.
/// Throws Error(usage) naming the key.
void validate(const TrainSettings& settings);
/// The part of it that a prediction needs.
void validate(const ModelSettings& model, const InputSettings& input);

/// From a name in LossSettings::terms.
LossKind loss_kind(const std::string& term);

}  // namespace learn
}  // namespace maskmill
