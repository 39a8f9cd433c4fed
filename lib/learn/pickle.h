// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "learn/tensor_file.h"

namespace maskmill::learn {

/// The hint where a file is of a kind that torch no longer writes.
inline constexpr const char* kSaveAgain =
    "save it again with a current torch: torch.save(torch.load(old), new)";

/// Where a tensor lies, as torch's pickles say it: elements of one type in a storage, which is a file of its
/// own.
struct PickledTensor {
  std::string name;  ///< the keys from the outside in, joined by "."
  TensorType type = TensorType::float32;
  std::string storage;                ///< "0": its file is data/0
  std::int64_t storage_elements = 0;  ///< as claimed; may be anything
  std::int64_t offset = 0;            ///< of the first element, in elements; at least 0
  std::vector<std::int64_t> shape;    ///< at least 0 each, at most 64 of them
  std::vector<std::int64_t> stride;   ///< in elements, at least 0 each; as many as the shape has
};

/// The tensors below dictionaries, lists and tuples, in the file's order. Values that are no tensors are left
/// out, and so is what lies under keys that are neither text nor integers. Opcodes of protocol 2 to 5 for
/// plain data, and calls of torch._utils._rebuild_tensor_v2, _rebuild_parameter, collections.OrderedDict and
/// torch.Size; nothing is ever executed. Throws Error(unsupported) showing any other opcode or name that is
/// asked for, Error(bad_format) for what is no sound pickle. Memory is bounded by the pickle's size.
std::vector<PickledTensor> read_pickled_tensors(std::string_view pickle);

/// Bytes of the pickle at the start of `bytes`. Throws as read_pickled_tensors.
std::size_t pickle_length(std::string_view bytes);

/// The texts of a pickled list. Throws as read_pickled_tensors.
std::vector<std::string> read_pickled_texts(std::string_view pickle);

/// A protocol-2 pickle of an OrderedDict of tensors, which are taken to be contiguous; storages are as
/// claimed.
std::string pickle_of(const std::vector<PickledTensor>& tensors);

}  // namespace maskmill::learn
