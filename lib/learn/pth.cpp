// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "base/byte_source.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/zip.h"
#include "learn/pickle.h"
#include "learn/tensor_file.h"

namespace maskmill::learn {
namespace {

constexpr std::string_view kFolder = "archive/";
constexpr std::string_view kLegacyStart =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // its magic number

/// Tensors out of their storages. Expanded and shared ones hold more bytes than their file; how many more is
/// bounded.
class Gatherer {
 public:
  explicit Gatherer(std::size_t file_size) : room_((1 << 20) + 8 * file_size) {}

  /// `storage`: its bytes, asked for only where the tensor has elements.
  template <class Storage>
  NamedTensor gather(const PickledTensor& tensor, Storage&& storage) {
    try {
      return {tensor.name, tensor.type, tensor.shape, elements(tensor, storage)};
    } catch (Error& error) {
      throw std::move(error.at_field(printable(tensor.name)));
    }
  }

 private:
  template <class Storage>
  std::string elements(const PickledTensor& tensor, Storage&& storage);
  std::uint64_t room_;
};

/// Elements of that shape; nothing where its sides are no shape or multiply to more than 2^63 - 1.
std::optional<std::int64_t> elements_of(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;
  for (const std::int64_t side : shape)
    if (side < 0 || __builtin_mul_overflow(product, std::max<std::int64_t>(side, 1), &product))
      return std::nullopt;
  return std::find(shape.begin(), shape.end(), 0) == shape.end() ? product : 0;
}

std::vector<std::int64_t> contiguous_stride(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> stride(shape.size(), 1);
  for (std::size_t i = shape.size(); i > 1; --i)
    stride[i - 2] = stride[i - 1] * std::max<std::int64_t>(shape[i - 1], 1);
  return stride;
}

/// The elements that the tensor reaches: one past the last. Nothing where that is more than 2^63 - 1.
std::optional<std::int64_t> reach_of(const PickledTensor& tensor) {
  std::int64_t last = tensor.offset;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    std::int64_t step = 0;
    if (__builtin_mul_overflow(tensor.shape[i] - 1, tensor.stride[i], &step) ||
        __builtin_add_overflow(last, step, &last))
      return std::nullopt;
  }
  std::int64_t reach = 0;
  if (__builtin_add_overflow(last, 1, &reach)) return std::nullopt;
  return reach;
}

/// The tensor's elements in row-major order. The caller has checked that they lie in `storage`.
std::string gathered(std::string_view storage, const PickledTensor& tensor, std::int64_t count) {
  const auto size = static_cast<std::size_t>(element_size(tensor.type));
  const std::size_t start = static_cast<std::size_t>(tensor.offset) * size;
  const auto contiguous = contiguous_stride(tensor.shape);
  bool in_order = true;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i)
    in_order = in_order && (tensor.shape[i] == 1 || tensor.stride[i] == contiguous[i]);
  if (in_order) return std::string(storage.substr(start, static_cast<std::size_t>(count) * size));

  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(count) * size);
  std::vector<std::int64_t> index(tensor.shape.size(), 0);
  std::int64_t element = tensor.offset;
  for (std::int64_t i = 0; i < count; ++i) {
    bytes.append(storage.substr(static_cast<std::size_t>(element) * size, size));
    for (std::size_t axis = index.size(); axis > 0; --axis) {
      element += tensor.stride[axis - 1];
      if (++index[axis - 1] < tensor.shape[axis - 1]) break;
      element -= tensor.stride[axis - 1] * tensor.shape[axis - 1];
      index[axis - 1] = 0;
    }
  }
  return bytes;
}

