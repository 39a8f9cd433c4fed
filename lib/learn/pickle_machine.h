// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "learn/tensor_file.h"

/// The values that a pickle of tensors and plain data stands for. Private to lib/learn: pickle.h is what
/// others use.
namespace maskmill::learn::pickle {

/// Values lie in one list and refer to each other by their places in it, so that a value that holds itself
/// neither leaks nor recurses.
using Handle = std::uint32_t;

struct Plain {};  ///< None, true, 1.5, bytes: nothing that a tensor depends on
struct Integer {
  std::int64_t value;
};
struct Text {
  std::string_view text;
};
struct Sequence {
  std::vector<Handle> items;
};
struct Dictionary {
  std::vector<std::pair<Handle, Handle>> items;
  bool ordered = false;
};
enum class Function { ordered_dict, rebuild_tensor, rebuild_parameter, size };
struct StorageType {
  TensorType type;
};
struct Storage {
  TensorType type;
  std::string_view key;
  std::int64_t elements;
};
struct Tensor {
  Handle storage, shape, stride;
  std::int64_t offset;
};
using Value =
    std::variant<Plain, Integer, Text, Sequence, Dictionary, Function, StorageType, Storage, Tensor>;

/// torch's names of storages, under which a pickle names the types of their elements.
inline constexpr std::array<std::pair<std::string_view, TensorType>, 10> kStorageNames{{
    {"torch.FloatStorage", TensorType::float32},
    {"torch.DoubleStorage", TensorType::float64},
    {"torch.HalfStorage", TensorType::float16},
    {"torch.BFloat16Storage", TensorType::bfloat16},
    {"torch.LongStorage", TensorType::int64},
    {"torch.IntStorage", TensorType::int32},
    {"torch.ShortStorage", TensorType::int16},
    {"torch.CharStorage", TensorType::int8},
    {"torch.ByteStorage", TensorType::uint8},
    {"torch.BoolStorage", TensorType::boolean},
}};

struct Values {
  std::vector<Value> all;
  Handle top;  ///< what the pickle as a whole stands for
};

/// Error(bad_format) that says what is wrong with a pickle.
Error broken(const std::string& message);

/// Runs the opcodes. Texts point into the pickle. At most 4 million values. Throws as read_pickled_tensors.
Values run(std::string_view pickle);

/// The same for the pickle at the start of `bytes`, which may go on after it; `length` becomes its own.
Values run_first(std::string_view bytes, std::size_t& length);

}  // namespace maskmill::learn::pickle
