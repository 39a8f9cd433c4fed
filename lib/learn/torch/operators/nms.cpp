// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/operators/nms.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"
#include "learn/torch/operators/box_overlap.h"
#include "learn/torch/operators/cuda/current_stream.h"
#include "learn/torch/operators/cuda/kernels.h"
#include "learn/torch/operators/vector_width.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

void check(const Tensor& boxes, const Tensor& scores) {
  const auto fail = [](const std::string& what) { throw Error(Code::bug, "nms: " + what); };
  if (boxes.dim() != 2 || boxes.size(1) != 4)
    fail("boxes must be (N, 4), not of shape " + c10::str(boxes.sizes()));
  if (scores.dim() != 1 || scores.size(0) != boxes.size(0))
    fail("scores must be as many as boxes, not of shape " + c10::str(scores.sizes()));
  if (scores.scalar_type() != boxes.scalar_type() ||
      (boxes.scalar_type() != torch::kFloat32 && boxes.scalar_type() != torch::kFloat64))
    fail("boxes and scores must be both float32 or both float64, not " +
         std::string(c10::toString(boxes.scalar_type())) + " and " + c10::toString(scores.scalar_type()));
  if (scores.device() != boxes.device()) fail("boxes and scores must be on one device");
}

void check_categories(const Tensor& categories, const Tensor& boxes) {
  if (categories.dim() != 1 || categories.size(0) != boxes.size(0) ||
      !c10::isIntegralType(categories.scalar_type(), /*includeBool=*/true) ||
      categories.device() != boxes.device())
    throw Error(Code::bug, "batched_nms: categories must be one integer a box, on its device");
}

/// Boxes by falling score. All arrays are of one length and are shortened together as boxes are decided.
template <class Value>
struct Candidates {
  using Flag = std::conditional_t<sizeof(Value) == 4, std::int32_t, std::int64_t>;
  std::vector<Value> x1, y1, x2, y2, area;
  std::vector<Flag> suppressed;  ///< of the coordinates' width, so that one vector's lanes serve both
  std::vector<std::int64_t> index;

  explicit Candidates(std::size_t count)
      : x1(count), y1(count), x2(count), y2(count), area(count), suppressed(count), index(count) {}
};

template <class Value>
struct Suppression {
  Candidates<Value>* candidates;
  const std::int64_t* keepers;  ///< positions of boxes that are kept
  std::int64_t keeper_count;
  std::int64_t begin, end;  ///< positions of boxes that they may suppress
  Value threshold;
};

struct Suppress {
  template <int Bytes, class Value>
  [[gnu::always_inline]] static void run(const Suppression<Value>& job) {
    Candidates<Value>& of = *job.candidates;
    const Value* const x1 = of.x1.data();
    const Value* const y1 = of.y1.data();
    const Value* const x2 = of.x2.data();
    const Value* const y2 = of.y2.data();
    const Value* const areas = of.area.data();
    auto* __restrict const suppressed = of.suppressed.data();
    for (std::int64_t k = 0; k < job.keeper_count; ++k) {
      const std::int64_t i = job.keepers[k];
      const Corners<Value> keeper{x1[i], y1[i], x2[i], y2[i]};
      const Value area = areas[i], threshold = job.threshold;
      for (std::int64_t j = job.begin; j < job.end; ++j) {
        const Corners<Value> other{x1[j], y1[j], x2[j], y2[j]};
        suppressed[j] |= suppresses(keeper, area, other, areas[j], threshold) ? -1 : 0;
      }
    }
  }
};

