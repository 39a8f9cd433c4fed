// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// Throws Error(usage) for cuda where there is no GPU that this LibTorch can use, saying which of the two is
/// missing.
torch::Device choose_device(Device wanted);

/// Whether the device has arithmetic for bfloat16, so that it is faster than float32: CPUs with AVX-512 BF16,
/// AMX or Arm's BF16, GPUs of compute capability 8.0 and up.
bool computes_in_bf16(torch::Device device);

/// `wanted`, with automatic decided by computes_in_bf16.
Precision choose_precision(Precision wanted, torch::Device device);

/// "cpu", or "cuda: NVIDIA H200".
std::string device_name(torch::Device device);

/// For the whole process: threads of torch's own pool on CPU, 0 for every core this process may use, with
/// OpenCV's switched off beside it; and memory that was freed stays with the process for the next tensors.
void prepare_process(int threads);

/// Versions, device, precision, threads and instruction set: what a run's environment.json holds.
Json describe_environment(torch::Device device, Precision precision);

/// While it lives, convolutions and matrix products of this thread are computed in bfloat16; with float32 it
/// does nothing. As Python's torch.autocast. The precision is one that choose_precision gave.
class Autocast {
 public:
  Autocast(torch::Device device, Precision precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType device_;
  bool active_;
  bool was_enabled_ = false;
  torch::ScalarType former_type_ = torch::kFloat32;
};

/// What torch threw, as an Error: memory that ran out says what to make smaller, all else is a bug of ours.
Error to_error(const c10::Error& error);

/// body(), with torch's exceptions turned into Errors.
template <class Body>
auto guarded(Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const c10::Error& error) {
    throw to_error(error);
  }
}

}  // namespace maskmill::learn
