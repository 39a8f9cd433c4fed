// SPDX-License-Identifier: Apache-2.0
// Private to the operators: launching a kernel among torch's, without a header of CUDA's.
#pragma once

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/torch.h>

#include <string>

#include "base/error.h"
#include "learn/torch/operators/cuda/kernels.h"

namespace maskmill::learn::cuda {

/// torch's current stream on a tensor's device, which is the current device while this lives.
class CurrentStream {
 public:
  explicit CurrentStream(const torch::Tensor& on)
      : guard_(on.device()),
        stream_{on.device().index(),
                c10::impl::VirtualGuardImpl(on.device().type()).getStream(on.device()).native_handle()} {}

  const Stream& get() const { return stream_; }

 private:
  c10::OptionalDeviceGuard guard_;
  Stream stream_;
};

/// Throws Error(unsupported) with CUDA's words where it refused what `who` launched.
inline void require_launched(Refusal refusal, const std::string& who) {
  if (refusal == nullptr) return;
  throw Error(Code::unsupported, who + " on CUDA: " + refusal)
      .hint(
          "its kernels are for the GPUs that CMAKE_CUDA_ARCHITECTURES named when maskmill was built; "
          "-DMASKMILL_CUDA_KERNELS=OFF builds without them");
}

}  // namespace maskmill::learn::cuda
