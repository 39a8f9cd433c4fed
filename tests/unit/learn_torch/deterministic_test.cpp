// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/deterministic.h"

#include "torch_support.h"

using namespace maskmill::learn;
using namespace maskmill::learn::tests;
namespace F = torch::nn::functional;

TEST_CASE("cross entropy from products is torch's, and so is its gradient") {
  Tensor scores = (noise(11, 2 * 3 * 48 * 32).view({2, 3, 48, 32}) * 5).requires_grad_();
  const auto options = F::CrossEntropyFuncOptions().ignore_index(kIgnoredClass).reduction(torch::kNone);
  const Tensor expected = F::cross_entropy(scores, classes(), options);
  const Tensor truth = classes().unsqueeze(1).eq(torch::arange(3).view({1, 3, 1, 1}));
  const Tensor found = cross_entropy_by_products(scores, truth);
  CHECK(torch::allclose(found, expected, 1e-12, 1e-12));
  const Tensor weights = noise(3, expected.numel()).view(expected.sizes());
  const Tensor of_expected = torch::autograd::grad({(expected * weights).sum()}, {scores})[0];
  const Tensor of_found = torch::autograd::grad({(found * weights).sum()}, {scores})[0];
  CHECK(torch::allclose(of_found, of_expected, 1e-12, 1e-12));
}

TEST_CASE("bilinear upsampling from products is torch's, and so is its gradient") {
  for (const std::vector<std::int64_t>& size : {std::vector<std::int64_t>{41, 56}, {6, 7}, {1, 1}, {96, 7}}) {
    Tensor values = noise(7, 2 * 3 * 6 * 7).view({2, 3, 6, 7}).requires_grad_();
    const Tensor expected = torch::upsample_bilinear2d(values, size, false);
    const Tensor found = bilinear_by_products(values, size[0], size[1]);
    CHECK(torch::allclose(found, expected, 1e-12, 1e-12));
    const Tensor weights = noise(3, expected.numel()).view(expected.sizes());
    const Tensor of_expected = torch::autograd::grad({(expected * weights).sum()}, {values})[0];
    const Tensor of_found = torch::autograd::grad({(found * weights).sum()}, {values})[0];
    CHECK(torch::allclose(of_found, of_expected, 1e-12, 1e-12));
  }
}
