// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <ATen/autocast_mode.h>
#include <torch/csrc/jit/ir/irparser.h>
#include <torch/script.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "base/error.h"
#include "goldens.h"
#include "learn/torch/device.h"
#include "learn/torch/operators/nms.h"
#include "learn/torch/operators/paste_masks.h"
#include "learn/torch/operators/roi_align.h"
#include "support/operator_cases.h"
#include "torch_support.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;

namespace {

struct Threads {
  explicit Threads(int count) : before(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  int before;
};

template <class Result, class... Arguments>
Result called_by_name(const char* name, Arguments... arguments) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Result(Arguments...)>().call(
      arguments...);
}

}  // namespace

TEST_CASE("nms keeps what its definition keeps, from kernels and from tensor operations") {
  CHECK(rc::check([] {
    const auto type = *rc::gen::element(torch::kFloat32, torch::kFloat64);
    const auto [boxes, scores, categories] =
        scored_boxes(*rc::gen::inRange(0, 1 << 20), *rc::gen::inRange(0, 400), type,
                     *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>());
    const double threshold = *rc::gen::element(-0.5, 0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 1.0, 2.0);
    const std::vector<std::int64_t> expected = kept_by_definition(boxes, scores, {}, threshold);
    RC_ASSERT(numbers(nms(boxes, scores, threshold)) == expected);
    RC_ASSERT(numbers(nms_by_tensors(boxes, scores, {}, threshold)) == expected);
  }));
}

TEST_CASE("nms of thousands of boxes, from any number of threads") {
  const auto [boxes, scores, categories] = scattered_boxes(4, 3000, torch::kFloat32);
  for (const double threshold : {0.1, 0.7}) {
    const std::vector<std::int64_t> expected = kept_by_definition(boxes, scores, {}, threshold);
    REQUIRE(expected.size() > 500);
    for (const int threads : {1, 2, 5}) {
      const Threads with(threads);
      CHECK(numbers(nms(boxes, scores, threshold)) == expected);
    }
    CHECK(numbers(nms_by_tensors(boxes, scores, {}, threshold)) == expected);
  }
}

TEST_CASE("an overlap of exactly the threshold is kept, and boxes need not be contiguous") {
  const Tensor boxes =
      torch::tensor({0., 0., 10., 10., 0., 5., 10., 15., 0., 0., 10., 10.}).view({3, 4}).t().contiguous().t();
  const Tensor scores = torch::tensor({0.5, 0.9, 0.5});
  const double third = static_cast<double>(50.F / 150.F);
  CHECK(numbers(nms(boxes.to(torch::kFloat32), scores.to(torch::kFloat32), third)) ==
        std::vector<std::int64_t>{1, 0});
  CHECK(numbers(nms(boxes.to(torch::kFloat32), scores.to(torch::kFloat32), third - 1e-9)) ==
        std::vector<std::int64_t>{1});
}

TEST_CASE("batched nms is nms of each category, by falling score of all") {
  CHECK(rc::check([] {
    const auto type = *rc::gen::element(torch::kFloat32, torch::kFloat64);
    const auto [boxes, scores, categories] =
        scored_boxes(*rc::gen::inRange(0, 1 << 20), *rc::gen::inRange(0, 300), type,
                     *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>());
    const std::vector<std::int64_t> expected = kept_by_definition(boxes, scores, categories, 0.3);
    RC_ASSERT(numbers(batched_nms(boxes, scores, categories, 0.3)) == expected);
    RC_ASSERT(numbers(batched_nms(boxes, scores, categories.to(torch::kInt32), 0.3)) == expected);
    RC_ASSERT(numbers(nms_by_tensors(boxes, scores, categories, 0.3)) == expected);
  }));
}

