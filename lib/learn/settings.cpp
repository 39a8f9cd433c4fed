// SPDX-License-Identifier: Apache-2.0
#include "learn/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "learn/model_card.h"

namespace maskmill::learn {
namespace {

Error refused(const std::string& key, const std::string& message) {
  return Error(Code::usage, message).at_field(key);
}

void require_multiple(const std::string& key, int side, int multiple) {
  if (side > 0 && side % multiple == 0) return;
  const int below = side / multiple * multiple;
  throw refused(key, fmt::format("this network takes multiples of {}; found {}", multiple, side))
      .hint(below > 0 ? fmt::format("{} and {} are nearest", below, below + multiple)
                      : fmt::format("the smallest is {}", multiple));
}

void require_three(const std::string& key, const std::vector<double>& values) {
  if (values.size() != 3)
    throw refused(key, fmt::format("needs three numbers, for red, green and blue; found {}", values.size()));
  for (const double value : values)
    if (!std::isfinite(value)) throw refused(key, fmt::format("found {} among the numbers", value));
}

void require_weights(const std::string& key, const std::vector<double>& weights) {
  for (const double weight : weights)
    if (!(weight > 0) || !std::isfinite(weight))
      throw refused(key, fmt::format("needs numbers above 0; found {}", weight));
}

bool has_term(const LossSettings& loss, LossKind kind) {
  return std::ranges::any_of(loss.terms, [&](const std::string& term) { return loss_kind(term) == kind; });
}

void validate(const LossSettings& loss) {
  const auto& names = enum_names<LossKind>;
  if (loss.terms.empty())
    throw refused("loss.terms", "names no loss; there are: " +
                                    joined(std::vector<std::string>(names.begin(), names.end()), ", "));
  for (const std::string& term : loss.terms) loss_kind(term);
  if (std::set(loss.terms.begin(), loss.terms.end()).size() != loss.terms.size())
    throw refused("loss.terms", "names a term twice: " + joined(loss.terms, ","))
        .hint("give it a weight instead: loss.weights");
  require_weights("loss.weights", loss.weights);
  if (!loss.weights.empty() && loss.weights.size() != loss.terms.size())
    throw refused("loss.weights",
                  fmt::format("needs one number a term: {} for {}; found {}", loss.terms.size(),
                              joined(loss.terms, ","), loss.weights.size()));
  if (loss.activation == Activation::sigmoid && has_term(loss, LossKind::ce))
    throw refused("loss.activation", "ce shares each pixel among the classes, which sigmoid does not")
        .hint("bce goes with sigmoid");
  if (loss.activation == Activation::softmax && has_term(loss, LossKind::bce) &&
      !has_term(loss, LossKind::ce))
    throw refused("loss.activation", "bce gives each class a chance of its own, which softmax does not")
        .hint("ce goes with softmax");
  require_weights("loss.class-weights", loss.class_weights);
  if (!loss.class_weights.empty() && loss.balance != ClassBalance::none)
    throw refused("loss.balance", "class weights are given by loss.class-weights already");
}

void validate(const OptimizerSettings& optimizer) {
  const auto below_one = [](const std::string& key, double value) {
    if (!(value < 1)) throw refused(key, "must be below 1");
  };
  below_one("optimizer.beta1", optimizer.beta1);
  below_one("optimizer.beta2", optimizer.beta2);
  below_one("optimizer.momentum", optimizer.momentum);
  below_one("optimizer.alpha", optimizer.alpha);
  if (optimizer.nesterov && (optimizer.name != OptimizerKind::sgd || optimizer.momentum == 0))
    throw refused("optimizer.nesterov", "needs sgd with a momentum");
}

void validate(const ScheduleSettings& schedule, int epochs) {
  if (!(schedule.warmup < epochs))
    throw refused("schedule.warmup",
                  fmt::format("must be shorter than the training, which has {} epochs", epochs));
  const std::vector<int>& at = schedule.milestones;
  if (!std::ranges::is_sorted(at) || (!at.empty() && at.front() < 1))
    throw refused("schedule.milestones", "must be epochs from 1 on, in order");
  if (schedule.name == ScheduleKind::multistep && at.empty())
    throw refused("schedule.milestones", "multistep needs the epochs after which it changes the rate");
}

void validate(const GradientSettings& gradients) {
  if (gradients.clip_norm && !(*gradients.clip_norm > 0))
    throw refused("gradients.clip-norm", "must be above 0");
  if (gradients.clip_value && !(*gradients.clip_value > 0))
    throw refused("gradients.clip-value", "must be above 0");
}

}  // namespace

void validate(const ModelSettings& model, const InputSettings& input) {
  constexpr int colours = 3, classes = 2;  // any number of classes takes the same input
  try {
    const Graph graph = build(model, colours, classes);
    if (!detector_of(model)) {
      require_multiple("input.width", input.width, graph.size_multiple());
      require_multiple("input.height", input.height, graph.size_multiple());
    } else if (input.max_size < input.min_size) {
      throw refused("input.max-size", fmt::format("is below input.min-size, which is {}", input.min_size));
    }
  } catch (Error& error) {
    throw std::move(error.at_field("model.name"));
  }
  require_three("input.mean", input.mean);
  require_three("input.std", input.std);
  for (const double value : input.std)
    if (!(value > 0)) throw refused("input.std", fmt::format("is divided by, so above 0; found {}", value));
}

namespace {

/// A monitor that the network does not give.
void validate_monitor(const TrainSettings& settings) {
  const DetectorArchitecture* detector = detector_of(settings.model);
  const Monitor monitor = monitor_of(settings);
  const bool of_objects = monitor == Monitor::mask_ap || monitor == Monitor::box_ap;
  if (monitor == Monitor::loss) return;
  if (of_objects != (detector != nullptr) || (monitor == Monitor::mask_ap && !detector->masks))
    throw refused("monitor", settings.model.name + " has no " + std::string(name_of(monitor)))
        .hint(!detector         ? "there are val_mean_dice, val_mean_iou, val_pixel_accuracy and val_loss"
              : detector->masks ? "there are val_mask_ap, val_box_ap and val_loss"
                                : "there are val_box_ap and val_loss");
}

}  // namespace

void validate(const TrainSettings& settings) {
  validate(settings.model, settings.input);
  validate_monitor(settings);
  validate(settings.loss);
  validate(settings.optimizer);
  validate(settings.schedule, settings.epochs);
  validate(settings.gradients);
  validate(settings.augment);
}

TrainSettings settings_from(const std::vector<std::string>& files, const std::vector<std::string>& texts) {
  TrainSettings settings;
  const std::vector<Setting> declared = settings_of(settings);
  for (const std::string& file : files) {
    const Path path = fs::is_directory(file) ? Path(file) / "config.json" : Path(file);
    try {
      assign_document(declared, read_json(path));
    } catch (Error& error) {
      throw std::move(error).at_file(path);
    }
  }
  for (const std::string& text : texts) assign(declared, text);
  validate(settings);
  return settings;
}

LossKind loss_kind(const std::string& term) {
  const auto& names = enum_names<LossKind>;
  const auto found = std::find(names.begin(), names.end(), term);
  if (found == names.end())
    throw refused("loss.terms", in_quotes(term) + " is no loss; there are: " +
                                    joined(std::vector<std::string>(names.begin(), names.end()), ", "));
  return static_cast<LossKind>(found - names.begin());
}

bool is_independent(const LossSettings& settings) {
  if (settings.activation != Activation::automatic) return settings.activation == Activation::sigmoid;
  return has_term(settings, LossKind::bce) && !has_term(settings, LossKind::ce);
}

double weight_decay_of(const OptimizerSettings& settings) {
  return settings.weight_decay.value_or(settings.name == OptimizerKind::adamw ? 0.01 : 0.0);
}

double gamma_of(const ScheduleSettings& settings) {
  return settings.gamma.value_or(settings.name == ScheduleKind::exponential ? 0.95 : 0.1);
}

bool may_change_on_resume(std::string_view key) {
  for (const std::string_view whole : {"epochs", "device", "threads"})
    if (key == whole) return true;
  for (const std::string_view group : {"stop.", "loader.", "checkpoint.", "tensorboard."})
    if (key.starts_with(group)) return true;
  return false;
}

namespace {

/// torchvision's COCO_V1 weights of the first versions, by their names or as they are published.
bool is_made_without_eps(const std::string& weights) {
  return weights.ends_with("RCNN_ResNet50_FPN_Weights.COCO_V1") ||
         weights.find("rcnn_resnet50_fpn_coco-") != weights.npos;
}

/// What weights of such a network were made with: a run says it, and torchvision's are known.
double norm_eps_of(const std::string& weights, const std::string& model) {
  for (const Path& folder : {Path(weights), Path(weights).parent_path()}) {
    const Path card = folder / "model.json";
    if (folder.empty() || !fs::is_regular_file(card)) continue;
    try {
      const ModelSettings trained = read_model_card(card).model;
      if (trained.name == model && trained.detector.norm_eps) return *trained.detector.norm_eps;
    } catch (const Error&) {
      continue;  // a file of that name that no run wrote
    }
  }
  return is_made_without_eps(weights) && !model.ends_with("_v2") ? 0 : 1e-5;
}

}  // namespace

TrainSettings resolved(TrainSettings settings) {
  settings.monitor = monitor_of(settings);
  const DetectorArchitecture* architecture = detector_of(settings.model);
  if (!architecture) return settings;
  DetectorSettings& detector = settings.model.detector;
  const bool begins_with_weights = settings.init || settings.model.weights;
  const bool first_version = !architecture->name.ends_with("_v2");
  if (detector.norm == BackboneNorm::automatic)
    detector.norm = begins_with_weights && first_version ? BackboneNorm::frozen : BackboneNorm::batch;
  if (!detector.norm_eps)
    detector.norm_eps =
        norm_eps_of(settings.init.value_or(settings.model.weights.value_or("")), settings.model.name);
  if (!detector.trainable_layers) detector.trainable_layers = begins_with_weights ? 3 : 5;
  return settings;
}

DetectorSize bounds_of(const InputSettings& input) {
  return {input.min_size, input.max_size};
}

Extent least_input(const TrainSettings& settings) {
  const InputSettings& input = settings.input;
  if (!detector_of(settings.model)) return {input.height, input.width};
  // As far as proportions go, a picture may be as flat as one likes.
  const Size padded = padded_size({{input.min_size, 1}});
  return {padded.height, padded.width};
}

Monitor monitor_of(const TrainSettings& settings) {
  if (settings.monitor != Monitor::automatic) return settings.monitor;
  const DetectorArchitecture* detector = detector_of(settings.model);
  if (!detector) return Monitor::mean_dice;
  return detector->masks ? Monitor::mask_ap : Monitor::box_ap;
}

bool more_is_better(Monitor monitor) {
  return monitor != Monitor::loss;
}

}  // namespace maskmill::learn
