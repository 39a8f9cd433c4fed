// SPDX-License-Identifier: Apache-2.0
// Bytes as a weights file: what is read is written, and comes back.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "learn/tensor_file.h"

using namespace maskmill;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  learn::StateDict state;
  try {
    state = learn::decode_pth({reinterpret_cast<const char*>(data), size}, "fuzzed.pth");
  } catch (const Error& error) {
    if (error.code() != Code::bug) return 0;
    std::fprintf(stderr, "%s\n", error.what());
    std::abort();
  }
  if (learn::decode_pth(learn::encode_pth(state), "again.pth") == state) return 0;
  std::fprintf(stderr, "weights do not come back\n");
  std::abort();
}
