// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include "catch.h"

namespace maskmill::learn::tests {

/// ctest counts a test that says this as skipped.
inline bool has_gpu() {
  if (torch::cuda::is_available()) return true;
  WARN("no GPU: not shown");
  return false;
}

/// While it lives, convolutions in float32 have float32's mantissa: TF32's 10 bits are what would differ from
/// the CPU.
class FullFloats {
 public:
  FullFloats() { at::globalContext().setAllowTF32CuDNN(false); }
  ~FullFloats() { at::globalContext().setAllowTF32CuDNN(true); }
  FullFloats(const FullFloats&) = delete;
  FullFloats& operator=(const FullFloats&) = delete;
};

}  // namespace maskmill::learn::tests
