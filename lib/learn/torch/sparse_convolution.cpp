// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/sparse_convolution.h"

#include <ATen/Parallel.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <algorithm>
#include <vector>

namespace maskmill::learn {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// One place in this many has a gradient: from there on the dense gradient is the faster.
constexpr std::int64_t kFew = 8;

/// (places) int64: which rows of (rows, channels) are not all zero bytes.
Tensor rows_in_use(const Tensor& rows) {
  const std::int64_t count = rows.size(0);
  const auto bytes = static_cast<std::size_t>(rows.size(1)) * rows.element_size();
  const auto* const first = static_cast<const char*>(rows.const_data_ptr());
  Tensor used = torch::empty({count}, torch::kBool);
  bool* const marks = used.mutable_data_ptr<bool>();
  constexpr std::int64_t kBytesOfTask = 1 << 16;
  at::parallel_for(0, count, kBytesOfTask / static_cast<std::int64_t>(bytes) + 1,
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t row = begin; row < end; ++row) {
                       const char* const from = first + static_cast<std::size_t>(row) * bytes;
                       marks[row] = std::any_of(from, from + bytes, [](char byte) { return byte != 0; });
                     }
                   });
  return torch::nonzero(used).squeeze(1);
}

/// The gradients with respect to the input, the weight and the bias, of those that are wanted.
struct Gradients {
  Tensor input, weight, bias;
};

/// `places`: pixels of the output, whose gradients are `grads` (places, out). A product for all taps of the
/// kernel at once, each of which meets the input at the place moved by the tap.
Gradients at_places(const Tensor& places, const Tensor& grads, const Tensor& input, const Tensor& weight,
                    at::IntArrayRef padding, bool wants_input) {
  const std::int64_t channels = input.size(1), height = input.size(2), width = input.size(3);
  const std::int64_t out_height = height + 2 * padding[0] - weight.size(2) + 1,
                     out_width = width + 2 * padding[1] - weight.size(3) + 1;
  const Tensor image = places.div(out_height * out_width, "floor");
  const Tensor y = places.remainder(out_height * out_width).div(out_width, "floor") - padding[0];
  const Tensor x = places.remainder(out_width) - padding[1];
  const Tensor pixels = input.permute({0, 2, 3, 1}).contiguous().view({-1, channels});
  std::vector<Tensor> sources, inside, seen;
  for (std::int64_t dy = 0; dy < weight.size(2); ++dy)
    for (std::int64_t dx = 0; dx < weight.size(3); ++dx) {
      const Tensor row = y + dy, column = x + dx;
      inside.push_back(
          row.ge(0).logical_and(row.lt(height)).logical_and(column.ge(0)).logical_and(column.lt(width)));
      sources.push_back(((image * height + row.clamp(0, height - 1)) * width + column.clamp(0, width - 1)));
      seen.push_back(pixels.index_select(0, sources.back())
                         .to(grads.scalar_type())
                         .masked_fill_(inside.back().logical_not().unsqueeze(1), 0));
    }
  Gradients found;
  found.bias = grads.sum(0);
  found.weight = torch::mm(grads.t(), torch::cat(seen, 1))
                     .view({weight.size(0), weight.size(2), weight.size(3), channels})
                     .permute({0, 3, 1, 2});
  if (!wants_input) return found;
  const Tensor of_taps =
      torch::mm(grads, weight.to(grads.scalar_type()).permute({0, 2, 3, 1}).reshape({weight.size(0), -1}));
  Tensor sums = torch::zeros(pixels.sizes(), grads.options());
  for (std::size_t tap = 0; tap < sources.size(); ++tap) {
    const Tensor own = torch::nonzero(inside[tap]).squeeze(1);
    sums.index_add_(
        0, sources[tap].index_select(0, own),
        of_taps.narrow(1, static_cast<std::int64_t>(tap) * channels, channels).index_select(0, own));
  }
  found.input =
      sums.to(input.scalar_type()).view({input.size(0), height, width, channels}).permute({0, 3, 1, 2});
  return found;
}

struct ReadAtFew : torch::autograd::Function<ReadAtFew> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& weight,
                        const Tensor& bias, std::vector<std::int64_t> padding) {
    const Tensor output = torch::conv2d(input, weight, bias, /*stride=*/1, padding);
    // As the convolution took it: Autocast has made it smaller.
    context->save_for_backward({input.to(output.scalar_type()), weight});
    context->saved_data["padding"] = std::move(padding);
    return output;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& grad_outputs) {
    // Who computes gradients under Autocast would have these sums in bfloat16.
    const c10::impl::ExcludeDispatchKeyGuard as_written(c10::DispatchKey::AutocastCPU);
    const Tensor& grad = grad_outputs.front();
    if (!grad.defined()) return tensor_list(4);
    const auto saved = context->get_saved_variables();
    const Tensor &input = saved[0], &weight = saved[1];
    const std::vector<std::int64_t> padding = context->saved_data["padding"].toIntVector();
    const Tensor rows = grad.permute({0, 2, 3, 1}).contiguous().view({-1, grad.size(1)});
    const Tensor places = rows_in_use(rows);
    const bool wants_input = context->needs_input_grad(0);
    if (places.numel() * kFew > rows.size(0)) {
      const auto [of_input, of_weight, of_bias] = at::convolution_backward(
          grad, input, weight.to(grad.scalar_type()), c10::OptionalIntArrayRef({weight.size(0)}), {1, 1},
          padding, {1, 1}, /*transposed=*/false, {0, 0}, /*groups=*/1, {wants_input, true, true});
      return {of_input, of_weight.to(weight.scalar_type()), of_bias.to(weight.scalar_type()), {}};
    }
    const Gradients found = at_places(places, rows.index_select(0, places).to(weight.scalar_type()), input,
                                      weight, padding, wants_input);
    return {found.input, found.weight, found.bias, {}};
  }
};

}  // namespace

Tensor conv2d_read_at_few(const Tensor& input, const Tensor& weight, const Tensor& bias,
                          at::IntArrayRef padding) {
  return ReadAtFew::apply(input, weight, bias, padding.vec());
}

}  // namespace maskmill::learn