TEST_CASE("roi_align is the mean of its samples, in every type and layout") {
  CHECK(rc::check([] {
    const auto type = *rc::gen::element(torch::kFloat64, torch::kFloat32, torch::kBFloat16, torch::kFloat16);
    const auto [input, any_rois, how] = drawn_regions(*rc::gen::inRange(0, 1 << 20), type);
    const bool is_short = type == torch::kBFloat16 || type == torch::kFloat16;
    const Tensor rois = is_short && *rc::gen::arbitrary<bool>() ? any_rois.to(torch::kFloat32) : any_rois;
    const Tensor expected = pooled_by_definition(input, rois, how);
    const double tolerance = type == torch::kFloat64 ? 1e-12 : type == torch::kFloat32 ? 2e-6 : 1e-2;
    for (const Tensor& found :
         {pooled(input, rois, how),
          roi_align_by_products(input, rois, how.scale, how.height, how.width, how.ratio, how.aligned)}) {
      RC_ASSERT(found.scalar_type() == type);
      RC_ASSERT(found.is_contiguous());
      RC_ASSERT(found.sizes() == expected.sizes());
      RC_ASSERT(torch::allclose(found.to(torch::kFloat64), expected, tolerance, tolerance));
    }
  }));
}

TEST_CASE("roi_align by products keeps its types under autocast") {
  const auto [input, rois, how] = drawn_regions(5, torch::kFloat32);
  const auto pooled_now = [&, &input = input, &rois = rois, &how = how] {
    return roi_align_by_products(input, rois, how.scale, how.height, how.width, how.ratio, how.aligned);
  };
  const Tensor expected = pooled_now(), grad = torch::ones_like(expected);
  const auto spread_now = [&, &input = input, &rois = rois, &how = how] {
    return roi_align_backward_by_products(grad, rois, how.scale, how.height, how.width, input.size(0),
                                          input.size(1), input.size(2), input.size(3), how.ratio,
                                          how.aligned);
  };
  const Tensor expected_gradient = spread_now();
  const Autocast autocast(torch::kCPU, Precision::bf16);
  CHECK(torch::equal(pooled_now(), expected));
  CHECK(torch::equal(spread_now(), expected_gradient));
}

TEST_CASE("the gradient of roi_align is the transpose of it, in every type and layout") {
  CHECK(rc::check([] {
    const auto type = *rc::gen::element(torch::kFloat64, torch::kFloat32, torch::kBFloat16);
    const auto [input, rois, how] = drawn_regions(*rc::gen::inRange(0, 1 << 20), type);
    auto generator = generator_of(5);
    Tensor grad =
        torch::randn({rois.size(0), input.size(1), how.height, how.width}, generator, torch::kFloat64)
            .to(type);
    const int layout = *rc::gen::inRange(0, 3);
    if (layout == 1) grad = grad.contiguous(torch::MemoryFormat::ChannelsLast);
    if (layout == 2) grad = torch::ones({}, grad.options()).expand(grad.sizes());
    // <grad, A x> = <A' grad, x> for the definition's A and every x: the gradient by columns of A.
    Tensor leaf = input.detach().clone().requires_grad_();
    pooled(leaf, rois, how).backward(grad);
    const Tensor exact = spread(grad.to(torch::kFloat64), rois.to(torch::kFloat64), how, input);
    const Tensor x = torch::randn(input.sizes(), generator, torch::kFloat64);
    RC_ASSERT(torch::allclose((exact * x).sum(),
                              (grad.to(torch::kFloat64) * pooled_by_definition(x, rois, how)).sum(), 1e-9,
                              1e-9));
    const double tolerance = type == torch::kFloat64 ? 1e-12 : type == torch::kFloat32 ? 2e-5 : 2e-2;
    RC_ASSERT(leaf.grad().scalar_type() == type);
    RC_ASSERT(leaf.grad().suggest_memory_format() == input.suggest_memory_format());
    for (const Tensor& found : {leaf.grad(), spread(grad, rois, how, input),
                                roi_align_backward_by_products(grad, rois, how.scale, how.height, how.width,
                                                               input.size(0), input.size(1), input.size(2),
                                                               input.size(3), how.ratio, how.aligned)})
      RC_ASSERT(torch::allclose(found.to(torch::kFloat64), exact, tolerance, tolerance));
  }));
}

