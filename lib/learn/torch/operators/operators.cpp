// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/operators/operators.h"

#include <ATen/autocast_mode.h>
#include <torch/library.h>
#include <torch/torch.h>

#include "learn/torch/operators/nms.h"
#include "learn/torch/operators/roi_align.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

template <c10::DeviceType Device>
Tensor nms_under_autocast(const Tensor& boxes, const Tensor& scores, double iou_threshold) {
  const c10::impl::ExcludeDispatchKeyGuard once(
      at::autocast::get_autocast_dispatch_key_from_device_type(Device));
  return nms(at::autocast::cached_cast(torch::kFloat32, boxes, Device),
             at::autocast::cached_cast(torch::kFloat32, scores, Device), iou_threshold);
}

/// A map of 16 bits is summed in float32 as it is: casting it first would be a copy of all of it.
template <c10::DeviceType Device>
Tensor roi_align_under_autocast(const Tensor& input, const Tensor& rois, double spatial_scale,
                                std::int64_t height, std::int64_t width, std::int64_t sampling_ratio,
                                bool aligned) {
  const c10::impl::ExcludeDispatchKeyGuard once(
      at::autocast::get_autocast_dispatch_key_from_device_type(Device));
  return roi_align(input, at::autocast::cached_cast(torch::kFloat32, rois, Device), spatial_scale, height,
                   width, sampling_ratio, aligned);
}

}  // namespace

void keep_operators() {}  // the linker takes this file, and with it what follows

// A fragment: torchvision's operators that are not here may be declared elsewhere.
TORCH_LIBRARY_FRAGMENT(torchvision, library) {
  library.def("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor");
  library.def(
      "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
      "int sampling_ratio, bool aligned) -> Tensor");
  library.def(
      "_roi_align_backward(Tensor grad, Tensor rois, float spatial_scale, SymInt pooled_height, "
      "SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width, int sampling_ratio, "
      "bool aligned) -> Tensor");
}

TORCH_LIBRARY_IMPL(torchvision, CPU, library) {
  library.impl("nms", nms);
  library.impl("roi_align", roi_align);
  library.impl("_roi_align_backward", roi_align_backward);
}

TORCH_LIBRARY_IMPL(torchvision, CUDA, library) {
  library.impl("nms", nms);
  library.impl("roi_align", roi_align);
  library.impl("_roi_align_backward", roi_align_backward);
}

TORCH_LIBRARY_IMPL(torchvision, Autograd, library) {
  library.impl("roi_align", roi_align);
  library.impl("_roi_align_backward", roi_align_backward);
}

TORCH_LIBRARY_IMPL(torchvision, AutocastCPU, library) {
  library.impl("nms", nms_under_autocast<c10::DeviceType::CPU>);
  library.impl("roi_align", roi_align_under_autocast<c10::DeviceType::CPU>);
}

TORCH_LIBRARY_IMPL(torchvision, AutocastCUDA, library) {
  library.impl("nms", nms_under_autocast<c10::DeviceType::CUDA>);
  library.impl("roi_align", roi_align_under_autocast<c10::DeviceType::CUDA>);
}

}  // namespace maskmill::learn
