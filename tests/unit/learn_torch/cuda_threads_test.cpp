// SPDX-License-Identifier: Apache-2.0
// What CUDA's threads do, thread by thread on a CPU. This file, as nms.cpp, fuses no product with a sum.
#include <rapidcheck.h>

#include <ATen/Dispatch.h>

#include "learn/torch/operators/cuda/nms_threads.h"
#include "learn/torch/operators/cuda/roi_align_threads.h"
#include "support/operator_cases.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;

namespace {

/// As nms.cu does it: each kernel is a loop over its threads.
template <class Value>
std::vector<std::int64_t> kept_in_threads(const Tensor& boxes, const Tensor& scores, const Tensor& categories,
                                          double threshold) {
  using cuda::kBlock, cuda::kSlab, cuda::Word;
  const Tensor order = std::get<1>(scores.sort(/*stable=*/true, 0, /*descending=*/true));
  const std::vector<std::int64_t> places = numbers(order);
  const Tensor sorted_boxes = boxes.index_select(0, order);
  const auto* const corners = reinterpret_cast<const Corners<Value>*>(sorted_boxes.const_data_ptr<Value>());
  const bool divided = categories.defined();
  std::vector<std::int64_t> sorted_categories;
  if (divided) sorted_categories = numbers(categories.index_select(0, order));

  const std::int64_t count = boxes.size(0), total = (count + kBlock - 1) / kBlock;
  const auto words = [](std::int64_t size, Word value) {
    return std::vector<Word>(static_cast<std::size_t>(size), value);
  };
  std::vector<Word> suppressed = words(total, 0), kept = words(kSlab, 0);
  // What no thread writes must not matter.
  std::vector<Word> overlapped = words(kSlab * kBlock * total, 0x5a5a'a5a5'1234'fedc);
  cuda::Slab<Value> slab{corners,
                         divided ? sorted_categories.data() : nullptr,
                         count,
                         total,
                         largest_not_above<Value>(threshold),
                         0,
                         0,
                         suppressed.data(),
                         kept.data(),
                         overlapped.data()};
  std::vector<std::int64_t> found;
  for (; slab.first < total; slab.first += kSlab) {
    slab.blocks = static_cast<int>(std::min<std::int64_t>(kSlab, total - slab.first));
    const std::int64_t end = slab.first + slab.blocks;
    for (std::int64_t row = slab.first; row < end; ++row)
      for (std::int64_t column = slab.first; column < total; ++column)
        for (int t = 0; t < kBlock && may_overlap(slab, row, column); ++t)
          find_overlaps_of<Value>(
              slab, row, column, t,
              {corners + column * kBlock, divided ? slab.categories + column * kBlock : nullptr});
    std::vector<Word> within(suppressed.begin() + slab.first, suppressed.begin() + end);
    for (int b = 0; b < slab.blocks; ++b) {
      std::array<Word, kBlock> of_block{};
      for (int t = 0; t < kBlock; ++t) of_block[static_cast<std::size_t>(t)] = overlapped_within(slab, b, t);
      const Word now = kept_of(slab, b, within[static_cast<std::size_t>(b)], of_block.data());
      for (int column = b + 1; column < slab.blocks; ++column)
        for (int first = 0; first < kBlock; first += 16)
          within[static_cast<std::size_t>(column)] |=
              suppressed_by(slab, b, now, slab.first + column, first, first + 16);
      for (int t = 0; t < slab.boxes_in(slab.first + b); ++t)
        if ((now >> t & 1) != 0)
          found.push_back(places[static_cast<std::size_t>((slab.first + b) * kBlock + t)]);
      kept[static_cast<std::size_t>(b)] = now;
    }
    for (std::int64_t column = end; column < total; ++column)
      for (int b = 0; b < slab.blocks; ++b)
        suppressed[static_cast<std::size_t>(column)] |=
            suppressed_by(slab, b, kept[static_cast<std::size_t>(b)], column, 0, kBlock);
  }
  return found;
}

std::vector<std::int64_t> kept_in_threads(const Tensor& boxes, const Tensor& scores, const Tensor& categories,
                                          double threshold) {
  return boxes.scalar_type() == torch::kFloat64
             ? kept_in_threads<double>(boxes, scores, categories, threshold)
             : kept_in_threads<float>(boxes, scores, categories, threshold);
}

/// Calls run(job, whether the maps are channels-last) for maps of the case's type.
template <class Run>
void with_job(const PoolingCase& of, const Tensor& rois, const Run& run) {
  const auto [input, any_rois, how] = of;
  const auto values = static_cast<std::int32_t>(input.size(1) * how.height * how.width);
  AT_DISPATCH_FLOATING_TYPES_AND2(torch::kFloat16, torch::kBFloat16, input.scalar_type(), "threads", [&] {
    run(cuda::RegionJob<scalar_t>{{input.size(0), input.size(1), input.size(2), input.size(3)},
                                  {how.scale, how.height, how.width, how.ratio, how.aligned},
                                  rois.const_data_ptr<SumOf<scalar_t>>(),
                                  rois.size(0),
                                  values},
        scalar_t{});
  });
}

torch::ScalarType type_of_sums(torch::ScalarType type) {
  return type == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

/// Calls each(region, which value of it) as often as roi_align.cu has threads for it.
template <bool ChannelsLast, class Value, class Each>
void each_thread(const cuda::RegionJob<Value>& job, const Each& each) {
  for (std::int64_t region = 0; region < job.regions; ++region)
    for (std::int32_t thread = 0; thread < job.values; ++thread)
      each(region, cuda::region_value<ChannelsLast>(job, thread));
}

Tensor pooled_in_threads(const PoolingCase& of) {
  const Tensor rois = of.rois.to(type_of_sums(of.input.scalar_type())).contiguous();
  Tensor result = torch::full({rois.size(0), of.input.size(1), of.how.height, of.how.width}, -7,
                              of.input.options().memory_format(torch::MemoryFormat::Contiguous));
  const bool channels_last = of.input.suggest_memory_format() == torch::MemoryFormat::ChannelsLast;
  with_job(of, rois, [&](const auto& job, auto value) {
    using Value = decltype(value);
    const auto* const maps = of.input.const_data_ptr<Value>();
    auto* const to = result.mutable_data_ptr<Value>();
    if (channels_last)
      each_thread<true>(job,
                        [&](auto region, auto at) { cuda::pool_value<true>(job, region, at, maps, to); });
    else
      each_thread<false>(job,
                         [&](auto region, auto at) { cuda::pool_value<false>(job, region, at, maps, to); });
  });
  return result;
}

/// To maps in the input's memory format.
Tensor spread_in_threads(const PoolingCase& of, const Tensor& grad) {
  const torch::ScalarType sums = type_of_sums(of.input.scalar_type());
  const Tensor rois = of.rois.to(sums).contiguous();
  Tensor result = torch::empty_like(of.input, sums).zero_();
  const bool channels_last = of.input.suggest_memory_format() == torch::MemoryFormat::ChannelsLast;
  const cuda::GradStrides strides{grad.stride(0), grad.stride(1), grad.stride(2), grad.stride(3)};
  with_job(of, rois, [&](const auto& job, auto value) {
    using Value = decltype(value);
    const auto* const grads = grad.const_data_ptr<Value>();
    auto* const to = result.mutable_data_ptr<SumOf<Value>>();
    const auto add = [&](std::int64_t pixel, SumOf<Value> part) {
      REQUIRE((pixel >= 0 && pixel < result.numel()));
      to[pixel] += part;
    };
    if (channels_last)
      each_thread<true>(
          job, [&](auto region, auto at) { cuda::spread_value<true>(job, region, at, grads, strides, add); });
    else
      each_thread<false>(job, [&](auto region, auto at) {
        cuda::spread_value<false>(job, region, at, grads, strides, add);
      });
  });
  return result.to(of.input.scalar_type());
}

double tolerance_of(torch::ScalarType type) {
  return type == torch::kFloat64 ? 1e-12 : type == torch::kFloat32 ? 2e-5 : 2e-2;
}

}  // namespace

TEST_CASE("CUDA's threads keep the boxes that the definition keeps") {
  CHECK(rc::check([] {
    const auto type = *rc::gen::element(torch::kFloat32, torch::kFloat64);
    const auto [boxes, scores, categories] =
        scored_boxes(*rc::gen::inRange(0, 1 << 20), *rc::gen::inRange(0, 400), type,
                     *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>());
    const double threshold = *rc::gen::element(-0.5, 0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 1.0, 2.0);
    const Tensor of = *rc::gen::arbitrary<bool>() ? categories : Tensor();
    RC_ASSERT(kept_in_threads(boxes, scores, of, threshold) ==
              kept_by_definition(boxes, scores, of, threshold));
  }));
}

TEST_CASE("CUDA's threads decide slab after slab of boxes") {
  const std::int64_t slab = cuda::kSlab * cuda::kBlock;
  for (const std::int64_t count : {slab - 1, slab, slab + 1, slab + 64, 2 * slab + 77}) {
    const auto [boxes, scores, categories] = scattered_boxes(4, count, torch::kFloat32);
    for (const Tensor& of : {Tensor(), categories})
      for (const double threshold : {0.1, 0.7}) {
        const auto expected = kept_by_definition(boxes, scores, of, threshold);
        REQUIRE(expected.size() > 500);
        CHECK(kept_in_threads(boxes, scores, of, threshold) == expected);
      }
  }
}

TEST_CASE("CUDA's threads pool what the definition pools, in every type and layout") {
  CHECK(rc::check([] {
    const auto type = *rc::gen::element(torch::kFloat64, torch::kFloat32, torch::kBFloat16, torch::kFloat16);
    const PoolingCase of = drawn_regions(*rc::gen::inRange(0, 1 << 20), type);
    const double tolerance = type == torch::kFloat32 ? 2e-6 : tolerance_of(type);
    const Tensor found = pooled_in_threads(of).to(torch::kFloat64);
    RC_ASSERT(torch::allclose(found, pooled_by_definition(of.input, of.rois, of.how), tolerance, tolerance));
    RC_ASSERT(
        torch::allclose(found, pooled(of.input, of.rois, of.how).to(torch::kFloat64), tolerance, tolerance));
  }));
}

TEST_CASE("CUDA's threads spread gradients as the kernels on CPU do, from any layout") {
  CHECK(rc::check([] {
    const auto type = *rc::gen::element(torch::kFloat64, torch::kFloat32, torch::kBFloat16, torch::kFloat16);
    const PoolingCase of = drawn_regions(*rc::gen::inRange(0, 1 << 20), type);
    auto generator = generator_of(5);
    Tensor grad = torch::randn({of.rois.size(0), of.input.size(1), of.how.height, of.how.width}, generator,
                               torch::kFloat64)
                      .to(type);
    const int layout = *rc::gen::inRange(0, 3);
    if (layout == 1) grad = grad.contiguous(torch::MemoryFormat::ChannelsLast);
    if (layout == 2) grad = torch::ones({}, grad.options()).expand(grad.sizes());
    const Tensor exact = spread(grad.to(torch::kFloat64), of.rois.to(torch::kFloat64), of.how, of.input);
    RC_ASSERT(torch::allclose(spread_in_threads(of, grad).to(torch::kFloat64), exact, tolerance_of(type),
                              tolerance_of(type)));
  }));
}

TEST_CASE("to CUDA's threads too, regions far away, without end or no numbers are 0") {
  for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast})
    for (const std::int64_t ratio : {0, 2}) {
      const PoolingCase of{
          torch::ones({1, 3, 8, 8}).contiguous(layout), regions_of_nothing(), {2, 2, ratio, false, 1}};
      CHECK(pooled_in_threads(of).abs().max().item<float>() == 0);
      CHECK(spread_in_threads(of, torch::ones({4, 3, 2, 2})).abs().max().item<float>() == 0);
    }
}

TEST_CASE("to CUDA's threads too, maps without pixels are 0, and a million pixels around one cost no time") {
  const Tensor region = torch::tensor({0.F, -4000.F, 0.F, 4008.F, 8.F}).view({1, 5});
  for (const std::int64_t height : {0, 8}) {
    const PoolingCase of{torch::ones({1, 3, height, 8}), region, {1, 1, 0, false, 1}};
    CHECK(torch::allclose(pooled_in_threads(of), pooled(of.input, of.rois, of.how)));
  }
}
