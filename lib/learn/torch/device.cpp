// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/device.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <dlfcn.h>

#include <array>
#include <opencv2/core.hpp>
#include <string_view>

#include "base/parallel.h"
#include "dataset/provenance.h"

namespace maskmill::learn {
namespace {

bool ran_out_of_memory(const c10::Error& error, std::string_view text) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         text.find("can't allocate memory") != std::string_view::npos;
}

/// Asked of the driver, which torch has loaded: LibTorch's own call needs the headers of a CUDA toolkit.
std::string gpu_name(torch::Device device) {
  using DeviceGetName = int (*)(char* name, int length, int device);
  const auto get_name = reinterpret_cast<DeviceGetName>(dlsym(RTLD_DEFAULT, "cuDeviceGetName"));
  std::array<char, 256> name{};
  const int ordinal = device.has_index() ? device.index() : 0;
  if (get_name == nullptr || get_name(name.data(), static_cast<int>(name.size()), ordinal) != 0)
    return "unnamed GPU";
  return name.data();
}

}  // namespace

torch::Device choose_device(Device wanted) {
  if (wanted == Device::cpu) return torch::kCPU;
  if (torch::cuda::is_available()) return torch::kCUDA;
  if (wanted == Device::automatic) return torch::kCPU;
  throw Error(Code::usage, at::globalContext().hasCUDART()
                               ? "device is cuda, and no NVIDIA GPU with a driver was found"
                               : "device is cuda, and this LibTorch was built without CUDA")
      .at_field("device")
      .hint("device=cpu computes without a GPU; device=auto takes one where there is one");
}

std::string device_name(torch::Device device) {
  if (device.is_cpu()) return "cpu";
  return "cuda: " + gpu_name(device);
}

void set_threads(int threads) {
  at::set_num_threads(threads > 0 ? threads : available_cores());
  cv::setNumThreads(1);
}

Json describe_environment(torch::Device device) {
  return Json{{"maskmill", version()},
              {"libtorch", TORCH_VERSION},
              {"opencv", CV_VERSION},
              {"device", device_name(device)},
              {"threads", at::get_num_threads()},
              {"cores", available_cores()},
              {"instruction_set", at::get_cpu_capability()}};
}

Autocast::Autocast(torch::Device device, Precision precision)
    : device_(device.type()), active_(precision == Precision::bf16) {
  if (!active_) return;
  was_enabled_ = at::autocast::is_autocast_enabled(device_);
  former_type_ = at::autocast::get_autocast_dtype(device_);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, torch::kBFloat16);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!active_) return;
  // The weights' bfloat16 copies are kept from layer to layer, but must not outlive a step that changes them.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, former_type_);
}

Error to_error(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  if (ran_out_of_memory(error, text))
    return Error(Code::unsupported, "the memory of the device is too small: " + text)
        .hint("make batch-size, input.width and input.height, or the network smaller");
  return Error(Code::bug, "LibTorch: " + text);
}

}  // namespace maskmill::learn