TEST_CASE("the gradient of roi_align is its slope, and has one itself") {
  auto generator = generator_of(3);
  const Tensor start = torch::randn({2, 2, 5, 6}, generator, torch::kFloat64);
  const Tensor rois =
      torch::tensor({0., 1., 2., 9., 7., 1., -3., 0., 30., 3.}).view({2, 5}).to(torch::kFloat64);
  const Tensor weights = torch::randn({2, 2, 2, 3}, generator, torch::kFloat64);
  for (const bool aligned : {false, true})
    for (const std::int64_t ratio : {0, 2}) {
      const Regions how{2, 3, ratio, aligned, 0.5};
      // Squared, so that the second derivative is not 0.
      const auto loss = [&](const Tensor& input) {
        return (pooled(input, rois, how).square() * weights).sum();
      };
      Tensor input = start.clone().requires_grad_();
      const Tensor slope = torch::autograd::grad({loss(input)}, {input}, {}, {}, /*create_graph=*/true)[0];
      const Tensor second = torch::autograd::grad({slope.square().sum()}, {input})[0];
      const torch::NoGradGuard no_grad;
      const double step = 1e-5;
      for (std::int64_t i = 0; i < start.numel(); i += 7) {
        const Tensor change = torch::zeros_like(start);
        change.view(-1)[i] = step;
        const Tensor difference = (loss(start + change) - loss(start - change)) / (2 * step);
        CHECK_THAT(slope.flatten()[i].item<double>(), WithinAbs(difference.item<double>(), 1e-8));
        const auto squared_slope = [&](const Tensor& at) {
          const torch::AutoGradMode with_grad(true);
          Tensor leaf = at.clone().requires_grad_();
          return torch::autograd::grad({loss(leaf)}, {leaf})[0].square().sum();
        };
        const Tensor of_slope = (squared_slope(start + change) - squared_slope(start - change)) / (2 * step);
        CHECK_THAT(second.flatten()[i].item<double>(), WithinAbs(of_slope.item<double>(), 1e-6));
      }
    }
}

TEST_CASE("roi_align and its gradient are the same bits for any number of threads") {
  for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    const auto [input, rois, how] = pyramid_level(torch::kFloat32);
    const auto both = [&](int threads) {
      const Threads with(threads);
      Tensor leaf = input.contiguous(layout).clone().requires_grad_();
      const Tensor result = pooled(leaf, rois, how);
      result.square().sum().backward();
      return std::pair(result.detach(), leaf.grad());
    };
    const auto [result, grad] = both(1);
    for (const int threads : {2, 3, 7}) {
      const auto [other_result, other_grad] = both(threads);
      CHECK(torch::equal(result, other_result));
      CHECK(torch::equal(grad, other_grad));
    }
  }
}

TEST_CASE("regions far away, without end or no numbers cost nothing and are 0") {
  const Tensor input = torch::ones({1, 3, 8, 8});
  for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast})
    for (const std::int64_t ratio : {0, 2}) {
      const Tensor found = pooled(input.contiguous(layout), regions_of_nothing(), {2, 2, ratio, false, 1});
      CHECK(found.abs().max().item<float>() == 0);
    }
  // The whole map within a million times its area: two samples that hit it, of a million.
  const Tensor vast = torch::tensor({0.F, -4000.F, 0.F, 4008.F, 8.F}).view({1, 5});
  CHECK_THAT(pooled(input, vast, {1, 1, 0, false, 1}).max().item<double>(), WithinRel(9.0 / 8008, 0.2));
}

TEST_CASE("shapes and types that do not fit are bugs, and so is an image that is not there") {
  const auto is_bug = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code() == Code::bug;
    }
    return false;
  };
  const Tensor map = torch::zeros({2, 3, 4, 4}), region = torch::zeros({1, 5});
  const Regions how{2, 2, 2, false, 1};
  CHECK(is_bug([&] { pooled(map[0], region, how); }));
  CHECK(is_bug([&] { pooled(map, torch::zeros({1, 4}), how); }));
  CHECK(is_bug([&] { pooled(map, region.to(torch::kFloat64), how); }));
  CHECK(is_bug([&] { pooled(map.to(torch::kInt32), region, how); }));
  CHECK(is_bug([&] { pooled(map, region, {0, 2, 2, false, 1}); }));
  for (const float image : {-1.F, 2.F, std::nanf("")})
    CHECK(is_bug([&] { pooled(map, torch::full({1, 5}, image), how); }));
  CHECK(is_bug([&] { spread(torch::zeros({1, 2, 2, 2}), region, how, map); }));
  const Tensor boxes = torch::zeros({3, 4}), scores = torch::zeros({3});
  CHECK(is_bug([&] { nms(torch::zeros({3, 5}), scores, 0.5); }));
  CHECK(is_bug([&] { nms(boxes, torch::zeros({2}), 0.5); }));
  CHECK(is_bug([&] { nms(boxes, scores.to(torch::kFloat64), 0.5); }));
  CHECK(is_bug([&] { nms(boxes.to(torch::kFloat16), scores.to(torch::kFloat16), 0.5); }));
  CHECK(is_bug([&] { batched_nms(boxes, scores, scores, 0.5); }));
  CHECK(is_bug([&] { paste_mask(torch::zeros({3, 4}), {0, 0, 1, 1}, 5, 5); }));
  CHECK(is_bug([&] { paste_mask(torch::zeros({3, 3}), {0, 0, std::nanf(""), 1}, 5, 5); }));
}

