// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/parallel.h"
#include "base/progress.h"
#include "base/random.h"
#include "learn/torch/deterministic.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;
using Clock = std::chrono::steady_clock;

LoaderOptions loader_options(const TrainSettings& settings, BatchKind kind, torch::Device device,
                             bool training) {
  LoaderOptions options;
  options.kind = kind;
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

/// Samples that fit a batch together without much padding: wide ones, and tall ones.
std::vector<int> shapes_of(const SampleStore& store) {
  std::vector<int> shapes(store.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Size size = store.network_size(i);
    shapes[i] = size.width < size.height ? 1 : 0;
  }
  return shapes;
}

}  // namespace

Trainer::Trainer(const TrainSettings& settings, const SampleStore& train, const SampleStore& val,
                 const ModelCard& card)
    : settings_(settings),
      device_(choose_device(settings.device)),
      precision_(choose_precision(settings.precision, device_)),
      val_count_(val.size()),
      shape_of_(shapes_of(train)),
      task_(make_task(settings, card, train.class_pixels(), device_, precision_)),
      least_batch_(static_cast<std::size_t>(least_batch(task_->network()->graph(), least_input(settings)))),
      loss_parts_(task_->loss_parts()),
      optimizer_(make_optimizer(parameters_of(*task_->network()), settings.optimizer)),
      schedule_(settings.schedule, settings.optimizer, steps_per_epoch(settings, train.size()),
                settings.epochs),
      sampler_(train.size(), static_cast<std::uint64_t>(settings.seed)),
      train_loader_(train, loader_options(settings, task_->batches(), device_, true)),
      val_loader_(val, loader_options(settings, task_->batches(), device_, false)) {
  if (precision_ == Precision::bf16 && !computes_in_bf16(device_))
    notice("precision=bf16 is slow here: this device has no arithmetic for bfloat16, float32 is faster");
  compute_deterministically(settings.deterministic, task_->batches() != BatchKind::classes);
}

std::vector<Trainer::Step> Trainer::steps_of_epoch(int epoch) const {
  const std::vector<std::size_t> order = sampler_.order(epoch);
  std::vector<Step> steps;
  for (const std::vector<std::size_t>& samples :
       in_batches_of_shape(order, shape_of_, samples_a_step(settings_))) {
    steps.push_back({in_batches(samples, settings_.batch_size)});
    for (std::vector<std::size_t>& batch : steps.back().batches)
      if (batch.size() < least_batch_)
        batch.push_back(batch.front() == order.front() ? order.back() : order.front());
  }
  return steps;
}

/// Its batches must be the loader's next. Returns its loss, still on the device.
Tensor Trainer::take(const Step& step, std::int64_t number) {
  if (task_->draws())
    torch::manual_seed(Random{stable_hash("dropout"), static_cast<std::uint64_t>(settings_.seed),
                              static_cast<std::uint64_t>(number)}
                           .next());
  std::size_t samples = 0;
  for (const auto& batch : step.batches) samples += batch.size();
  optimizer_->zero_grad();
  Tensor sum;
  for (std::size_t i = 0; i < step.batches.size(); ++i) {
    const std::optional<Batch> batch = train_loader_.next();
    const double share = static_cast<double>(batch->size()) / static_cast<double>(samples);
    const Task::Losses losses = task_->losses(*batch);
    (share == 1 ? losses.total : losses.total * share).backward();
    std::vector<Tensor> seen{losses.total.detach()};
    for (const auto& [name, part] : losses.parts) seen.push_back(part.detach());
    const Tensor all = torch::stack(seen) * share;
    sum = sum.defined() ? sum + all : all;
  }
  clip_gradients(optimizer_->parameters(), settings_.gradients);
  optimizer_->step(schedule_.at(number));
  return sum;
}

/// Adds losses up, in the order of the steps.
void Trainer::look(std::vector<Looked>& losses, TrainingProgress& progress) const {
  if (losses.empty()) return;
  std::vector<Tensor> all;
  for (const Looked& each : losses) all.push_back(each.losses);
  const Tensor numbers = torch::stack(all).to(torch::kCPU, torch::kFloat64);
  progress.part_sums.resize(loss_parts_.size());
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const Tensor row = numbers[static_cast<std::int64_t>(i)];
    const auto weight = static_cast<double>(losses[i].samples.size());
    const double loss = row[0].item<double>();
    if (!std::isfinite(loss)) throw LostLoss{losses[i].samples};
    progress.loss_sum += loss * weight;
    for (std::size_t part = 0; part < loss_parts_.size(); ++part)
      progress.part_sums[part] += row[static_cast<std::int64_t>(part) + 1].item<double>() * weight;
    progress.samples += static_cast<std::int64_t>(losses[i].samples.size());
  }
  losses.clear();
}

Trainer::TrainPass Trainer::train(TrainingProgress& progress) {
  const Clock::time_point start = Clock::now();
  const std::int64_t samples_before = progress.samples;
  network()->freeze_encoder(progress.epoch <= settings_.freeze_encoder);
  network()->train();
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
  for (std::size_t part = 0; part < loss_parts_.size(); ++part)
    pass.parts.emplace_back(loss_parts_[part],
                            progress.part_sums[part] / static_cast<double>(progress.samples));
  pass.samples = progress.samples - samples_before;
  pass.waited = train_loader_.waited_seconds();
  pass.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return pass;
}

SubsetScores Trainer::score(std::size_t keep) {
  const torch::NoGradGuard no_grad;
  network()->eval();
  const std::unique_ptr<Task::Scoring> scoring = task_->scoring(keep);
  val_loader_.start(in_batches(Sampler(val_count_, 0).in_order(), settings_.batch_size), 1);
  while (const std::optional<Batch> batch = val_loader_.next()) {
    throw_if_interrupted();
    scoring->add(*batch);
  }
  return scoring->finish();
}

}  // namespace maskmill::learn
