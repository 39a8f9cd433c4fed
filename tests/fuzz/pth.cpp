// SPDX-License-Identifier: Apache-2.0
// Bytes as a weights file: what is read is written, and comes back.
#include <cstdint>

#include "learn/tensor_file.h"
#include "target.h"

using namespace maskmill;
using namespace maskmill::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  learn::StateDict state;
  if (answers([&] { state = learn::decode_pth({reinterpret_cast<const char*>(data), size}, "fuzzed.pth"); }))
    require(learn::decode_pth(learn::encode_pth(state), "again.pth") == state, "weights do not come back");
  return 0;
}
