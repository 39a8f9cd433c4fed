// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/constant_convolution.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string>
#include <vector>

namespace maskmill::learn {
namespace {

using torch::Tensor;
using Sides = std::vector<std::int64_t>;

Sides sides(Extent extent) {
  return {extent.height, extent.width};
}

/// torch's operator for networks that it compiles. That it takes weights in oneDNN's own layout too is left
/// alone: the layout hangs on the input's size, and for another size it would be the slower.
using Convolve = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, c10::SymIntArrayRef,
                        c10::SymIntArrayRef, c10::SymIntArrayRef, c10::SymInt, std::string_view,
                        torch::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

/// None where this torch, or this processor, has no such thing.
std::optional<c10::TypedOperatorHandle<Convolve>> one_dnn(torch::Device device, Precision precision) {
  if (!device.is_cpu() || !at::hasMKLDNN() || !at::globalContext().userEnabledMkldnn()) return std::nullopt;
  if (precision == Precision::bf16 && !computes_in_bf16(device)) return std::nullopt;
  const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_convolution_pointwise", ""});
  return found ? std::optional(found->typed<Convolve>()) : std::nullopt;
}

std::int64_t outer(std::int64_t side, int padding, int dilation, int kernel, int stride) {
  return (side + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

}  // namespace

torch::ScalarType type_of(Precision precision) {
  return precision == Precision::bf16 ? torch::kBFloat16 : torch::kFloat32;
}

std::function<Tensor(const Tensor&)> constant_convolution(const Conv2d& conv, const Tensor& weight,
                                                          const Tensor& bias, bool relu,
                                                          Precision precision) {
  const torch::ScalarType type = type_of(precision);
  const Sides padding = sides(conv.padding), stride = sides(conv.stride), dilation = sides(conv.dilation);
  const Tensor own = weight.to(type).contiguous(torch::MemoryFormat::ChannelsLast);
  if (const auto convolve = one_dnn(weight.device(), precision)) {
    const auto lengths = [](const Sides& values) { return c10::fromIntArrayRefSlow(values); };
    const std::optional<Tensor> shift = bias.defined() ? std::optional(bias) : std::nullopt;
    return [=](const Tensor& input) {
      if (input.size(0) == 0)  // which oneDNN does not take
        return torch::empty({0, conv.out,
                             outer(input.size(2), conv.padding.height, conv.dilation.height,
                                   conv.kernel.height, conv.stride.height),
                             outer(input.size(3), conv.padding.width, conv.dilation.width, conv.kernel.width,
                                   conv.stride.width)},
                            input.options().dtype(type));
      return convolve->call(input.to(type), own, shift, lengths(padding), lengths(stride), lengths(dilation),
                            conv.groups, relu ? "relu" : "none", torch::List<std::optional<at::Scalar>>(),
                            std::nullopt);
    };
  }
  const Tensor shift = bias.defined() ? bias.to(type) : bias;
  return [=, groups = conv.groups](const Tensor& input) {
    Tensor output = torch::conv2d(input.to(type), own, shift, stride, padding, dilation, groups);
    return relu ? output.relu_() : output;
  };
}

}  // namespace maskmill::learn
