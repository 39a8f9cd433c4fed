// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/operators/roi_align.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "learn/torch/operators/cuda/current_stream.h"
#include "learn/torch/operators/cuda/kernels.h"
#include "learn/torch/operators/roi_align_kernels.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

void fail(const std::string& what) {
  throw Error(Code::bug, "roi_align: " + what);
}

bool is_16_bit(torch::ScalarType type) {
  return type == torch::kFloat16 || type == torch::kBFloat16;
}

torch::ScalarType type_of_sums(torch::ScalarType type) {
  return is_16_bit(type) ? torch::kFloat32 : type;
}

void check(const Tensor& values, const Tensor& rois, const Pooling& pooling, std::int64_t batch) {
  const torch::ScalarType type = values.scalar_type();
  if (values.dim() != 4) fail("maps must be (N, C, H, W), not of shape " + c10::str(values.sizes()));
  if (rois.dim() != 2 || rois.size(1) != 5)
    fail("regions must be (K, 5), not of shape " + c10::str(rois.sizes()));
  if (pooling.height < 1 || pooling.width < 1) fail("a region must have a bin");
  if (type != torch::kFloat32 && type != torch::kFloat64 && !is_16_bit(type))
    fail("maps must be of floating point, not " + std::string(c10::toString(type)));
  if (rois.scalar_type() != type && rois.scalar_type() != type_of_sums(type))
    fail("regions must be of the map's type, or float32 where that has 16 bits");
  if (rois.device() != values.device()) fail("maps and regions must be on one device");
  const Tensor images = rois.detach().select(1, 0).to(torch::kCPU, torch::kFloat64).contiguous();
  for (std::int64_t k = 0; k < rois.size(0); ++k) {
    const double image = std::trunc(images.const_data_ptr<double>()[k]);
    if (!(image >= 0 && image < static_cast<double>(batch)))
      fail("region " + std::to_string(k) + " is of an image that is not among " + std::to_string(batch));
  }
}

/// (regions, bins, extent): how much each pixel of a line weighs in each bin. `begin`, `size` (regions).
Tensor line_weights(const Tensor& begin, const Tensor& size, std::int64_t bins, std::int64_t ratio,
                    std::int64_t extent) {
  const Tensor bin = size / bins;
  const Tensor samples =
      ratio > 0 ? torch::full_like(size, static_cast<double>(ratio)) : torch::ceil(size / bins);
  const std::int64_t most = ratio > 0              ? ratio
                            : samples.numel() == 0 ? 0
                                                   : samples.nan_to_num(0).max().item<std::int64_t>();
  const Tensor from = begin.unsqueeze(1) + torch::arange(bins, size.options()) * bin.unsqueeze(1);
  const Tensor pixels = torch::arange(extent, size.options());
  Tensor weights = torch::zeros({size.size(0), bins, extent}, size.options());
  for (std::int64_t i = 0; i < most; ++i) {
    const Tensor at = from + ((static_cast<double>(i) + 0.5) * bin / samples).unsqueeze(1);
    const Tensor counts =
        at.ge(-1).logical_and(at.le(extent)).logical_and(samples.gt(static_cast<double>(i)).unsqueeze(1));
    const Tensor inside = at.clamp(0, static_cast<double>(extent - 1)).unsqueeze(-1);
    weights += torch::where(counts.unsqueeze(-1), (1 - (inside - pixels).abs()).clamp_min(0), 0);
  }
  return weights / samples.clamp_min(1).unsqueeze(1).unsqueeze(1);
}

/// Regions of one image, few enough that what lies between the two products stays within 256 MB of float32.
struct Part {
  std::int64_t image;
  Tensor regions;    ///< (k) int64: which these are
  Tensor by_row;     ///< (k, bins, height)
  Tensor by_column;  ///< (k, bins, width)
};