TEST_CASE("TorchScript programs find the operators under torchvision's names") {
  prepare_process(1);
  const auto graph = std::make_shared<torch::jit::Graph>();
  torch::jit::parseIR(R"IR(
    graph(%self, %input : Tensor, %rois : Tensor, %boxes : Tensor, %scores : Tensor):
      %half : float = prim::Constant[value=0.5]()
      %three : int = prim::Constant[value=3]()
      %two : int = prim::Constant[value=2]()
      %no : bool = prim::Constant[value=0]()
      %pooled : Tensor = torchvision::roi_align(%input, %rois, %half, %three, %three, %two, %no)
      %kept : Tensor = torchvision::nms(%boxes, %scores, %half)
      %both : (Tensor, Tensor) = prim::TupleConstruct(%pooled, %kept)
      return (%both))IR",
                      graph.get());
  torch::jit::Module module("Pooling");
  graph->inputs()[0]->setType(module.type());
  module.type()->addMethod(module._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*module.type()->name(), "forward"), graph));
  std::stringstream file;
  module.save(file);
  torch::jit::Module loaded = torch::jit::load(file);

  const auto [boxes, scores, categories] = scored_boxes(1, 50, torch::kFloat32, false, false);
  auto [input, rois, how] = pyramid_level(torch::kFloat32);
  input.requires_grad_();
  const auto results = loaded.forward({input, rois, boxes, scores}).toTuple();
  CHECK(torch::equal(results->elements()[0].toTensor(), pooled(input, rois, {3, 3, 2, false, 0.5})));
  CHECK(numbers(results->elements()[1].toTensor()) == kept_by_definition(boxes, scores, {}, 0.5));
  results->elements()[0].toTensor().square().sum().backward();
  CHECK(input.grad().abs().max().item<float>() > 0);
}

TEST_CASE("under autocast the operators compute in float32") {
  prepare_process(1);
  const auto [input, rois, how] = pyramid_level(torch::kFloat32);
  const Tensor of_16_bits = input.to(torch::kBFloat16);
  const auto [boxes, scores, categories] = scored_boxes(1, 50, torch::kFloat32, false, false);
  const Autocast autocast(torch::kCPU, Precision::bf16);
  const auto aligned = [&, &by = rois, &in = how](const Tensor& map) {
    return called_by_name<Tensor, const Tensor&, const Tensor&, double, c10::SymInt, c10::SymInt,
                          std::int64_t, bool>("torchvision::roi_align", map, by, in.scale, in.height,
                                              in.width, in.ratio, in.aligned);
  };
  CHECK(torch::equal(aligned(of_16_bits), aligned(of_16_bits.to(torch::kFloat32)).to(torch::kBFloat16)));
  const Tensor kept = called_by_name<Tensor, const Tensor&, const Tensor&, double>(
      "torchvision::nms", boxes.to(torch::kFloat16), scores.to(torch::kFloat16), 0.5);
  CHECK(numbers(kept) == kept_by_definition(boxes.to(torch::kFloat16).to(torch::kFloat32),
                                            scores.to(torch::kFloat16).to(torch::kFloat32), {}, 0.5));
}