/// Calls keep(index) for those kept, in their order. `parallel`: shares long work between torch's threads.
template <class Value, class Keep>
void greedily(Candidates<Value>& candidates, Value threshold, bool parallel, Keep&& keep) {
  constexpr std::int64_t kBlock = 128;     // decided at once, against each other and then against all behind
  constexpr std::int64_t kPiece = 1024;    // whose arrays stay in the first cache while the keepers pass
  constexpr std::int64_t kPairs = 100000;  // overlaps that are worth a thread
  auto count = static_cast<std::int64_t>(candidates.index.size());
  std::vector<std::int64_t> keepers;
  while (count > 0) {
    const std::int64_t block = std::min(kBlock, count);
    keepers.clear();
    for (std::int64_t i = 0; i < block; ++i) {
      if (candidates.suppressed[static_cast<std::size_t>(i)] != 0) continue;
      keepers.push_back(i);
      keep(candidates.index[static_cast<std::size_t>(i)]);
      run_widest<Suppress>(Suppression<Value>{&candidates, &i, 1, i + 1, block, threshold});
    }
    const auto suppress_behind = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t piece = begin; piece < end; piece += kPiece)
        run_widest<Suppress>(Suppression<Value>{&candidates, keepers.data(),
                                                static_cast<std::int64_t>(keepers.size()), piece,
                                                std::min(piece + kPiece, end), threshold});
    };
    if (parallel)
      at::parallel_for(block, count, kPairs / static_cast<std::int64_t>(keepers.size()) + 1, suppress_behind);
    else
      suppress_behind(block, count);
    std::size_t left = 0;
    for (auto j = static_cast<std::size_t>(block); j < static_cast<std::size_t>(count); ++j) {
      candidates.x1[left] = candidates.x1[j];
      candidates.y1[left] = candidates.y1[j];
      candidates.x2[left] = candidates.x2[j];
      candidates.y2[left] = candidates.y2[j];
      candidates.area[left] = candidates.area[j];
      candidates.index[left] = candidates.index[j];
      left += candidates.suppressed[j] == 0 ? 1 : 0;
    }
    std::fill_n(candidates.suppressed.begin(), left, 0);
    count = static_cast<std::int64_t>(left);
  }
}

/// Those of `order`, which lists boxes by falling score.
template <class Value>
Candidates<Value> gather(const Value* boxes, const std::int64_t* order, std::size_t count) {
  Candidates<Value> found(count);
  for (std::size_t j = 0; j < count; ++j) {
    const Value* const row = boxes + order[j] * 4;
    const Corners<Value> box{row[0], row[1], row[2], row[3]};
    found.x1[j] = box.x1;
    found.y1[j] = box.y1;
    found.x2[j] = box.x2;
    found.y2[j] = box.y2;
    found.area[j] = area_of(box);
    found.index[j] = order[j];
  }
  return found;
}

