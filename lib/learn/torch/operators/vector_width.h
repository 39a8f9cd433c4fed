// SPDX-License-Identifier: Apache-2.0
// Private to the operators: one loop, compiled for each width of the processors' vectors.
#pragma once

#include <ATen/Version.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace maskmill::learn {

/// `Bytes` of values; loads and stores need no alignment.
template <class Value, int Bytes>
struct Vector {
  // Not std::simd-like operators of our own: compilers know what to do with theirs.
  typedef Value Type __attribute__((vector_size(Bytes)));  // NOLINT(modernize-use-using): GCC 12 needs it
  static constexpr int kCount = Bytes / static_cast<int>(sizeof(Value));
};

namespace widths {

// A body's run<Bytes>(job) and all that it calls must be always_inline: only then is it compiled for the
// instructions of the function that it is called from.
template <class Body, class Job>
void run_16(const Job& job) {
  Body::template run<16>(job);
}
#if defined(__x86_64__)
template <class Body, class Job>
[[gnu::target("avx2,fma,f16c")]] void run_32(const Job& job) {
  Body::template run<32>(job);
}
template <class Body, class Job>
[[gnu::target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]] void run_64(const Job& job) {
  Body::template run<64>(job);
}
#endif

}  // namespace widths

/// Bytes in a vector of this processor, as torch uses it: ATEN_CPU_CAPABILITY=default or avx2 in the
/// environment makes it narrower.
inline int vector_bytes() {
  static const int bytes = [] {
#if defined(__x86_64__)
    const std::string capability = at::get_cpu_capability();
    if (capability.starts_with("AVX512")) return 64;
    if (capability == "AVX2") return 32;
#endif
    return 16;
  }();
  return bytes;
}

/// Body::run for this processor.
template <class Body, class Job>
void run_widest(const Job& job) {
#if defined(__x86_64__)
  if (vector_bytes() == 64) return widths::run_64<Body, Job>(job);
  if (vector_bytes() == 32) return widths::run_32<Body, Job>(job);
#endif
  widths::run_16<Body, Job>(job);
}

}  // namespace maskmill::learn