TEST_CASE("a pasted mask is torch's bilinear resizing of the mask with a border, cut to the image") {
  namespace F = torch::nn::functional;
  CHECK(rc::check([] {
    const std::int64_t bins = *rc::gen::element(1, 2, 7, 28);
    const std::int64_t height = *rc::gen::inRange(1, 60), width = *rc::gen::inRange(1, 60);
    auto generator = generator_of(*rc::gen::inRange(0, 1 << 20));
    const Tensor mask = torch::rand({bins, bins}, generator);
    const auto drawn = [&] { return static_cast<float>(*rc::gen::inRange(-400, 800)) / 8; };
    const std::array<float, 4> box{drawn(), drawn(), drawn(), drawn()};
    const PastedMask pasted = paste_mask(mask, box, height, width);

    // torchvision's steps, as tensors.
    const Tensor corners = torch::tensor({box[0], box[1], box[2], box[3]});
    const double scale = static_cast<double>(bins + 2) / static_cast<double>(bins);
    const Tensor half = (corners.slice(0, 2) - corners.slice(0, 0, 2)) * 0.5 * scale;
    const Tensor centre = (corners.slice(0, 2) + corners.slice(0, 0, 2)) * 0.5;
    const auto grown = numbers(torch::cat({centre - half, centre + half}).to(torch::kInt64));
    const std::int64_t w = std::max<std::int64_t>(grown[2] - grown[0] + 1, 1);
    const std::int64_t h = std::max<std::int64_t>(grown[3] - grown[1] + 1, 1);
    const Tensor resized =
        F::interpolate(torch::constant_pad_nd(mask, {1, 1, 1, 1}).view({1, 1, bins + 2, bins + 2}),
                       F::InterpolateFuncOptions()
                           .size(std::vector<std::int64_t>{h, w})
                           .mode(torch::kBilinear)
                           .align_corners(false))[0][0];
    const std::int64_t x0 = std::max<std::int64_t>(grown[0], 0), x1 = std::min(grown[2] + 1, width);
    const std::int64_t y0 = std::max<std::int64_t>(grown[1], 0), y1 = std::min(grown[3] + 1, height);
    if (x1 <= x0 || y1 <= y0) {
      RC_ASSERT(pasted.values.numel() == 0);
      return;
    }
    RC_ASSERT(pasted.x == x0);
    RC_ASSERT(pasted.y == y0);
    const Tensor expected =
        resized.slice(0, y0 - grown[1], y1 - grown[1]).slice(1, x0 - grown[0], x1 - grown[0]);
    RC_ASSERT(pasted.values.sizes() == expected.sizes());
    RC_ASSERT(torch::allclose(pasted.values, expected, 0, 1e-6));
  }));
}

TEST_CASE("a pasted mask is torchvision's, which is 0 elsewhere") {
  const auto agrees = [](const std::array<float, 4>& box, const std::vector<double>& columns_and_rows,
                         std::vector<double> expected) {
    const Tensor mask = ((noise(9, 14 * 14) + 1) / 2).to(torch::kFloat32).view({14, 14});
    const PastedMask pasted = paste_mask(mask, box, 48, 56);
    Tensor plane = torch::zeros({48, 56});
    const std::int64_t end_x = pasted.x + pasted.values.size(1), end_y = pasted.y + pasted.values.size(0);
    plane.slice(0, pasted.y, end_y).slice(1, pasted.x, end_x).copy_(pasted.values);
    const auto spanned = [&](std::int64_t dimension) {
      const Tensor any = plane.ne(0).any(dimension).nonzero();
      return std::pair(any.min().item<double>(), any.max().item<double>() + 1);
    };
    const auto [x0, x1] = spanned(0);
    const auto [y0, y1] = spanned(1);
    CHECK(std::vector{x0, x1, y0, y1} == columns_and_rows);
    CHECK_THAT(plane.to(torch::kFloat64).sum().item<double>(), WithinRel(expected.back(), 1e-6));
    expected.pop_back();
    check_close(some(plane), expected, 1e-6);
  };
  agrees({10.3F, 5.2F, 40.7F, 33.9F}, goldens::pasted_inside_columns_and_rows,
         goldens::pasted_inside_and_sum);
  agrees({-5.5F, -3.2F, 12.4F, 70}, goldens::pasted_across_columns_and_rows, goldens::pasted_across_and_sum);
  agrees({44, 30, 44.2F, 30.1F}, goldens::pasted_tiny_columns_and_rows, goldens::pasted_tiny_and_sum);
}