void each_part(const Tensor& any_rois, const Pooling& pooling, const MapSize& size, torch::ScalarType type,
               const std::function<void(const Part&)>& handle) {
  const Tensor rois = any_rois.to(type);
  const Tensor image_of = rois.select(1, 0).to(torch::kInt64);
  const std::int64_t a_region = pooling.height * size.channels * std::max(size.width, size.height);
  const std::int64_t most =
      std::max<std::int64_t>(1, (std::int64_t{1} << 26) / std::max<std::int64_t>(1, a_region));
  for (std::int64_t image = 0; image < size.batch; ++image)
    for (const Tensor& regions : image_of.eq(image).nonzero().squeeze(1).split(most)) {
      if (regions.numel() == 0) continue;
      const Tensor corners =
          rois.index({regions}).slice(1, 1) * pooling.spatial_scale - (pooling.aligned ? 0.5 : 0);
      Tensor sides = corners.slice(1, 2, 4) - corners.slice(1, 0, 2);
      if (!pooling.aligned) sides = sides.clamp_min(1);
      handle({image, regions,
              line_weights(corners.select(1, 1), sides.select(1, 1), pooling.height, pooling.sampling_ratio,
                           size.height),
              line_weights(corners.select(1, 0), sides.select(1, 0), pooling.width, pooling.sampling_ratio,
                           size.width)});
    }
}

/// The products that follow have the types that they are given, which autocast would make 16 bits.
c10::impl::ExcludeDispatchKeyGuard without_autocast(const Tensor& on) {
  return c10::impl::ExcludeDispatchKeyGuard(
      at::autocast::get_autocast_dispatch_key_from_device_type(on.device().type()));
}

Tensor forward_by_products(const Tensor& input, const Tensor& rois, const Pooling& pooling) {
  const torch::NoGradGuard no_grad;
  const auto as_written = without_autocast(input);
  const MapSize size{input.size(0), input.size(1), input.size(2), input.size(3)};
  const torch::ScalarType type = type_of_sums(input.scalar_type());
  Tensor pooled = torch::zeros({rois.size(0), size.channels, pooling.height, pooling.width}, input.options());
  each_part(rois, pooling, size, type, [&](const Part& part) {
    const std::int64_t count = part.regions.size(0);
    const Tensor rows = torch::matmul(part.by_row.reshape({-1, size.height}), input[part.image].to(type));
    const Tensor of_region = rows.view({size.channels, count, pooling.height, size.width}).transpose(0, 1);
    const Tensor values =
        torch::bmm(of_region.reshape({count, -1, size.width}), part.by_column.transpose(1, 2));
    pooled.index_copy_(
        0, part.regions,
        values.view({count, size.channels, pooling.height, pooling.width}).to(pooled.scalar_type()));
  });
  return pooled;
}

Tensor backward_by_products(const Tensor& grad, const Tensor& rois, const Pooling& pooling,
                            const MapSize& size) {
  const torch::NoGradGuard no_grad;
  const auto as_written = without_autocast(grad);
  const torch::ScalarType type = type_of_sums(grad.scalar_type());
  Tensor found =
      torch::zeros({size.batch, size.channels, size.height, size.width}, grad.options().dtype(type));
  each_part(rois, pooling, size, type, [&](const Part& part) {
    const std::int64_t count = part.regions.size(0);
    const Tensor values = grad.index({part.regions}).to(type).reshape({count, -1, pooling.width});
    const Tensor rows = torch::bmm(values, part.by_column)
                            .view({count, size.channels, pooling.height, size.width})
                            .transpose(0, 1)
                            .reshape({size.channels, -1, size.width});
    found[part.image] += torch::matmul(part.by_row.reshape({-1, size.height}).t(), rows);
  });
  return found.to(grad.scalar_type());
}

cuda::Maps maps_of(torch::ScalarType type, const MapSize& size, bool channels_last) {
  switch (type) {
    case torch::kFloat64:
      return {cuda::ValueType::float64, size, channels_last};
    case torch::kFloat16:
      return {cuda::ValueType::float16, size, channels_last};
    case torch::kBFloat16:
      return {cuda::ValueType::bfloat16, size, channels_last};
    default:
      return {cuda::ValueType::float32, size, channels_last};
  }
}

