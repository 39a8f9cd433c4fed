// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/operators/paste_masks.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace maskmill::learn {
namespace {

/// Whole pixels along one axis, the last included.
struct Span {
  std::int64_t first, last;
};

/// A side of the box after the border has been added to its mask, which had `bins`. In float32, as
/// torchvision's.
Span grown(float low, float high, std::int64_t bins) {
  constexpr float kFarthest = 1e12F;
  const auto scale = static_cast<float>(static_cast<double>(bins + 2) / static_cast<double>(bins));
  const float half = (high - low) * 0.5F * scale, centre = (high + low) * 0.5F;
  if (!(std::abs(centre) <= kFarthest && std::abs(half) <= kFarthest))
    throw Error(Code::bug, "paste_mask: the box is not finite");
  return {static_cast<std::int64_t>(centre - half), static_cast<std::int64_t>(centre + half)};
}

/// A value between two bins of the mask with its border: that of `bin`, and `share` of the way to the next.
struct Between {
  std::int64_t bin;
  float share;
};

/// For those pixels of the span that lie in [begin, end).
std::vector<Between> resampling(const Span& span, std::int64_t begin, std::int64_t end, std::int64_t bins) {
  const std::int64_t count = std::max<std::int64_t>(span.last - span.first + 1, 1);
  const float step = static_cast<float>(bins) / static_cast<float>(count);
  std::vector<Between> found;
  for (std::int64_t pixel = begin; pixel < end; ++pixel) {
    const float at = std::max(step * (static_cast<float>(pixel - span.first) + 0.5F) - 0.5F, 0.F);
    const auto bin = std::min(static_cast<std::int64_t>(at), bins - 2);
    found.push_back({bin, std::min(at - static_cast<float>(bin), 1.F)});
  }
  return found;
}

}  // namespace

PastedMask paste_mask(const torch::Tensor& mask, const std::array<float, 4>& box_xyxy,
                      std::int64_t image_height, std::int64_t image_width) {
  if (mask.dim() != 2 || mask.size(0) != mask.size(1) || mask.size(0) == 0 ||
      mask.scalar_type() != torch::kFloat32 || !mask.is_cpu())
    throw Error(Code::bug, "paste_mask: a mask must be (M, M), float32 and on CPU");
  const std::int64_t bins = mask.size(0) + 2;
  const Span across = grown(box_xyxy[0], box_xyxy[2], mask.size(0));
  const Span down = grown(box_xyxy[1], box_xyxy[3], mask.size(0));
  PastedMask pasted{std::clamp<std::int64_t>(across.first, 0, image_width),
                    std::clamp<std::int64_t>(down.first, 0, image_height),
                    {}};
  const std::int64_t end_x = std::clamp(across.last + 1, pasted.x, image_width);
  const std::int64_t end_y = std::clamp(down.last + 1, pasted.y, image_height);
  pasted.values = torch::empty({end_y - pasted.y, end_x - pasted.x}, torch::kFloat32);
  if (pasted.values.numel() == 0) return pasted;

  const torch::Tensor bordered = torch::constant_pad_nd(mask.detach(), {1, 1, 1, 1}).contiguous();
  const auto* const border = bordered.const_data_ptr<float>();
  auto* const values = pasted.values.mutable_data_ptr<float>();
  const std::vector<Between> columns = resampling(across, pasted.x, end_x, bins);
  const std::vector<Between> rows = resampling(down, pasted.y, end_y, bins);
  constexpr std::int64_t kPixels = 32768;  // worth a thread
  const auto width = static_cast<std::int64_t>(columns.size());
  at::parallel_for(0, static_cast<std::int64_t>(rows.size()), kPixels / width + 1,
                   [&](std::int64_t begin, std::int64_t end) {
                     std::vector<float> line(static_cast<std::size_t>(bins));
                     for (std::int64_t y = begin; y < end; ++y) {
                       const auto [bin, share] = rows[static_cast<std::size_t>(y)];
                       const float* const upper = border + bin * bins;
                       for (std::int64_t i = 0; i < bins; ++i)
                         line[static_cast<std::size_t>(i)] = (1 - share) * upper[i] + share * upper[i + bins];
                       float* to = values + y * width;
                       for (const auto& [at, part] : columns)
                         *to++ = (1 - part) * line[static_cast<std::size_t>(at)] +
                                 part * line[static_cast<std::size_t>(at) + 1];
                     }
                   });
  return pasted;
}

}  // namespace maskmill::learn
