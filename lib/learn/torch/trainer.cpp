// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <opencv2/core.hpp>
#include <optional>

#include "base/parallel.h"
#include "base/progress.h"
#include "base/random.h"
#include "learn/torch/deterministic.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;
using Clock = std::chrono::steady_clock;

Network seeded_network(const TrainSettings& settings, int classes, torch::Device device) {
  torch::manual_seed(static_cast<std::uint64_t>(settings.seed));
  Network network(build(settings.model, 3, classes));
  network->place(device);
  return network;
}

bool has_dropout(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(),
                             [](const Node& node) { return std::holds_alternative<Dropout>(node.layer); });
}

NamedTensors parameters_of(const Network& network) {
  NamedTensors parameters;
  for (const auto& item : network->named_parameters()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

LoaderOptions loader_options(const TrainSettings& settings, torch::Device device, bool training) {
  LoaderOptions options;
  options.augment = settings.augment;
  options.augment.enabled = settings.augment.enabled && training;
  options.seed = static_cast<std::uint64_t>(settings.seed);
  options.ahead = settings.loader.ahead;
  options.pinned = device.is_cuda();
  return options;
}

int samples_a_step(const TrainSettings& settings) {
  return settings.batch_size * settings.gradients.accumulate;
}

std::int64_t steps_per_epoch(const TrainSettings& settings, std::size_t samples) {
  const auto step = static_cast<std::size_t>(samples_a_step(settings));
  return static_cast<std::int64_t>((samples + step - 1) / step);
}

}  // namespace

Trainer::Trainer(const TrainSettings& settings, const SampleStore& train, const SampleStore& val,
                 const ModelCard& card)
    : settings_(settings),
      device_(choose_device(settings.device)),
      precision_(choose_precision(settings.precision, device_)),
      train_count_(train.size()),
      val_count_(val.size()),
      classes_(card.classes.size()),
      input_(settings.input, device_),
      network_(seeded_network(settings, classes_, device_)),
      drops_out_(has_dropout(network_->graph())),
      loss_(settings.loss,
            class_weights(settings.loss, train.class_pixels(), static_cast<std::size_t>(classes_))),
      optimizer_(make_optimizer(parameters_of(network_), settings.optimizer)),
      schedule_(settings.schedule, settings.optimizer, steps_per_epoch(settings, train_count_),
                settings.epochs),
      sampler_(train_count_, static_cast<std::uint64_t>(settings.seed)),
      train_loader_(train, loader_options(settings, device_, true)),
      val_loader_(val, loader_options(settings, device_, false)) {
  if (precision_ == Precision::bf16 && !computes_in_bf16(device_))
    notice("precision=bf16 is slow here: this device has no arithmetic for bfloat16, float32 is faster");
  compute_deterministically(settings.deterministic);
}

std::vector<Trainer::Step> Trainer::steps_of_epoch(int epoch) const {
  std::vector<Step> steps;
  for (const std::vector<std::size_t>& samples : in_batches(sampler_.order(epoch), samples_a_step(settings_)))
    steps.push_back({in_batches(samples, settings_.batch_size)});
  return steps;
}

Trainer::Prepared Trainer::prepare(const Batch& batch) const {
  return {input_(batch.images), batch.classes.to(device_, /*non_blocking=*/true).to(torch::kInt64)};
}

Tensor Trainer::loss_of(const Tensor& input, const Tensor& classes) {
  const auto outputs = [&] {
    const Autocast autocast(device_, precision_);
    return network_->forward(input);
  }();
  Tensor loss = loss_(outputs.at("out"), classes);
  if (const auto aux = outputs.find("aux"); aux != outputs.end())
    loss = loss + settings_.loss.aux_weight * loss_(aux->second, classes);
  return loss;
}

/// Its batches must be the loader's next. Returns its loss, still on the device.
Tensor Trainer::take(const Step& step, std::int64_t number) {
  if (drops_out_)
    torch::manual_seed(Random{stable_hash("dropout"), static_cast<std::uint64_t>(settings_.seed),
                              static_cast<std::uint64_t>(number)}
                           .next());
  std::size_t samples = 0;
  for (const auto& batch : step.batches) samples += batch.size();
  optimizer_->zero_grad();
  Tensor sum;
  for (std::size_t i = 0; i < step.batches.size(); ++i) {
    const std::optional<Batch> batch = train_loader_.next();
    const auto [input, classes] = prepare(*batch);
    const double share = static_cast<double>(batch->size()) / static_cast<double>(samples);
    const Tensor loss = share == 1 ? loss_of(input, classes) : loss_of(input, classes) * share;
    loss.backward();
    sum = sum.defined() ? sum + loss.detach() : loss.detach();
  }
  clip_gradients(optimizer_->parameters(), settings_.gradients);
  optimizer_->step(schedule_.at(number));
  return sum;
}

/// Adds losses up, in the order of the steps.
void Trainer::look(std::vector<Looked>& losses, TrainingProgress& progress) {
  if (losses.empty()) return;
  std::vector<Tensor> all;
  for (const Looked& each : losses) all.push_back(each.loss);
  const Tensor numbers = torch::stack(all).cpu();
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double loss = numbers[static_cast<std::int64_t>(i)].item<double>();
    if (!std::isfinite(loss)) throw LostLoss{losses[i].samples};
    progress.loss_sum += loss * static_cast<double>(losses[i].samples.size());
    progress.samples += static_cast<std::int64_t>(losses[i].samples.size());
  }
  losses.clear();
}

