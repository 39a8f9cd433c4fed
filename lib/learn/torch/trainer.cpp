// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <opencv2/core.hpp>
#include <optional>

#include "base/hash.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/text.h"
#include "learn/sampler.h"
#include "learn/tensor_file.h"
#include "learn/torch/device.h"
#include "learn/torch/input.h"
#include "learn/torch/loader.h"
#include "learn/torch/losses.h"
#include "learn/torch/module.h"
#include "learn/torch/optimizer.h"
#include "learn/torch/sample_store.h"
#include "learn/train.h"
#include "metrics/confusion.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The two subsets of one data set.
struct Items {
  std::vector<Item> train, val;
  /// True where a mask has to be painted.
  bool painted() const {
    const auto without_mask = [](const Item& item) { return item.annotated && !item.semantic; };
    return std::any_of(train.begin(), train.end(), without_mask) ||
           std::any_of(val.begin(), val.end(), without_mask);
  }
};

void require_subset(const std::vector<std::string>& subsets, const std::string& key,
                    const std::string& wanted) {
  if (std::find(subsets.begin(), subsets.end(), wanted) != subsets.end()) return;
  const std::string there = subsets.empty() ? "no subsets" : "subsets " + joined(subsets, ", ");
  throw Error(Code::usage, "there is no subset " + in_quotes(wanted) + "; the data set has " + there)
      .at_field(key)
      .hint("maskmill split makes subsets; train-subset= and val-subset= name them");
}

struct Collected {
  std::optional<Item> item;
  std::vector<Finding> findings;
  std::string digest;
};

/// Nothing for an item of another subset.
Collected collect_one(ReadItem& read, const TrainSettings& settings) {
  Collected collected;
  collected.item = read(collected.findings);
  if (!collected.item) return collected;
  const std::string& subset = collected.item->subset;
  if (subset != settings.train_subset && subset != settings.val_subset) {
    collected.item.reset();
    return collected;
  }
  try {
    collected.digest = digest_of(*collected.item).hex();
  } catch (const Error& error) {  // reading its sample will say what is wrong
    if (error.code() == Code::interrupted) throw;
    collected.digest = collected.item->id;
  }
  return collected;
}

/// What is used of the data set is stated in `input`.
Items collect(Source& data, const TrainSettings& settings, Provenance::Input& input, Findings& findings) {
  const std::vector<std::string>& subsets = data.metadata().subsets;
  require_subset(subsets, "train-subset", settings.train_subset);
  require_subset(subsets, "val-subset", settings.val_subset);
  data.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  Items items;
  Hasher fingerprint;
  map_items(
      data, [&](ReadItem&& read) { return collect_one(read, settings); },
      [&](Collected&& collected) {
        findings.add(std::move(collected.findings));
        if (!collected.item) return;
        ++input.items;
        fingerprint.add(collected.digest);
        if (collected.item->subset == settings.val_subset) items.val.push_back(*collected.item);
        if (collected.item->subset == settings.train_subset)
          items.train.push_back(std::move(*collected.item));
      });
  input.fingerprint = fingerprint.digest().hex();
  return items;
}

/// What one pass over a subset gave.
struct TrainPass {
  double loss = 0;
  double seconds = 0, waited = 0;
  std::size_t images = 0;
};
struct ValPass {
  double loss = 0;
  SemanticScores scores;
};

class Trainer {
 public:
  Trainer(const TrainSettings& settings, const SampleStore& train, const SampleStore& val,
          const ModelCard& card);

  torch::Device device() const { return device_; }
  Precision precision() const { return precision_; }
  TrainPass train(int epoch);
  ValPass score();
  StateDict weights() const { return state_dict(network_); }
  double learning_rate() const { return schedule_.at(steps_done_ - 1).learning_rate; }

 private:
  struct Prepared {
    Tensor input, classes;
  };
  Prepared prepare(const Batch& batch) const;
  Tensor scores_of(const Tensor& input);

  const TrainSettings& settings_;
  torch::Device device_;
  Precision precision_;
  std::size_t train_count_, val_count_;
  int classes_;
  NetworkInput input_;
  Network network_;
  Loss loss_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  Schedule schedule_;
  Sampler sampler_;
  Loader train_loader_, val_loader_;
  std::int64_t steps_done_ = 0;
};