Tensor forward_on_cuda(const Tensor& any_input, const Tensor& any_rois, const Pooling& pooling) {
  const torch::MemoryFormat format = any_input.suggest_memory_format();
  const cuda::CurrentStream stream(any_input);
  const Tensor input = any_input.contiguous(format);
  const Tensor rois = any_rois.to(type_of_sums(input.scalar_type())).contiguous();
  const Tensor pooled = torch::empty({rois.size(0), input.size(1), pooling.height, pooling.width},
                                     input.options().memory_format(torch::MemoryFormat::Contiguous));
  cuda::require_launched(cuda::roi_align(maps_of(input.scalar_type(),
                                                 {input.size(0), input.size(1), input.size(2), input.size(3)},
                                                 format == torch::MemoryFormat::ChannelsLast),
                                         input.const_data_ptr(), {rois.const_data_ptr(), rois.size(0)},
                                         pooling, pooled.mutable_data_ptr(), stream.get()),
                         "roi_align");
  return pooled;
}

Tensor backward_on_cuda(const Tensor& grad, const Tensor& any_rois, const Pooling& pooling,
                        const MapSize& size, bool channels_last) {
  const cuda::CurrentStream stream(grad);
  const Tensor rois = any_rois.to(type_of_sums(grad.scalar_type())).contiguous();
  const auto format = channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
  const Tensor sums =
      torch::empty({size.batch, size.channels, size.height, size.width}, rois.options().memory_format(format))
          .zero_();
  cuda::require_launched(
      cuda::roi_align_backward(maps_of(grad.scalar_type(), size, channels_last), grad.const_data_ptr(),
                               {grad.stride(0), grad.stride(1), grad.stride(2), grad.stride(3)},
                               {rois.const_data_ptr(), rois.size(0)}, pooling, sums.mutable_data_ptr(),
                               stream.get()),
      "roi_align's gradient");
  return sums.to(grad.scalar_type());
}

Tensor forward(const Tensor& input, const Tensor& rois, const Pooling& pooling) {
  if (input.is_cpu()) return roi_align_on_cpu(input, rois, pooling);
  if constexpr (cuda::kBuilt)
    if (input.is_cuda() && cuda::takes_region(input.size(1), pooling))
      return forward_on_cuda(input, rois, pooling);
  return forward_by_products(input, rois, pooling);
}

Tensor backward(const Tensor& grad, const Tensor& rois, const Pooling& pooling, const MapSize& size,
                bool channels_last) {
  if (grad.is_cpu()) return roi_align_backward_on_cpu(grad, rois, pooling, size, channels_last);
  if constexpr (cuda::kBuilt)
    if (grad.is_cuda() && cuda::takes_region(size.channels, pooling) &&
        !at::globalContext().deterministicAlgorithms())
      return backward_on_cuda(grad, rois, pooling, size, channels_last);
  const Tensor found = backward_by_products(grad, rois, pooling, size);
  return channels_last ? found.contiguous(torch::MemoryFormat::ChannelsLast) : found;
}

void save(AutogradContext* context, const Pooling& pooling) {
  context->saved_data["spatial_scale"] = pooling.spatial_scale;
  context->saved_data["height"] = pooling.height;
  context->saved_data["width"] = pooling.width;
  context->saved_data["sampling_ratio"] = pooling.sampling_ratio;
  context->saved_data["aligned"] = pooling.aligned;
}

Pooling saved_pooling(AutogradContext* context) {
  return {context->saved_data["spatial_scale"].toDouble(), context->saved_data["height"].toInt(),
          context->saved_data["width"].toInt(), context->saved_data["sampling_ratio"].toInt(),
          context->saved_data["aligned"].toBool()};
}

struct PoolFunction : torch::autograd::Function<PoolFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& rois,
                        const Pooling& pooling);
  static tensor_list backward(AutogradContext* context, const tensor_list& grads);
};

