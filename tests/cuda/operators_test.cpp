// SPDX-License-Identifier: Apache-2.0
// The detection operators on a GPU, beside a CPU's: the kernels, where they are built, and what does without.
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "gpu.h"
#include "learn/torch/deterministic.h"
#include "learn/torch/device.h"
#include "learn/torch/operators/cuda/kernels.h"
#include "learn/torch/operators/nms.h"
#include "learn/torch/operators/roi_align.h"
#include "support/operator_cases.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;

namespace {

const char* what_runs() {
  return cuda::kBuilt ? "CUDA kernels" : "built without CUDA kernels: tensor operations";
}

Tensor on_gpu(const Tensor& tensor) {
  return tensor.to(torch::kCUDA);
}

double tolerance_of(torch::ScalarType type) {
  return type == torch::kFloat64 ? 1e-12 : type == torch::kFloat32 ? 2e-5 : 2e-2;
}

void check_near(const Tensor& found, const Tensor& expected) {
  REQUIRE(found.sizes() == expected.sizes());
  REQUIRE(found.scalar_type() == expected.scalar_type());
  const double tolerance = tolerance_of(expected.scalar_type());
  CHECK(torch::allclose(found.cpu().to(torch::kFloat64), expected.to(torch::kFloat64), tolerance, tolerance));
}

void check_same_boxes(const ScoredBoxes& of, double threshold) {
  const Tensor boxes = on_gpu(of.boxes), scores = on_gpu(of.scores), categories = on_gpu(of.categories);
  INFO(what_runs() << ", " << of.boxes.size(0) << " boxes of " << c10::toString(of.boxes.scalar_type())
                   << ", threshold " << threshold);
  const auto expected = numbers(nms(of.boxes, of.scores, threshold));
  CHECK(numbers(nms(boxes, scores, threshold)) == expected);
  CHECK(numbers(nms_by_tensors(boxes, scores, {}, threshold)) == expected);
  const auto of_each = numbers(batched_nms(of.boxes, of.scores, of.categories, threshold));
  CHECK(numbers(batched_nms(boxes, scores, categories, threshold)) == of_each);
  CHECK(numbers(batched_nms(boxes, scores, categories.to(torch::kInt32), threshold)) == of_each);
  CHECK(numbers(nms_by_tensors(boxes, scores, categories, threshold)) == of_each);
}

/// The gradient of roi_align's input, in its memory format.
Tensor gradient_of(const Tensor& input, const Tensor& rois, const Regions& how, const Tensor& grad) {
  Tensor leaf = input.detach().clone().requires_grad_();
  pooled(leaf, rois, how).backward(grad);
  return leaf.grad();
}

Tensor gradient_for(const PoolingCase& of) {
  auto generator = generator_of(5);
  return torch::randn({of.rois.size(0), of.input.size(1), of.how.height, of.how.width}, generator,
                      torch::kFloat64)
      .to(of.input.scalar_type());
}

}  // namespace

TEST_CASE(
    "on the GPU nms keeps what it keeps on the CPU, also of ties, of what is no number and by category") {
  if (!has_gpu()) return;
  for (const auto type : {torch::kFloat32, torch::kFloat64})
    for (const std::int64_t count : {0, 1, 63, 64, 65, 400, 1500})
      for (const bool whole : {false, true})
        for (const bool odd : {false, true})
          for (const double threshold : {-0.5, 0.0, 0.1, 0.5, 0.7, 1.0})
            check_same_boxes(scored_boxes(static_cast<int>(count), count, type, whole, odd), threshold);
}

TEST_CASE("on the GPU nms decides many thousands of boxes") {
  if (!has_gpu()) return;
  for (const std::int64_t count : {4095, 4096, 4097, 20000})
    for (const double threshold : {0.1, 0.7})
      check_same_boxes(scattered_boxes(4, count, torch::kFloat32), threshold);
}

TEST_CASE("on the GPU too, scores that are no numbers come first, whatever their sign") {
  if (!has_gpu()) return;
  ScoredBoxes some = scattered_boxes(2, 300, torch::kFloat32);
  some.scores.slice(0, 0, 300, 3).fill_(std::nanf(""));
  some.scores.slice(0, 0, 300, 6).fill_(-std::nanf(""));
  check_same_boxes(some, 0.5);
}

TEST_CASE("on the GPU roi_align gives the CPU's numbers, in every type and layout") {
  if (!has_gpu()) return;
  for (const auto type : {torch::kFloat64, torch::kFloat32, torch::kBFloat16, torch::kFloat16})
    for (int seed = 0; seed < 40; ++seed) {
      INFO(what_runs() << ", " << c10::toString(type) << ", case " << seed);
      const auto [input, rois, how] = drawn_regions(seed, type);
      const Tensor expected = pooled(input, rois, how);
      const Tensor found = pooled(on_gpu(input), on_gpu(rois), how);
      CHECK(found.is_contiguous());
      check_near(found, expected);
      check_near(roi_align_by_products(on_gpu(input), on_gpu(rois), how.scale, how.height, how.width,
                                       how.ratio, how.aligned),
                 expected);
    }
}

