// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"

namespace maskmill::learn {

enum class TensorType { float32, float64, float16, bfloat16, int64, int32, int16, int8, uint8, boolean };

/// Bytes of one element.
int element_size(TensorType type);

/// A tensor outside torch: contiguous, row-major, little-endian.
struct NamedTensor {
  std::string name;
  TensorType type = TensorType::float32;
  std::vector<std::int64_t> shape;
  std::string bytes;
  friend bool operator==(const NamedTensor&, const NamedTensor&) = default;
};

using StateDict = std::vector<NamedTensor>;

/// What `torch.load(path, weights_only=True)` takes and `load_state_dict` accepts: a zip (stored, 64-byte
/// aligned) with a protocol-2 pickle of an OrderedDict of name -> tensor. The bytes depend on nothing but the
/// argument. Throws Error(bad_value) for two tensors of one name, a name that is not UTF-8, and bytes that do
/// not fill their shape.
std::string encode_pth(const StateDict& state);

/// Reads what torch.save wrote of a state dict, in the file's order: tensors at the top, or below
/// dictionaries, lists and tuples, whose keys and indices are joined by "."; values that are no tensors
/// (epoch numbers, settings) are left out. Non-contiguous and shared tensors are made contiguous; all
/// together may be 8 times as large as the file. Nothing is executed: only the pickle opcodes of plain data
/// and the calls that rebuild tensors are understood; a file that asks for anything else is refused, and the
/// message shows what it asked for. torch's legacy format, from before 1.6, is read too. Throws
/// Error(not_found | unreadable | bad_format | unsupported).
StateDict read_pth(const Path& path);
StateDict decode_pth(std::string_view bytes, const Path& name_for_messages);

/// A file of Hugging Face's safetensors format (github.com/huggingface/safetensors, README, "Format"), which
/// its Python package reads. Throws as encode_pth.
std::string encode_safetensors(const StateDict& state);

/// In the order of their bytes. Throws Error(bad_format) for anything the format does not allow: gaps,
/// overlaps, bytes after the last; Error(unsupported) for types that StateDict does not have.
StateDict decode_safetensors(std::string_view bytes, const Path& name_for_messages);

/// Either, by the extension: .safetensors, or else what torch.save wrote.
StateDict read_tensors(const Path& path);

}  // namespace maskmill::learn