template <class Storage>
std::string Gatherer::elements(const PickledTensor& tensor, Storage&& storage) {
  const auto count = elements_of(tensor.shape);
  const auto size = static_cast<std::uint64_t>(element_size(tensor.type));
  if (!count || static_cast<std::uint64_t>(*count) > room_ / size)
    throw Error(Code::bad_format, "its shape is larger than the file can account for");
  room_ -= static_cast<std::uint64_t>(*count) * size;
  if (*count == 0) return "";
  const std::string_view bytes = storage(tensor);
  const auto reach = reach_of(tensor);
  if (!reach || *reach > tensor.storage_elements || static_cast<std::uint64_t>(*reach) > bytes.size() / size)
    throw Error(Code::bad_format, "reaches past the end of its storage");
  return gathered(bytes, tensor, *count);
}

/// The folder in which torch's archive keeps its entries: "archive/", with another name or without one.
std::string folder_of(const ZipReader& zip) {
  std::optional<std::string> folder;
  bool scripted = false;
  for (const ZipReader::Entry& entry : zip.entries()) {
    const std::size_t slash = entry.name.find('/');
    const std::string start = slash == std::string::npos ? "" : entry.name.substr(0, slash + 1);
    const std::string_view rest = std::string_view(entry.name).substr(start.size());
    if (rest == "data.pkl") folder = start;
    if (rest == "constants.pkl") scripted = true;
  }
  if (scripted)
    throw Error(Code::unsupported, "is a TorchScript program, not a state dict")
        .hint("save its weights: torch.save(torch.jit.load(old).state_dict(), new)");
  if (!folder) throw Error(Code::bad_format, "is a zip file without data.pkl; torch.save did not write it");
  return *folder;
}

class Archive {
 public:
  explicit Archive(std::string_view file)
      : file_(file), zip_(file_), folder_(folder_of(zip_)), gatherer_(file.size()) {}

  StateDict read() {
    if (zip_.find(folder_ + "byteorder") != nullptr && content("byteorder") != "little")
      throw Error(Code::unsupported, "was written by a big-endian machine");
    StateDict state;
    for (const PickledTensor& tensor : read_pickled_tensors(content("data.pkl")))
      state.push_back(
          gatherer_.gather(tensor, [&](const PickledTensor& of) { return content("data/" + of.storage); }));
    return state;
  }

 private:
  /// Kept, since tensors may share a storage.
  std::string_view content(const std::string& name) {
    const auto [place, is_new] = contents_.try_emplace(name);
    Content& kept = place->second;
    if (is_new) {
      const ZipReader::Entry* entry = zip_.find(folder_ + name);
      if (entry == nullptr)
        throw Error(Code::bad_format, fmt::format("{} is missing", in_quotes(folder_ + name)));
      kept.bytes = zip_.content(*entry, kept.inflated);
    }
    return kept.bytes;
  }

  struct Content {
    std::string inflated;
    std::string_view bytes;
  };
  ByteSource file_;
  ZipReader zip_;
  std::string folder_;
  Gatherer gatherer_;
  std::map<std::string, Content> contents_;
};

/// torch's format from before 1.6: its magic number, a version, facts about the machine, the value, the keys
/// of its storages, and the storages themselves, each with its number of elements before it. All but those
/// are pickles.
StateDict read_legacy(std::string_view bytes) {
  const std::string_view file = bytes;
  const auto next_pickle = [&] {
    const std::string_view pickle = bytes.substr(0, pickle_length(bytes));
    bytes.remove_prefix(pickle.size());
    return pickle;
  };
  for (int heading = 0; heading < 3; ++heading) next_pickle();
  const std::vector<PickledTensor> tensors = read_pickled_tensors(next_pickle());
  std::map<std::string_view, std::uint64_t> element_sizes;
  for (const PickledTensor& tensor : tensors)
    element_sizes[tensor.storage] = static_cast<std::uint64_t>(element_size(tensor.type));

  const std::vector<std::string> keys = read_pickled_texts(next_pickle());
  std::map<std::string_view, std::string_view> storages;
  for (const std::string& key : keys) {
    const auto size = element_sizes.find(key);
    if (size == element_sizes.end())
      throw Error(Code::unsupported, "holds a storage that none of its tensors has: " + in_quotes(key));
    std::uint64_t elements = 0;
    if (bytes.size() < sizeof(elements)) throw Error(Code::bad_format, "ends early");
    std::memcpy(&elements, bytes.data(), sizeof(elements));
    bytes.remove_prefix(sizeof(elements));
    if (elements > bytes.size() / size->second) throw Error(Code::bad_format, "ends early");
    storages[key] = bytes.substr(0, elements * size->second);
    bytes.remove_prefix(elements * size->second);
  }
  if (!bytes.empty()) throw Error(Code::bad_format, "bytes follow its end");

  StateDict state;
  Gatherer gatherer(file.size());
  for (const PickledTensor& tensor : tensors)
    state.push_back(gatherer.gather(tensor, [&](const PickledTensor& of) {
      const auto found = storages.find(of.storage);
      if (found == storages.end()) throw Error(Code::bad_format, "its storage is missing");
      return found->second;
    }));
  return state;
}

}  // namespace