Network seeded_network(const TrainSettings& settings, int classes, torch::Device device) {
  torch::manual_seed(static_cast<std::uint64_t>(settings.seed));
  Network network(build(settings.model, 3, classes));
  network->place(device);
  return network;
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

std::int64_t steps_of(const TrainSettings& settings, std::size_t samples) {
  const auto batch = static_cast<std::size_t>(settings.batch_size);
  return static_cast<std::int64_t>((samples + batch - 1) / batch) * settings.epochs;
}

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
      loss_(settings.loss),
      optimizer_(make_optimizer(network_->parameters(), settings.optimizer)),
      schedule_(settings.schedule, settings.optimizer, steps_of(settings, train_count_)),
      sampler_(train_count_, static_cast<std::uint64_t>(settings.seed)),
      train_loader_(train, loader_options(settings, device_, true)),
      val_loader_(val, loader_options(settings, device_, false)) {
  if (precision_ == Precision::bf16 && !computes_in_bf16(device_))
    notice("precision=bf16 is slow here: this device has no arithmetic for bfloat16, float32 is faster");
  // All batches are of one size or one less, so that trying out kernels pays.
  at::globalContext().setBenchmarkCuDNN(true);
}

Trainer::Prepared Trainer::prepare(const Batch& batch) const {
  return {input_(batch.images), batch.classes.to(device_, /*non_blocking=*/true).to(torch::kInt64)};
}

Tensor Trainer::scores_of(const Tensor& input) {
  const Autocast autocast(device_, precision_);
  return network_->forward(input).at("out");
}

TrainPass Trainer::train(int epoch) {
  const Clock::time_point start = Clock::now();
  network_->train();
  train_loader_.start(in_batches(sampler_.order(epoch), settings_.batch_size), epoch);
  TrainPass pass;
  Tensor sum = torch::zeros({}, torch::TensorOptions(device_).dtype(torch::kFloat64));
  const auto require_finite = [&] {
    if (std::isfinite(sum.item<double>())) return;
    throw Error(Code::bad_value, "the loss is no longer a number in epoch " + std::to_string(epoch))
        .hint("a smaller optimizer.learning-rate, or precision=float32, usually helps");
  };
  while (const std::optional<Batch> batch = train_loader_.next()) {
    throw_if_interrupted();
    const auto [input, classes] = prepare(*batch);
    set_pace(*optimizer_, schedule_.at(steps_done_++));
    const Tensor loss = loss_(scores_of(input), classes);
    optimizer_->zero_grad();
    loss.backward();
    optimizer_->step();
    sum += loss.detach() * batch->size();
    pass.images += static_cast<std::size_t>(batch->size());
    // Looking at a number on a GPU waits for it.
    constexpr std::int64_t kStepsBetweenLooks = 50;
    if (device_.is_cpu() || steps_done_ % kStepsBetweenLooks == 0) require_finite();
  }
  require_finite();
  pass.loss = sum.item<double>() / static_cast<double>(pass.images);
  pass.waited = train_loader_.waited_seconds();
  pass.seconds = seconds_since(start);
  return pass;
}

ValPass Trainer::score() {
  const torch::NoGradGuard no_grad;
  network_->eval();
  ConfusionMatrix matrix(classes_);
  Tensor sum = torch::zeros({}, torch::TensorOptions(device_).dtype(torch::kFloat64));
  val_loader_.start(in_batches(Sampler(val_count_, 0).in_order(), settings_.batch_size), 1);
  while (const std::optional<Batch> batch = val_loader_.next()) {
    throw_if_interrupted();
    const auto [input, classes] = prepare(*batch);
    const Tensor scores = scores_of(input);
    sum += loss_(scores, classes) * batch->size();
    const Tensor chosen = scores.argmax(1).to(torch::kInt16).cpu().contiguous();
    const auto mask = [](const Tensor& numbers) {
      return cv::Mat(static_cast<int>(numbers.size(0) * numbers.size(1)), static_cast<int>(numbers.size(2)),
                     CV_16UC1, numbers.data_ptr());
    };
    matrix.add(mask(chosen), mask(batch->classes));
  }
  return {sum.item<double>() / static_cast<double>(val_count_), maskmill::scores_of(matrix)};
}

/// A batch of one gives BatchNorm one number a channel where the network has shrunk the picture to one pixel.
void require_statistics(const TrainSettings& settings, const Graph& graph, std::size_t samples) {
  if (settings.batch_size > 1 && samples > 1) return;
  const std::vector<Extent> sizes = extents(graph, {settings.input.height, settings.input.width});
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (std::holds_alternative<BatchNorm2d>(graph.nodes()[i].layer) && sizes[i] == square(1))
      throw Error(Code::usage, "batches of one sample at this input size leave nothing to normalise over")
          .at_field(settings.batch_size > 1 ? "train-subset" : "batch-size")
          .hint("make the batch, the training subset or input.width and input.height larger");
}

MetricsRow metrics_row(const EpochReport& report, const ValPass& val, double learning_rate) {
  return {{"epoch", report.epoch},
          {"train_loss", report.train_loss},
          {"val_loss", report.val_loss},
          {"val_mean_dice", report.val_mean_dice},
          {"val_mean_iou", report.val_mean_iou},
          {"val_pixel_accuracy", val.scores.pixel_accuracy.value_or(0)},
          {"learning_rate", learning_rate},
          {"seconds", report.seconds},
          {"images_per_second", report.images_per_second},
          {"waiting_share", report.waiting_share}};
}

TrainResult train_in_torch(const TrainSettings& settings, Source& data, const RunFolder& run,
                           Provenance made_by, Findings& findings,
                           const std::function<void(const EpochReport&)>& report) {
  const Clock::time_point start = Clock::now();
  prepare_process(settings.threads);
  choose_device(settings.device);  // before the data are read
  made_by.inputs.resize(1);
  Items items = collect(data, settings, made_by.inputs.front(), findings);
  const ClassMap classes(data.metadata().labels, items.painted());
  const ModelCard card{settings.model, settings.input, classes.labels(), Loss(settings.loss).independent()};
  const Graph graph = build(settings.model, 3, classes.size());
  require_statistics(settings, graph, items.train.size());

  const Size size{settings.input.width, settings.input.height};
  const std::size_t cache = static_cast<std::size_t>(settings.loader.cache_mb) << 20;
  const SampleStore train_store(settings.train_subset, std::move(items.train), classes, size, cache,
                                findings);
  const SampleStore val_store(settings.val_subset, std::move(items.val), classes, size,
                              cache - train_store.cached_bytes(), findings);

  Trainer trainer(settings, train_store, val_store, card);
  const auto begin_run = [&] {
    TrainSettings written = settings;
    RunFolder::Files files = files_of(card);
    files.emplace_back("provenance.json", to_json_text(made_by));
    files.emplace_back("config.json", to_text(to_json(settings_of(written))));
    files.emplace_back("environment.json",
                       to_text(describe_environment(trainer.device(), trainer.precision())));
    files.emplace_back("model.pth", encode_pth(trainer.weights()));
    run.begin(files);
  };

  TrainResult result;
  result.device = device_name(trainer.device());
  result.precision = trainer.precision();
  result.left_out = train_store.broken() + val_store.broken();
  double images = 0, training_seconds = 0, waited_seconds = 0;
  for (int epoch = 1; epoch <= settings.epochs; ++epoch) {
    const Clock::time_point epoch_start = Clock::now();
    const TrainPass pass = trainer.train(epoch);
    const ValPass val = trainer.score();
    if (!val.scores.mean_dice)
      throw Error(Code::bad_value, "no pixel of subset " + in_quotes(settings.val_subset) + " has a label");
    images += static_cast<double>(pass.images);
    training_seconds += pass.seconds;
    waited_seconds += pass.waited;

    EpochReport now;
    now.epoch = epoch;
    now.epochs = settings.epochs;
    now.train_loss = pass.loss;
    now.val_loss = val.loss;
    now.val_mean_dice = *val.scores.mean_dice;
    now.val_mean_iou = val.scores.mean_iou.value_or(0);
    now.images_per_second = static_cast<double>(pass.images) / pass.seconds;
    now.waiting_share = pass.waited / pass.seconds;
    now.best = result.best_epoch == 0 || now.val_mean_dice > result.best_val_mean_dice;
    if (now.best) {
      if (epoch == 1)
        begin_run();  // not before: who is interrupted until here still has the former run
      else
        run.write("model.pth", encode_pth(trainer.weights()));
      result.best_epoch = epoch;
      result.best_val_mean_dice = now.val_mean_dice;
    }
    now.seconds = seconds_since(epoch_start);
    run.append_metrics(metrics_row(now, val, trainer.learning_rate()));
    if (report) report(now);
  }
  result.images_per_second = images / training_seconds;
  result.waiting_share = waited_seconds / training_seconds;
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace

TrainResult train(const TrainSettings& settings, Source& data, const RunFolder& run,
                  const Provenance& made_by, Findings& findings,
                  const std::function<void(const EpochReport&)>& report) {
  try {
    validate(settings);
    return guarded([&] { return train_in_torch(settings, data, run, made_by, findings, report); });
  } catch (...) {
    run.remove_if_unused();
    throw;
  }
}

}  // namespace maskmill::learn