Tensor by_falling_score(const Tensor& scores) {
  // On a GPU numbers are sorted by their bits, and what is no number comes last where its sign bit is set.
  const Tensor sorted = scores.is_cpu() ? scores : scores.masked_fill(scores.isnan(), kNoNumber);
  return std::get<1>(sorted.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
}

template <class Value>
Tensor nms_of(const Tensor& boxes, const Tensor& order, double iou_threshold) {
  Candidates<Value> candidates = gather(boxes.const_data_ptr<Value>(), order.const_data_ptr<std::int64_t>(),
                                        static_cast<std::size_t>(boxes.size(0)));
  Tensor kept = torch::empty({boxes.size(0)}, torch::kInt64);
  auto* next = kept.mutable_data_ptr<std::int64_t>();
  greedily(candidates, largest_not_above<Value>(iou_threshold), /*parallel=*/true,
           [&](std::int64_t index) { *next++ = index; });
  return kept.narrow(0, 0, next - kept.const_data_ptr<std::int64_t>());
}

template <class Value>
Tensor batched_nms_of(const Tensor& boxes, const Tensor& order, const Tensor& categories,
                      double iou_threshold) {
  const auto count = static_cast<std::size_t>(boxes.size(0));
  const auto* const category = categories.const_data_ptr<std::int64_t>();
  const auto* const rank = order.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> grouped(rank, rank + count);
  std::ranges::stable_sort(grouped, {}, [&](std::int64_t index) { return category[index]; });
  std::vector<std::size_t> begins;
  for (std::size_t j = 0; j < count; ++j)
    if (j == 0 || category[grouped[j]] != category[grouped[j - 1]]) begins.push_back(j);
  const auto groups = static_cast<std::int64_t>(begins.size());
  begins.push_back(count);

  std::vector<char> is_kept(count, 0);
  const auto decide = [&](std::int64_t group, bool parallel) {
    const std::size_t begin = begins[static_cast<std::size_t>(group)];
    const std::size_t end = begins[static_cast<std::size_t>(group) + 1];
    Candidates<Value> candidates = gather(boxes.const_data_ptr<Value>(), grouped.data() + begin, end - begin);
    greedily(candidates, largest_not_above<Value>(iou_threshold), parallel,
             [&](std::int64_t index) { is_kept[static_cast<std::size_t>(index)] = 1; });
  };
  if (groups < 2 * at::get_num_threads()) {
    for (std::int64_t group = 0; group < groups; ++group) decide(group, /*parallel=*/true);
  } else {
    at::parallel_for(0, groups, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t group = begin; group < end; ++group) decide(group, /*parallel=*/false);
    });
  }
  std::vector<std::int64_t> kept;
  for (std::size_t j = 0; j < count; ++j)
    if (is_kept[static_cast<std::size_t>(rank[j])] != 0) kept.push_back(rank[j]);
  return torch::tensor(kept, torch::kInt64);
}

template <class Value>
Tensor nms_on_cuda(const Tensor& boxes, const Tensor& scores, const Tensor& categories,
                   double iou_threshold) {
  const std::int64_t count = boxes.size(0);
  const Tensor order = by_falling_score(scores);
  if (count == 0) return order;
  const cuda::CurrentStream stream(boxes);
  const Tensor sorted = boxes.index_select(0, order).contiguous();
  Tensor numbers;
  if (categories.defined()) numbers = categories.index_select(0, order).to(torch::kInt64).contiguous();
  const Tensor scratch = torch::empty({cuda::nms_scratch_bytes(count)}, boxes.options().dtype(torch::kUInt8));
  const Tensor kept = torch::empty({count}, boxes.options().dtype(torch::kBool));
  cuda::require_launched(cuda::nms(sorted.const_data_ptr<Value>(),
                                   numbers.defined() ? numbers.const_data_ptr<std::int64_t>() : nullptr,
                                   count, largest_not_above<Value>(iou_threshold), scratch.mutable_data_ptr(),
                                   kept.mutable_data_ptr<bool>(), stream.get()),
                         "nms");
  return order.index({kept});
}

/// `categories` may be undefined: all are one.
Tensor nms_on_device(const Tensor& boxes, const Tensor& scores, const Tensor& categories,
                     double iou_threshold) {
  if constexpr (cuda::kBuilt)
    if (boxes.is_cuda())
      return boxes.scalar_type() == torch::kFloat64
                 ? nms_on_cuda<double>(boxes, scores, categories, iou_threshold)
                 : nms_on_cuda<float>(boxes, scores, categories, iou_threshold);
  return nms_by_tensors(boxes, scores, categories, iou_threshold);
}

}  // namespace

Tensor nms(const Tensor& boxes, const Tensor& scores, double iou_threshold) {
  const torch::NoGradGuard no_grad;
  check(boxes, scores);
  if (!boxes.is_cpu()) return nms_on_device(boxes, scores, {}, iou_threshold);
  const Tensor contiguous = boxes.contiguous(), order = by_falling_score(scores);
  return boxes.scalar_type() == torch::kFloat64 ? nms_of<double>(contiguous, order, iou_threshold)
                                                : nms_of<float>(contiguous, order, iou_threshold);
}

