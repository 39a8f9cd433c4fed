// SPDX-License-Identifier: Apache-2.0
// A whole detector on a GPU, beside a CPU's.
#include "../unit/learn_detection/detection_support.h"
#include "gpu.h"
#include "learn/torch/detection/objects.h"
#include "learn/torch/optimizer.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;

namespace {

/// Every anchor and region counts in the losses: none are drawn, which a GPU's generator does otherwise.
DetectorSettings without_chance() {
  DetectorSettings settings = kSettings;
  settings.rpn_batch_size_per_image = settings.box_batch_size_per_image = 1'000'000;
  return settings;
}

struct Scene {
  PictureBatch pictures;
  std::vector<ObjectTargets> objects;
};

Scene scene_on(torch::Device device, torch::ScalarType type) {
  Scene scene{batch(), {}};
  scene.pictures.pixels = scene.pictures.pixels.to(device, type);
  for (ObjectTargets of_picture : targets()) {
    of_picture.boxes = of_picture.boxes.to(type);
    scene.objects.push_back(on_device(of_picture, device));
  }
  return scene;
}

Tensor summed(const Detector::Losses& losses) {
  Tensor sum;
  for (const auto& [name, loss] : losses) sum = sum.defined() ? sum + loss : loss;
  return sum;
}

/// The five losses, and the length of all gradients and of some.
std::vector<double> step_on(torch::Device device, torch::ScalarType type) {
  Detector detector = filled(maskrcnn_resnet50_fpn(), without_chance());
  detector.network()->to(type);
  detector.network()->place(device);
  detector.network()->train();
  const Scene scene = scene_on(device, type);
  const Detector::Losses losses = detector.losses(scene.pictures, scene.objects, Precision::float32);
  summed(losses).backward();
  std::vector<double> numbers;
  for (const auto& [name, loss] : losses) numbers.push_back(loss.item<double>());
  const auto parameters = detector.network()->named_parameters();
  const auto norm = [&](const std::string& name) { return parameters[name].grad().norm().item<double>(); };
  double all = 0;
  for (const auto& parameter : parameters) all += std::pow(norm(parameter.key()), 2);
  for (const double one :
       {std::sqrt(all), norm("backbone.body.conv1.weight"), norm("backbone.fpn.layer_blocks.0.0.weight"),
        norm("roi_heads.box_predictor.cls_score.weight"),
        norm("roi_heads.mask_predictor.mask_fcn_logits.weight")})
    numbers.push_back(one);
  return numbers;
}

std::vector<Detections> detections_on(torch::Device device, torch::ScalarType type) {
  Detector detector = filled(maskrcnn_resnet50_fpn());
  detector.network()->to(type);
  detector.network()->place(device);
  detector.network()->eval();
  return detector.detect(scene_on(device, type).pictures, Precision::float32);
}

/// The sum of losses at each step of a training on two pictures.
std::vector<double> losses_of_steps(torch::Device device, Precision precision, int steps) {
  torch::manual_seed(1);
  Detector detector(Network(maskrcnn_resnet50_fpn().build(kClasses, kSettings)), kSettings, /*masks=*/true);
  detector.network()->place(device);
  detector.network()->train();
  const auto optimizer = make_optimizer(parameters_of(*detector.network()), {.name = OptimizerKind::sgd});
  const Scene scene = scene_on(device, torch::kFloat32);
  std::vector<double> found;
  for (int step = 0; step < steps; ++step) {
    const Tensor sum = summed(detector.losses(scene.pictures, scene.objects, precision));
    optimizer->zero_grad();
    sum.backward();
    optimizer->step({.learning_rate = 1e-3, .momentum = 0.9});
    found.push_back(sum.item<double>());
  }
  return found;
}

}  // namespace

TEST_CASE("a detector's losses and gradients on the GPU are near the CPU's") {
  if (!has_gpu()) return;
  const FullFloats exact;
  check_close(step_on(torch::kCUDA, torch::kFloat64), step_on(torch::kCPU, torch::kFloat64), 1e-6);
  check_close(step_on(torch::kCUDA, torch::kFloat32), step_on(torch::kCPU, torch::kFloat32), 0.03);
}

TEST_CASE("a detector finds on the GPU what it finds on the CPU") {
  if (!has_gpu()) return;
  const std::vector<Detections> gpu = detections_on(torch::kCUDA, torch::kFloat64),
                                cpu = detections_on(torch::kCPU, torch::kFloat64);
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    REQUIRE(cpu[i].labels.size(0) > 5);
    REQUIRE(torch::equal(gpu[i].labels.cpu(), cpu[i].labels));
    CHECK(torch::allclose(gpu[i].boxes.cpu(), cpu[i].boxes, 1e-6, 1e-6));
    CHECK(torch::allclose(gpu[i].scores.cpu(), cpu[i].scores, 1e-6, 1e-6));
    CHECK(torch::allclose(gpu[i].masks.cpu(), cpu[i].masks, 1e-6, 1e-6));
  }
}

TEST_CASE("a detector learns on the GPU, in bf16 too") {
  if (!has_gpu()) return;
  for (const Precision precision : {Precision::float32, Precision::bf16}) {
    const std::vector<double> losses = losses_of_steps(torch::kCUDA, precision, 12);
    INFO(losses.front() << " became " << losses.back());
    for (const double loss : losses) REQUIRE(std::isfinite(loss));
    CHECK(losses.back() < 0.7 * losses.front());
  }
}
