// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/device.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/cpu/Utils.h>
#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <array>
#include <limits>
#include <opencv2/core.hpp>
#include <string_view>

#include "base/parallel.h"
#include "dataset/provenance.h"
#include "learn/torch/operators/operators.h"

namespace maskmill::learn {
namespace {

bool ran_out_of_memory(const c10::Error& error, std::string_view text) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         text.find("can't allocate memory") != std::string_view::npos;
}

/// A call of the driver, which torch has loaded: LibTorch's own calls need the headers of a CUDA toolkit.
template <class Function>
Function* driver_call(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

int ordinal(torch::Device device) {
  return device.has_index() ? device.index() : 0;
}

std::string gpu_name(torch::Device device) {
  auto* const get_name = driver_call<int(char* name, int length, int device)>("cuDeviceGetName");
  std::array<char, 256> name{};
  if (get_name == nullptr || get_name(name.data(), static_cast<int>(name.size()), ordinal(device)) != 0)
    return "unnamed GPU";
  return name.data();
}

/// The first number of the GPU's compute capability; 0 where the driver does not tell.
int compute_capability(torch::Device device) {
  constexpr int kMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
  auto* const get_attribute = driver_call<int(int* value, int attribute, int device)>("cuDeviceGetAttribute");
  int value = 0;
  if (get_attribute == nullptr || get_attribute(&value, kMajor, ordinal(device)) != 0) return 0;
  return value;
}

bool cpu_computes_in_bf16() {
#if defined(__aarch64__) && defined(__linux__)
  constexpr unsigned long kBf16 = 1UL << 14U;  // HWCAP2_BF16
  return (getauxval(AT_HWCAP2) & kBf16) != 0;
#else
  // Not the compiler's __builtin_cpu_supports: Clang 14 does not know these by name.
  const auto capabilities = at::cpu::get_cpu_capabilities();
  return std::ranges::any_of(std::array{"avx512_bf16", "amx_bf16"}, [&](const char* name) {
    const auto found = capabilities.find(name);
    return found != capabilities.end() && found->second.isBool() && found->second.toBool();
  });
#endif
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

bool computes_in_bf16(torch::Device device) {
  constexpr int kAmpere = 8;
  return device.is_cpu() ? cpu_computes_in_bf16() : compute_capability(device) >= kAmpere;
}

Precision choose_precision(Precision wanted, torch::Device device) {
  if (wanted != Precision::automatic) return wanted;
  return computes_in_bf16(device) ? Precision::bf16 : Precision::float32;
}

std::string device_name(torch::Device device) {
  if (device.is_cpu()) return "cpu";
  return "cuda: " + gpu_name(device);
}

void prepare_process(int threads) {
  at::set_num_threads(threads > 0 ? threads : available_cores());
  cv::setNumThreads(1);
  keep_operators();
#ifdef __GLIBC__
  // Every step frees its activations and asks for as many again. By default large blocks go back to the
  // system in between, which maps and zeroes each page anew: a tenth of a small U-Net's training time.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

Json describe_environment(torch::Device device, Precision precision) {
  return Json{{"maskmill", version()},
              {"libtorch", TORCH_VERSION},
              {"opencv", CV_VERSION},
              {"device", device_name(device)},
              {"precision", name_of(precision)},
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