/// The pooling is linear: the gradient of its gradient is the pooling.
struct PoolBackwardFunction : torch::autograd::Function<PoolBackwardFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& grad, const Tensor& rois,
                        const Pooling& pooling, const MapSize& size, bool channels_last) {
    save(context, pooling);
    context->save_for_backward({rois});
    return learn::backward(grad, rois, pooling, size, channels_last);
  }
  static tensor_list backward(AutogradContext* context, const tensor_list& grads) {
    if (!grads[0].defined()) return tensor_list(5);
    const Pooling pooling = saved_pooling(context);
    return {PoolFunction::apply(grads[0], context->get_saved_variables()[0], pooling), {}, {}, {}, {}};
  }
};

Tensor PoolFunction::forward(AutogradContext* context, const Tensor& input, const Tensor& rois,
                             const Pooling& pooling) {
  save(context, pooling);
  context->saved_data["size"] = input.sizes().vec();
  context->saved_data["channels_last"] = input.suggest_memory_format() == torch::MemoryFormat::ChannelsLast;
  context->save_for_backward({rois});
  return learn::forward(input, rois, pooling);
}

tensor_list PoolFunction::backward(AutogradContext* context, const tensor_list& grads) {
  if (!grads[0].defined()) return tensor_list(3);
  const auto size = context->saved_data["size"].toIntVector();
  return {PoolBackwardFunction::apply(grads[0], context->get_saved_variables()[0], saved_pooling(context),
                                      MapSize{size[0], size[1], size[2], size[3]},
                                      context->saved_data["channels_last"].toBool()),
          {},
          {}};
}

void check_grad(const Tensor& grad, const Tensor& rois, const Pooling& pooling, const MapSize& size) {
  check(grad, rois, pooling, size.batch);
  if (grad.sizes() != at::IntArrayRef{rois.size(0), size.channels, pooling.height, pooling.width})
    fail("the gradient is of shape " + c10::str(grad.sizes()) + ", which is not that of the regions' bins");
}

}  // namespace

Tensor roi_align(const Tensor& input, const Tensor& rois, double spatial_scale, std::int64_t pooled_height,
                 std::int64_t pooled_width, std::int64_t sampling_ratio, bool aligned) {
  const Pooling pooling{spatial_scale, pooled_height, pooled_width, sampling_ratio, aligned};
  check(input, rois, pooling, input.dim() == 4 ? input.size(0) : 0);
  return PoolFunction::apply(input, rois, pooling);
}

Tensor roi_align_backward(const Tensor& grad, const Tensor& rois, double spatial_scale,
                          std::int64_t pooled_height, std::int64_t pooled_width, std::int64_t batch_size,
                          std::int64_t channels, std::int64_t height, std::int64_t width,
                          std::int64_t sampling_ratio, bool aligned) {
  const Pooling pooling{spatial_scale, pooled_height, pooled_width, sampling_ratio, aligned};
  const MapSize size{batch_size, channels, height, width};
  check_grad(grad, rois, pooling, size);
  return PoolBackwardFunction::apply(grad, rois, pooling, size, /*channels_last=*/false);
}

Tensor roi_align_by_products(const Tensor& input, const Tensor& rois, double spatial_scale,
                             std::int64_t pooled_height, std::int64_t pooled_width,
                             std::int64_t sampling_ratio, bool aligned) {
  const Pooling pooling{spatial_scale, pooled_height, pooled_width, sampling_ratio, aligned};
  check(input, rois, pooling, input.dim() == 4 ? input.size(0) : 0);
  return forward_by_products(input, rois, pooling);
}

Tensor roi_align_backward_by_products(const Tensor& grad, const Tensor& rois, double spatial_scale,
                                      std::int64_t pooled_height, std::int64_t pooled_width,
                                      std::int64_t batch_size, std::int64_t channels, std::int64_t height,
                                      std::int64_t width, std::int64_t sampling_ratio, bool aligned) {
  const Pooling pooling{spatial_scale, pooled_height, pooled_width, sampling_ratio, aligned};
  const MapSize size{batch_size, channels, height, width};
  check_grad(grad, rois, pooling, size);
  return backward_by_products(grad, rois, pooling, size);
}

}  // namespace maskmill::learn
