// SPDX-License-Identifier: Apache-2.0
#include <c10/core/CachingDeviceAllocator.h>
#include <torch/torch.h>

#include <opencv2/core.hpp>

#include "catch.h"
#include "gpu.h"
#include "learn/models.h"
#include "learn/predict.h"
#include "learn/torch/device.h"
#include "learn/torch/losses.h"
#include "learn/torch/module.h"
#include "learn/torch/optimizer.h"
#include "learn/train.h"
#include "support/drawn_shapes.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;
using namespace maskmill::tests;

namespace {

constexpr Size kSize{64, 64};

std::int64_t allocated_bytes() {
  torch::cuda::synchronize();
  const auto stats = at::getDeviceAllocator(at::kCUDA)->getDeviceStats(0);
  return stats.allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].current;
}

/// The loss after a few steps on random numbers, from the same start on any device.
double loss_after_steps(torch::Device device, Precision precision) {
  torch::manual_seed(1);
  Network network(build({.name = "unet", .init_features = 8}, 3, 3));
  const torch::Tensor images = torch::randn({4, 3, kSize.height, kSize.width});
  const torch::Tensor classes = torch::randint(-1, 3, {4, kSize.height, kSize.width}, torch::kInt64);
  network->place(device);
  const auto optimizer = make_optimizer(parameters_of(*network), {});
  const Loss loss(LossSettings{.terms = {"ce", "dice"}}, {});
  double last = 0;
  for (int step = 0; step < 5; ++step) {
    torch::Tensor scores;
    {
      const Autocast autocast(device, precision);
      scores = network->forward(images.to(device)).at("out");
    }
    const torch::Tensor value = loss(scores, classes.to(device));
    optimizer->zero_grad();
    value.backward();
    optimizer->step({.learning_rate = 1e-3, .momentum = 0.9});
    last = value.item<double>();
  }
  return last;
}

TrainSettings gpu_settings(Precision precision) {
  TrainSettings settings;
  settings.model.init_features = 8;
  settings.input.width = kSize.width;
  settings.input.height = kSize.height;
  settings.epochs = 15;
  settings.optimizer.learning_rate = 0.01;
  settings.schedule.name = ScheduleKind::one_cycle;
  settings.loss.terms = {"ce", "dice"};
  settings.device = Device::cuda;
  settings.precision = precision;
  return settings;
}

}  // namespace

TEST_CASE("steps of training on the GPU lead where the CPU's lead") {
  if (!has_gpu()) return;
  const double expected = loss_after_steps(torch::kCPU, Precision::float32);
  CHECK_THAT(loss_after_steps(torch::kCUDA, Precision::float32), WithinRel(expected, 0.01));
  CHECK_THAT(loss_after_steps(torch::kCUDA, Precision::bf16), WithinRel(expected, 0.05));
}

TEST_CASE("a network trained on the GPU learns drawn shapes and predicts the same on the CPU") {
  if (!has_gpu()) return;
  for (const Precision precision : {Precision::float32, Precision::bf16}) {
    const Scratch scratch;
    const auto data = source_of(drawn_items(scratch, 48, 12, kSize));
    const RunFolder run = RunFolder::create(scratch / "run", Overwrite::no);
    Findings findings;
    const TrainResult result = train(gpu_settings(precision), *data, run, {}, findings, {});
    CHECK(result.best_score > 0.9);
    CHECK_THAT(result.device, contains("cuda: "));

    PredictSettings settings;
    settings.probabilities = true;
    settings.device = Device::cuda;
    const auto on_gpu = Predictor::open(run.path(), settings);
    settings.device = Device::cpu;
    const auto on_cpu = Predictor::open(run.path(), settings);
    const std::vector<cv::Mat> pictures{drawn_shape({100, 80}, 7).picture, drawn_shape(kSize, 8).picture};
    const auto gpu = on_gpu->predict_pictures(pictures), cpu = on_cpu->predict_pictures(pictures);
    for (std::size_t i = 0; i < pictures.size(); ++i)
      CHECK(cv::norm(gpu[i].confidence, cpu[i].confidence, cv::NORM_INF) < 0.02);
  }
}

TEST_CASE("every architecture scores the same on the GPU as on the CPU") {
  if (!has_gpu()) return;
  const FullFloats exact;
  const torch::NoGradGuard no_grad;
  for (const Architecture* architecture : architectures()) {
    INFO(architecture->name);
    torch::manual_seed(1);
    Network network(build({.name = std::string(architecture->name), .init_features = 8}, 3, 5));
    network->eval();
    const torch::Tensor images = torch::randn({2, 3, kSize.height, kSize.width});
    network->place(torch::kCPU);
    const torch::Tensor cpu = network->forward(images).at("out");
    network->place(torch::kCUDA);
    const torch::Tensor gpu = network->forward(images.to(torch::kCUDA)).at("out").cpu();
    CHECK((gpu - cpu).abs().max().item<double>() < 1e-4 * cpu.abs().max().item<double>());
  }
}

TEST_CASE("a training on the GPU goes on where it was left, bit for bit") {
  if (!has_gpu()) return;
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 24, 8, kSize));
  TrainSettings settings = gpu_settings(Precision::bf16);
  settings.deterministic = true;
  settings.schedule.name = ScheduleKind::constant;
  settings.augment.rotation = 20;
  Findings findings;
  const auto train_to = [&](int epochs, const RunFolder& run, bool resume) {
    settings.epochs = epochs;
    train(settings, *data, run, {}, findings, {}, resume);
  };
  train_to(4, RunFolder::create(scratch / "whole", Overwrite::no), false);
  train_to(2, RunFolder::create(scratch / "parts", Overwrite::no), false);
  train_to(4, RunFolder::resume(scratch / "parts"), true);
  for (const char* name : {"model.pth", "last.pth", "checkpoint.pt"})
    CHECK((read_file(scratch / "whole" / name) == read_file(scratch / "parts" / name)));
}

TEST_CASE("training and predicting give the GPU's memory back") {
  if (!has_gpu()) return;
  loss_after_steps(torch::kCUDA, Precision::bf16);  // what libraries keep for themselves is kept from here on
  const std::int64_t before = allocated_bytes();
  loss_after_steps(torch::kCUDA, Precision::bf16);
  CHECK(allocated_bytes() == before);
}

TEST_CASE("a batch too large for the GPU says what to make smaller") {
  if (!has_gpu()) return;
  const Error error =
      thrown_by([] { guarded([] { return torch::empty({1LL << 50}, torch::Device(torch::kCUDA)); }); });
  CHECK_THAT(error.what(), contains("batch-size"));
}