Trainer::TrainPass Trainer::train(TrainingProgress& progress) {
  const Clock::time_point start = Clock::now();
  const std::int64_t samples_before = progress.samples;
  network_->freeze_encoder(progress.epoch <= settings_.freeze_encoder);
  network_->train();
  schedule_.resume(progress.schedule);
  const std::vector<Step> steps = steps_of_epoch(progress.epoch);
  const auto done = static_cast<std::ptrdiff_t>(progress.steps_in_epoch);
  std::vector<std::vector<std::size_t>> batches;
  for (auto step = steps.begin() + done; step != steps.end(); ++step)
    batches.insert(batches.end(), step->batches.begin(), step->batches.end());
  train_loader_.start(std::move(batches), progress.epoch);

  // Looking at a number on a GPU waits for it.
  const std::size_t steps_between_looks = device_.is_cpu() ? 1 : 50;
  std::vector<Looked> losses;
  for (auto step = steps.begin() + done; step != steps.end(); ++step) {
    if (interrupted() || losses.size() == steps_between_looks) look(losses, progress);
    throw_if_interrupted();
    std::vector<std::size_t> samples;
    for (const auto& batch : step->batches) samples.insert(samples.end(), batch.begin(), batch.end());
    losses.push_back({std::move(samples), take(*step, progress.steps)});
    ++progress.steps;
    ++progress.steps_in_epoch;
  }
  look(losses, progress);
  TrainPass pass;
  pass.loss = progress.loss_sum / static_cast<double>(progress.samples);
  pass.samples = progress.samples - samples_before;
  pass.waited = train_loader_.waited_seconds();
  pass.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return pass;
}

Trainer::ValPass Trainer::score(std::size_t keep) {
  const torch::NoGradGuard no_grad;
  network_->eval();
  ConfusionMatrix matrix(classes_);
  ValPass pass;
  Tensor sum = torch::zeros({}, torch::TensorOptions(device_).dtype(torch::kFloat64));
  val_loader_.start(in_batches(Sampler(val_count_, 0).in_order(), settings_.batch_size), 1);
  while (const std::optional<Batch> batch = val_loader_.next()) {
    throw_if_interrupted();
    const auto [input, classes] = prepare(*batch);
    const Tensor scores = [&, &images = input] {
      const Autocast autocast(device_, precision_);
      return network_->forward(images).at("out");
    }();
    sum += loss_(scores, classes) * batch->size();
    const Tensor chosen = scores.argmax(1).to(torch::kInt16).cpu().contiguous();
    const auto mask = [](const Tensor& numbers) {
      return cv::Mat(static_cast<int>(numbers.size(0) * numbers.size(1)), static_cast<int>(numbers.size(2)),
                     CV_16UC1, numbers.data_ptr());
    };
    matrix.add(mask(chosen), mask(batch->classes));
    for (std::int64_t i = 0; i < batch->size() && pass.first.size() < keep; ++i)
      pass.first.push_back(mask(chosen.narrow(0, i, 1)).clone());
  }
  pass.loss = sum.item<double>() / static_cast<double>(val_count_);
  pass.scores = maskmill::scores_of(matrix);
  return pass;
}

}  // namespace maskmill::learn
