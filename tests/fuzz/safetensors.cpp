// SPDX-License-Identifier: Apache-2.0
// Bytes as a safetensors file: what is read is written, and comes back.
#include <algorithm>
#include <cstdint>

#include "learn/tensor_file.h"
#include "target.h"

using namespace maskmill;
using namespace maskmill::fuzz;

namespace {

// Tensors without elements have no place among the others.
learn::StateDict by_name(learn::StateDict state) {
  std::ranges::sort(state, {}, &learn::NamedTensor::name);
  return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  learn::StateDict state;
  if (answers([&] {
        state = learn::decode_safetensors({reinterpret_cast<const char*>(data), size}, "fuzzed");
      }))
    require(by_name(learn::decode_safetensors(learn::encode_safetensors(state), "again")) == by_name(state),
            "weights do not come back");
  return 0;
}