int element_size(TensorType type) {
  switch (type) {
    case TensorType::float64:
    case TensorType::int64:
      return 8;
    case TensorType::float32:
    case TensorType::int32:
      return 4;
    case TensorType::float16:
    case TensorType::bfloat16:
    case TensorType::int16:
      return 2;
    case TensorType::int8:
    case TensorType::uint8:
    case TensorType::boolean:
      return 1;
  }
  throw Error(Code::bug, "a tensor type that is none");
}

std::string encode_pth(const StateDict& state) {
  std::vector<PickledTensor> tensors;
  std::set<std::string_view> names;
  std::uint64_t bytes = 4096;
  for (const NamedTensor& tensor : state) {
    const auto fail = [&](const std::string& message) {
      return Error(Code::bad_value, message).at_field(printable(tensor.name));
    };
    if (!names.insert(tensor.name).second) throw fail("two tensors have this name");
    if (!is_utf8(tensor.name)) throw fail("a tensor's name must be UTF-8");
    const auto count = elements_of(tensor.shape);
    if (!count ||
        static_cast<std::uint64_t>(*count) * static_cast<std::uint64_t>(element_size(tensor.type)) !=
            tensor.bytes.size())
      throw fail(fmt::format("{} bytes do not fill the tensor's shape", tensor.bytes.size()));
    tensors.push_back({tensor.name, tensor.type, std::to_string(tensors.size()), *count, 0, tensor.shape,
                       contiguous_stride(tensor.shape)});
    bytes += tensor.bytes.size() + 512;
  }

  const std::string pickle = pickle_of(tensors);
  Hasher hasher;
  hasher.add(pickle);
  for (const NamedTensor& tensor : state) hasher.add(tensor.bytes);
  const Digest digest = hasher.digest();

  ZipWriter zip;
  zip.reserve(bytes + pickle.size());
  const auto add = [&](std::string_view name, std::string_view content) {
    zip.add(std::string(kFolder).append(name), content);
  };
  add("data.pkl", pickle);
  add(".format_version", "1");
  add(".storage_alignment", "64");
  add("byteorder", "little");
  for (std::size_t i = 0; i < state.size(); ++i) add("data/" + tensors[i].storage, state[i].bytes);
  add("version", "3\n");
  add(".data/serialization_id", fmt::format("{:020}{:020}", digest.high, digest.low));
  return zip.finish();
}

StateDict read_pth(const Path& path) {
  return decode_pth(read_file(path), path);
}

StateDict decode_pth(std::string_view bytes, const Path& name_for_messages) {
  try {
    if (bytes.empty()) throw Error(Code::bad_format, "is empty");
    if (bytes.starts_with(kLegacyStart)) return read_legacy(bytes);
    if (bytes.front() == '\x80')
      throw Error(Code::unsupported, "is a bare pickle, not a file of torch.save").hint(kSaveAgain);
    if (!bytes.starts_with("PK"))
      throw Error(Code::bad_format, "is no file of torch.save: those are zip files");
    return Archive(bytes).read();
  } catch (Error& error) {
    throw std::move(error.at_file(name_for_messages));
  }
}

}  // namespace maskmill::learn
