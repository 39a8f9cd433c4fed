// SPDX-License-Identifier: Apache-2.0
// What goldens.py scripts set up and compare by, in C++.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "catch.h"

namespace maskmill::learn::tests {

using maskmill::tests::WithinAbs;
using maskmill::tests::WithinRel;
using torch::Tensor;

/// In [-1, 1): a formula of an index, the same in any language.
inline Tensor noise(int salt, std::int64_t count) {
  const Tensor value =
      torch::sin(torch::arange(count, torch::kFloat64) * 12.9898 + salt * 78.233) * 43758.5453;
  return (value - value.floor()) * 2 - 1;
}

inline int salt_of(const std::string& name) {
  int sum = 0;
  for (std::size_t i = 0; i < name.size(); ++i) sum += static_cast<int>(i + 1) * name[i];
  return sum % 1009;
}

/// Twelve of its numbers, from all over it.
inline std::vector<double> some(const Tensor& tensor) {
  const Tensor flat = tensor.detach().contiguous().flatten();
  std::vector<double> values;
  for (std::int64_t i = 0; i < 12; ++i) values.push_back(flat[i * 997 % flat.numel()].item<double>());
  return values;
}

inline void check_close(const std::vector<double>& found, const std::vector<double>& expected,
                        double tolerance) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK_THAT(found[i], WithinRel(expected[i], tolerance) || WithinAbs(expected[i], tolerance));
}

/// As drawn from a seed: no bit may differ.
inline void check_same_floats(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(static_cast<float>(found[i]) == static_cast<float>(expected[i]));
}

}  // namespace maskmill::learn::tests
