// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/deterministic.h"

#include <cstdlib>

namespace maskmill::learn {
namespace {

using torch::Tensor;

/// (to, from): how much each of `from` values along a line weighs in each of `to`.
Tensor interpolation(std::int64_t from, std::int64_t to, const torch::TensorOptions& options) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const Tensor at = ((torch::arange(to, torch::kFloat64) + 0.5) * step - 0.5).clamp_min(0);
  const Tensor first = at.floor().to(torch::kInt64), share = at - at.floor();
  const Tensor rows = torch::arange(to);
  Tensor weights = torch::zeros({to, from}, torch::kFloat64);
  weights.index_put_({rows, first}, 1 - share);
  weights.index_put_({rows, (first + 1).clamp_max(from - 1)}, share, /*accumulate=*/true);
  return weights.to(options);
}

}  // namespace

void compute_deterministically(bool wanted, bool sizes_vary) {
  // cuBLAS looks at it when it is first used.
  if (wanted) ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  at::globalContext().setDeterministicAlgorithms(wanted, /*warn_only=*/true);
  at::globalContext().setDeterministicCuDNN(wanted);
  at::globalContext().setBenchmarkCuDNN(!wanted && !sizes_vary);
}

bool needs_deterministic(const Tensor& on) {
  return on.is_cuda() && at::globalContext().deterministicAlgorithms();
}

Tensor cross_entropy_by_products(const Tensor& scores, const Tensor& truth) {
  return -(torch::log_softmax(scores, 1) * truth).sum(1);
}

Tensor bilinear_by_products(const Tensor& values, std::int64_t height, std::int64_t width) {
  const Tensor down = interpolation(values.size(2), height, values.options());
  const Tensor across = interpolation(values.size(3), width, values.options());
  return torch::matmul(down, torch::matmul(values, across.t()));
}

}  // namespace maskmill::learn
