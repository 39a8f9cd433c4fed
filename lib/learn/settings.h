// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/path.h"
#include "base/settings.h"
#include "learn/augment.h"
#include "learn/detector_size.h"
#include "learn/models.h"

namespace maskmill {
namespace learn {

enum class Device { automatic, cpu, cuda };
enum class Precision { automatic, float32, bf16 };
enum class LossKind { ce, bce, dice, jaccard, focal };
enum class Activation { automatic, softmax, sigmoid };
enum class ClassBalance { none, inverse, median, log };
enum class OptimizerKind { adam, adamw, sgd, rmsprop };
enum class ScheduleKind { constant, plateau, cosine, step, multistep, exponential, poly, one_cycle };
enum class Monitor { automatic, mean_dice, mean_iou, pixel_accuracy, loss, mask_ap, box_ap };

}  // namespace learn

template <>
inline constexpr std::array<std::string_view, 3> enum_names<learn::Device>{"auto", "cpu", "cuda"};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<learn::Precision>{"auto", "float32", "bf16"};
template <>
inline constexpr std::array<std::string_view, 5> enum_names<learn::LossKind>{"ce", "bce", "dice", "jaccard",
                                                                             "focal"};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<learn::Activation>{"auto", "softmax", "sigmoid"};
template <>
inline constexpr std::array<std::string_view, 4> enum_names<learn::ClassBalance>{"none", "inverse", "median",
                                                                                 "log"};
template <>
inline constexpr std::array<std::string_view, 4> enum_names<learn::OptimizerKind>{"adam", "adamw", "sgd",
                                                                                  "rmsprop"};
template <>
inline constexpr std::array<std::string_view, 8> enum_names<learn::ScheduleKind>{
    "constant", "plateau", "cosine", "step", "multistep", "exponential", "poly", "one-cycle"};
template <>
inline constexpr std::array<std::string_view, 7> enum_names<learn::Monitor>{
    "auto", "val_mean_dice", "val_mean_iou", "val_pixel_accuracy", "val_loss", "val_mask_ap", "val_box_ap"};

namespace learn {

/// The network, and the weights that it begins with.
struct TrainedModelSettings : ModelSettings {
  std::optional<std::string> weights{};
  static void visit(auto& self, auto&& setting) {
    ModelSettings::visit(self, setting);
    setting(
        "weights", self.weights,
        "pretrained weights: a .pth or .safetensors file, a run directory, a URL, or torchvision's name, as "
        "ResNet50_Weights.IMAGENET1K_V2; downloads are kept; a head of other classes is drawn anew",
        unset("drawn from the seed"));
  }
};

/// What comes before the network: at training and at prediction the same by construction.
struct InputSettings {
  int width = 256, height = 256;
  int min_size = 800, max_size = 1333;
  std::optional<int> presize{};
  std::vector<double> mean{0.485, 0.456, 0.406};
  std::vector<double> std{0.229, 0.224, 0.225};
  static void visit(auto& self, auto&& setting) {
    setting(
        "width", self.width,
        "of networks that label pixels: pixels, a multiple of what the network halves (16 for unet); images are "
        "resized to it",
        between(1, 16384));
    setting("height", self.height, "pixels, likewise", between(1, 16384));
    setting("min-size", self.min_size,
            "of detectors: pixels that an image's shorter side becomes; its proportions stay",
            between(1, 16384));
    setting("max-size", self.max_size, "of detectors: pixels that its longer side becomes at most",
            between(1, 16384));
    setting(
        "presize", self.presize,
        "of detectors: pixels of the longer side at which training samples are augmented, before they are brought "
        "to the network's size in the same step",
        between(1, 16384), unset("the network's size"));
    setting("mean", self.mean, "of red, green and blue, on a scale of 0 to 1; taken off first (ImageNet's)");
    setting("std", self.std, "of red, green and blue; divided by");
  }
  friend bool operator==(const InputSettings&, const InputSettings&) = default;
};

/// A sum of weighted terms.
struct LossSettings {
  std::vector<std::string> terms{"ce"};
  std::vector<double> weights{};
  Activation activation = Activation::automatic;
  std::vector<double> class_weights{};
  ClassBalance balance = ClassBalance::none;
  double smooth = 0.5;
  double focal_gamma = 2;
  double aux_weight = 0.5;
  static void visit(auto& self, auto&& setting) {
    setting(
        "terms", self.terms,
        "summed: ce (cross entropy over the classes), bce (binary cross entropy of each class), dice, jaccard, focal",
        one_of(enum_names<LossKind>));
    setting("weights", self.weights, "one per term; empty counts each once");
    setting("activation", self.activation,
            "what makes probabilities of scores: softmax over the classes, or a sigmoid each; auto takes "
            "sigmoid for bce without ce");
    setting("class-weights", self.class_weights,
            "one per class, in the order of labels.txt; empty counts each the same");
    setting("balance", self.balance,
            "class weights from the training subset's share p of each class: inverse is 1/p, median is "
            "median(p)/p, log is 1/ln(1.02 + p); divided by their mean");
    setting("smooth", self.smooth, "added above and below in dice and jaccard", at_least(0));
    setting("focal-gamma", self.focal_gamma, "of focal: how far sure pixels count less; 0 is cross entropy",
            between(0, 10));
    setting("aux-weight", self.aux_weight, "of the auxiliary head's loss, where the network has one",
            at_least(0));
  }
};

struct OptimizerSettings {
  OptimizerKind name = OptimizerKind::adam;
  double learning_rate = 1e-3;
  std::optional<double> weight_decay{};
  double beta1 = 0.9, beta2 = 0.999;
  double momentum = 0;
  bool nesterov = false;
  double alpha = 0.99;
  double eps = 1e-8;
  static void visit(auto& self, auto&& setting) {
    setting("name", self.name, "how weights move: torch.optim's class");
    setting("learning-rate", self.learning_rate, "step size; with one-cycle, its peak", at_least(0));
    setting("weight-decay", self.weight_decay,
            "pull of the weights towards 0: part of the gradient, or of the step in adamw", at_least(0),
            unset("0.01 for adamw, else 0"));
    setting("beta1", self.beta1, "of adam and adamw", between(0, 1));
    setting("beta2", self.beta2, "of adam and adamw", between(0, 1));
    setting("momentum", self.momentum, "of sgd and rmsprop", between(0, 1));
    setting("nesterov", self.nesterov, "of sgd: looks ahead along the momentum");
    setting("alpha", self.alpha, "of rmsprop: share of the former squares", between(0, 1));
    setting("eps", self.eps, "of all but sgd: added to what is divided by", at_least(0));
  }
};

struct ScheduleSettings {
  ScheduleKind name = ScheduleKind::constant;
  double warmup = 0, warmup_factor = 0.01;
  double pct_start = 0.3;
  std::optional<double> gamma{};
  int step_size = 30;
  std::vector<int> milestones{};
  double power = 0.9;
  int patience = 10, cooldown = 0;
  double threshold = 1e-4;
  double min_learning_rate = 0;
  static void visit(auto& self, auto&& setting) {
    setting("name", self.name, "how the learning rate changes over the training");
    setting("warmup", self.warmup,
            "epochs in which the rate rises first; cosine, poly and one-cycle begin after them", at_least(0));
    setting("warmup-factor", self.warmup_factor, "share of the rate at which warmup begins", between(0, 1));
    setting("pct-start", self.pct_start, "share of the steps in which one-cycle rises", between(0, 1));
    setting(
        "gamma", self.gamma,
        "the rate is multiplied by it: by step, multistep and plateau now and then, by exponential each epoch",
        between(0, 1), unset("0.1; 0.95 for exponential"));
    setting("step-size", self.step_size, "epochs between the changes of step", at_least(1));
    setting("milestones", self.milestones, "epochs after which multistep changes the rate");
    setting("power", self.power, "of poly's (1 - share of the steps)", at_least(0));
    setting("patience", self.patience, "epochs without improvement that plateau waits for", at_least(0));
    setting("cooldown", self.cooldown, "epochs that plateau does not count after a change", at_least(0));
    setting("threshold", self.threshold, "relative change that plateau takes for an improvement",
            at_least(0));
    setting("min-learning-rate", self.min_learning_rate,
            "where cosine ends, and below which plateau does not go", at_least(0));
  }
};

/// What is done to gradients before a step.
struct GradientSettings {
  std::optional<double> clip_norm{}, clip_value{};
  int accumulate = 1;
  static void visit(auto& self, auto&& setting) {
    setting("clip-norm", self.clip_norm, "longest gradient of all weights together", at_least(0),
            unset("any"));
    setting("clip-value", self.clip_value, "largest number in a gradient", at_least(0), unset("any"));
    setting("accumulate", self.accumulate, "batches whose gradients make one step", between(1, 65536));
  }
};

/// When to end before the last epoch.
struct StopSettings {
  int patience = 0;
  double min_delta = 0;
  static void visit(auto& self, auto&& setting) {
    setting("patience", self.patience,
            "epochs without improvement after which training ends; 0 trains them all", at_least(0));
    setting("min-delta", self.min_delta, "least change that counts as an improvement", at_least(0));
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

/// What is kept beside the best weights.
struct CheckpointSettings {
  int every = 0;
  int state_every = 1;
  static void visit(auto& self, auto&& setting) {
    setting("every", self.every, "epochs between weights that are kept, as epoch_N.pth; 0 keeps none",
            at_least(0));
    setting(
        "state-every", self.state_every,
        "epochs between writing checkpoint.pt, from which --resume goes on; 0 writes it where training ends",
        at_least(0));
  }
};

/// What TensorBoard is told besides the scores.
struct TensorboardSettings {
  bool enabled = true;
  int images = 4;
  int images_every = 5;
  static void visit(auto& self, auto&& setting) {
    setting("enabled", self.enabled, "write scores, and pictures, for TensorBoard");
    setting("images", self.images,
            "first samples of the validation subset that are drawn, truth beside prediction",
            between(0, 1000));
    setting("images-every", self.images_every, "epochs between drawing them", at_least(1));
  }
};

struct TrainSettings {
  TrainedModelSettings model{};
  std::optional<std::string> init{};
  int freeze_encoder = 0;
  InputSettings input{};
  LossSettings loss{};
  OptimizerSettings optimizer{};
  ScheduleSettings schedule{};
  GradientSettings gradients{};
  StopSettings stop{};
  Monitor monitor = Monitor::automatic;
  AugmentSettings augment{};
  LoaderSettings loader{};
  CheckpointSettings checkpoint{};
  TensorboardSettings tensorboard{};
  int epochs = 30;
  int batch_size = 8;
  std::int64_t seed = 0;
  Device device = Device::automatic;
  Precision precision = Precision::float32;
  bool deterministic = false;
  int threads = 0;
  std::string train_subset = "train";
  std::string val_subset = "val";
  static void visit(auto& self, auto&& setting) {
    setting("model", self.model, "the network");
    setting(
        "init", self.init,
        "another training's weights to begin with, in place of model.weights: a .pth or .safetensors file, or a run "
        "directory; a head of other classes is drawn anew",
        unset("drawn from the seed"));
    setting("freeze-encoder", self.freeze_encoder,
            "first epochs in which the encoder keeps its weights and running statistics", at_least(0));
    setting("input", self.input, "what the network sees");
    setting("loss", self.loss, "what is minimised");
    setting("optimizer", self.optimizer, "how weights move");
    setting("schedule", self.schedule, "how the learning rate changes");
    setting("gradients", self.gradients, "what is done to them before a step");
    setting("stop", self.stop, "when to end early");
    setting(
        "monitor", self.monitor,
        "score on val-subset that chooses the best weights, and that plateau and stop look at; val_mask_ap and "
        "val_box_ap are detectors', of masks and of boxes; auto is val_mean_dice, or of a detector its val_mask_ap, or "
        "val_box_ap where it has no masks");
    setting("augment", self.augment, "random changes to training samples");
    setting("loader", self.loader, "how samples come in");
    setting("checkpoint", self.checkpoint, "what is kept");
    setting("tensorboard", self.tensorboard, "what TensorBoard shows");
    setting("epochs", self.epochs, "passes over the training subset", between(1, 1000000));
    setting("batch-size", self.batch_size, "samples a step", between(1, 65536));
    setting("seed", self.seed, "of weights, order and augmentation");
    setting("device", self.device, "auto takes CUDA where there is a GPU");
    setting("precision", self.precision,
            "bf16 computes convolutions in bfloat16 and keeps weights in float32; auto takes it where the "
            "device has arithmetic for it");
    setting("deterministic", self.deterministic,
            "only arithmetic that gives the same bits each time, also on CUDA, where it is slower");
    setting("threads", self.threads, "of the network's arithmetic on CPU; 0 uses every core", at_least(0));
    setting("train-subset", self.train_subset, "subset to train on");
    setting("val-subset", self.val_subset, "subset that chooses the best weights");
  }
};

/// Holds the settings to each other: input size against the network, terms against weights, beta below 1,
/// warm-up and milestones against epochs.
/// Throws Error(usage) naming the key.
void validate(const TrainSettings& settings);
/// The defaults, changed by JSON files in turn (a run directory stands for its config.json) and then by
/// "key=value" texts, and validated. Throws Error(usage) naming the key, and as read_json.
TrainSettings settings_from(const std::vector<std::string>& files, const std::vector<std::string>& texts);
/// The part of it that a prediction needs.
void validate(const ModelSettings& model, const InputSettings& input);

/// From a name in LossSettings::terms.
LossKind loss_kind(const std::string& term);

/// True where each class has a probability of its own (a sigmoid) rather than a share of one (softmax).
bool is_independent(const LossSettings& settings);

/// The settings' weight decay, or what is usual for the optimizer.
double weight_decay_of(const OptimizerSettings& settings);

/// The settings' gamma, or what is usual for the schedule.
double gamma_of(const ScheduleSettings& settings);

/// Whether a training that is resumed may take another value for this key: for how long, where and how fast
/// it trains, and what it keeps.
bool may_change_on_resume(std::string_view key);

/// With what is unset and depends on other settings decided, as torchvision decides it: the monitor, and of a
/// detector its backbone's normalisation and how much of it is trained.
TrainSettings resolved(TrainSettings settings);

/// How large a detector takes pictures.
DetectorSize bounds_of(const InputSettings& input);

/// The smallest input that the network can get.
Extent least_input(const TrainSettings& settings);

/// The settings' own, or what is usual for the network.
Monitor monitor_of(const TrainSettings& settings);

/// False for a loss.
bool more_is_better(Monitor monitor);

}  // namespace learn
}  // namespace maskmill