TEST_CASE("on the GPU the gradient of roi_align is the CPU's, in every type and layout, and has one itself") {
  if (!has_gpu()) return;
  for (const auto type : {torch::kFloat64, torch::kFloat32, torch::kBFloat16, torch::kFloat16})
    for (int seed = 0; seed < 40; ++seed) {
      INFO(what_runs() << ", " << c10::toString(type) << ", case " << seed);
      const PoolingCase of = drawn_regions(seed, type);
      const Tensor grad = gradient_for(of), input = on_gpu(of.input), rois = on_gpu(of.rois);
      const Tensor expected = gradient_of(of.input, of.rois, of.how, grad);
      const Tensor found = gradient_of(input, rois, of.how, on_gpu(grad));
      CHECK(found.suggest_memory_format() == of.input.suggest_memory_format());
      check_near(found, expected);
      const Tensor other_layout = on_gpu(grad).contiguous(torch::MemoryFormat::ChannelsLast);
      check_near(gradient_of(input, rois, of.how, other_layout), expected);
    }
  const auto second = [](torch::Device device) {
    const PoolingCase of = drawn_regions(3, torch::kFloat64);
    Tensor input = of.input.to(device).requires_grad_();
    const Tensor loss = pooled(input, of.rois.to(device), of.how).square().sum();
    const Tensor slope = torch::autograd::grad({loss}, {input}, {}, {}, /*create_graph=*/true)[0];
    return torch::autograd::grad({slope.square().sum()}, {input})[0];
  };
  check_near(second(torch::kCUDA), second(torch::kCPU));
}

TEST_CASE("where results must not change, the GPU's gradient of roi_align is the same bits each time") {
  if (!has_gpu()) return;
  compute_deterministically(true, true);
  for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    PoolingCase of = pyramid_level(torch::kFloat32);
    of.input = of.input.contiguous(layout);
    const Tensor grad = gradient_for(of);
    const auto once = [&] { return gradient_of(on_gpu(of.input), on_gpu(of.rois), of.how, on_gpu(grad)); };
    const Tensor first = once();
    CHECK(torch::equal(first, once()));
    CHECK(first.suggest_memory_format() == layout);
    check_near(first, gradient_of(of.input, of.rois, of.how, grad));
  }
  compute_deterministically(false, true);
}

TEST_CASE("on the GPU regions that see nothing are 0, and there may be more of them than a grid is high") {
  if (!has_gpu()) return;
  for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast})
    for (const std::int64_t ratio : {0, 2})
      CHECK(pooled(on_gpu(torch::ones({1, 3, 8, 8}).contiguous(layout)), on_gpu(regions_of_nothing()),
                   {2, 2, ratio, false, 1})
                .abs()
                .max()
                .item<float>() == 0);
  auto generator = generator_of(1);
  const Tensor corners = torch::rand({70000, 2}, generator) * 20,
               sides = torch::rand({70000, 2}, generator) * 20;
  const Tensor rois = torch::cat({torch::zeros({70000, 1}), corners, corners + sides}, 1);
  const Tensor input = torch::randn({1, 2, 30, 30}, generator);
  const Regions how{1, 1, 2, false, 1};
  check_near(pooled(on_gpu(input), on_gpu(rois), how), pooled(input, rois, how));
}

TEST_CASE("on the GPU the operators run in the stream that is torch's current one") {
  if (!has_gpu()) return;
  const PoolingCase of = pyramid_level(torch::kFloat32);
  const ScoredBoxes some = scattered_boxes(3, 3000, torch::kFloat32);
  const Tensor input = on_gpu(of.input), rois = on_gpu(of.rois), boxes = on_gpu(some.boxes),
               scores = on_gpu(some.scores);
  torch::cuda::synchronize();
  const c10::impl::VirtualGuardImpl streams(torch::kCUDA);
  const c10::StreamGuard elsewhere(streams.getStreamFromGlobalPool(input.device()));
  Tensor late = input;
  for (int i = 0; i < 200; ++i) late = late + 1;  // so that a kernel in another stream would come too soon
  const Tensor found = pooled(late - 200, rois, of.how);
  CHECK(torch::allclose(found.cpu(), pooled(of.input, of.rois, of.how), 1e-3, 1e-3));
  CHECK(numbers(nms(boxes, scores, 0.5)) == numbers(nms(some.boxes, some.scores, 0.5)));
}

TEST_CASE("on the GPU the operators under torchvision's names compute in float32 under autocast") {
  if (!has_gpu()) return;
  prepare_process(0);
  const PoolingCase of = pyramid_level(torch::kFloat32);
  const ScoredBoxes some = scored_boxes(1, 50, torch::kFloat32, false, false);
  const Autocast autocast(torch::kCUDA, Precision::bf16);
  auto& dispatcher = c10::Dispatcher::singleton();
  const Tensor map = on_gpu(of.input).to(torch::kBFloat16);
  const Tensor found =
      dispatcher.findSchemaOrThrow("torchvision::roi_align", "")
          .typed<Tensor(const Tensor&, const Tensor&, double, c10::SymInt, c10::SymInt, std::int64_t, bool)>()
          .call(map, on_gpu(of.rois), of.how.scale, of.how.height, of.how.width, of.how.ratio,
                of.how.aligned);
  check_near(found, pooled(of.input.to(torch::kBFloat16), of.rois, of.how));
  const Tensor kept =
      dispatcher.findSchemaOrThrow("torchvision::nms", "")
          .typed<Tensor(const Tensor&, const Tensor&, double)>()
          .call(on_gpu(some.boxes).to(torch::kFloat16), on_gpu(some.scores).to(torch::kFloat16), 0.5);
  CHECK(numbers(kept) == numbers(nms(some.boxes.to(torch::kFloat16).to(torch::kFloat32),
                                     some.scores.to(torch::kFloat16).to(torch::kFloat32), 0.5)));
}