Tensor batched_nms(const Tensor& boxes, const Tensor& scores, const Tensor& categories,
                   double iou_threshold) {
  const torch::NoGradGuard no_grad;
  check(boxes, scores);
  check_categories(categories, boxes);
  if (!boxes.is_cpu()) return nms_on_device(boxes, scores, categories, iou_threshold);
  const Tensor contiguous = boxes.contiguous(), order = by_falling_score(scores);
  const Tensor numbers = categories.to(torch::kInt64).contiguous();
  return boxes.scalar_type() == torch::kFloat64
             ? batched_nms_of<double>(contiguous, order, numbers, iou_threshold)
             : batched_nms_of<float>(contiguous, order, numbers, iou_threshold);
}

Tensor nms_by_tensors(const Tensor& boxes, const Tensor& scores, const Tensor& categories,
                      double iou_threshold) {
  const torch::NoGradGuard no_grad;
  check(boxes, scores);
  if (categories.defined()) check_categories(categories, boxes);
  using torch::indexing::Slice;
  constexpr std::int64_t kBlock = 1024;
  const Tensor order = by_falling_score(scores);
  const Tensor sorted = boxes.index({order});
  const Tensor of = categories.defined() ? categories.index({order}) : Tensor();
  const Tensor area =
      (sorted.select(1, 2) - sorted.select(1, 0)) * (sorted.select(1, 3) - sorted.select(1, 1));
  const Tensor zero = torch::zeros({}, boxes.options());
  // std::max and std::min, whose first argument wins over one that is not a number.
  const auto larger = [](const Tensor& a, const Tensor& b) { return torch::where(a < b, b, a); };
  const auto smaller = [](const Tensor& a, const Tensor& b) { return torch::where(b < a, b, a); };
  // (rows, columns): which of `rows` would suppress which of `columns`.
  const auto suppresses = [&](const Slice& rows, const Slice& columns) {
    const auto corner = [&](const Slice& some, int which, int dimension) {
      return sorted.index({some, which}).unsqueeze(dimension);
    };
    const auto side = [&](int axis) {
      const Tensor length = smaller(corner(rows, axis + 2, 1), corner(columns, axis + 2, 0)) -
                            larger(corner(rows, axis, 1), corner(columns, axis, 0));
      return larger(zero, length);
    };
    const Tensor both = side(0) * side(1);
    const Tensor overlap = both / (area.index({rows}).unsqueeze(1) + area.index({columns}) - both);
    Tensor found = overlap.gt(boxes.scalar_type() == torch::kFloat32 ? largest_not_above<float>(iou_threshold)
                                                                     : iou_threshold);
    if (of.defined()) found = found.logical_and(of.index({rows}).unsqueeze(1).eq(of.index({columns})));
    return found;
  };

  const std::int64_t count = boxes.size(0);
  Tensor suppressed = torch::zeros({count}, boxes.options().dtype(torch::kBool));
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const Slice block(begin, std::min(begin + kBlock, count));
    const Tensor open = suppressed.index({block}).logical_not();
    const Tensor earlier = suppresses(block, block).triu(1).to(torch::kFloat32);
    // Kept is who is open and whom nobody kept suppresses. After n rounds that is right for all that hang on
    // a chain of less than n others, and there is only one answer that a round does not change.
    Tensor kept = open;
    while (true) {
      const Tensor next = open.logical_and(torch::matmul(kept.to(torch::kFloat32), earlier).eq(0));
      if (torch::equal(next, kept)) break;
      kept = next;
    }
    suppressed.index_put_({block}, kept.logical_not());
    if (begin + kBlock >= count) break;
    const Slice behind(begin + kBlock, count);
    const Tensor by_kept = suppresses(block, behind).logical_and(kept.unsqueeze(1)).any(0);
    suppressed.index_put_({behind}, suppressed.index({behind}).logical_or(by_kept));
  }
  return order.index({suppressed.logical_not()});
}

}  // namespace maskmill::learn
