// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "learn/tensor_file.h"

namespace maskmill::learn {
namespace {

constexpr std::array<std::pair<TensorType, std::string_view>, 10> kTypeNames{{
    {TensorType::float32, "F32"},
    {TensorType::float64, "F64"},
    {TensorType::float16, "F16"},
    {TensorType::bfloat16, "BF16"},
    {TensorType::int64, "I64"},
    {TensorType::int32, "I32"},
    {TensorType::int16, "I16"},
    {TensorType::int8, "I8"},
    {TensorType::uint8, "U8"},
    {TensorType::boolean, "BOOL"},
}};

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::uint64_t kMostHeader = 100'000'000;  // as the reference implementation has it

std::string name_of_type(TensorType type) {
  const auto* found = std::ranges::find(kTypeNames, type, &std::pair<TensorType, std::string_view>::first);
  return std::string(found->second);
}

TensorType type_named(const std::string& name) {
  const auto* found = std::ranges::find(kTypeNames, name, &std::pair<TensorType, std::string_view>::second);
  if (found == kTypeNames.end())
    throw Error(Code::unsupported, "has elements of type " + in_quotes(name) + ", which are not read");
  return found->first;
}

/// Bytes of that shape; Error where its sides are no shape or multiply to more than there can be.
std::uint64_t bytes_of(const std::vector<std::int64_t>& shape, TensorType type) {
  std::int64_t bytes = element_size(type);
  for (const std::int64_t side : shape)
    if (side < 0 || __builtin_mul_overflow(bytes, side, &bytes))
      throw Error(Code::bad_format, "its shape is none");
  return static_cast<std::uint64_t>(bytes);
}

/// Whole and not below 0.
std::int64_t count_in(const Json& value) {
  const bool fits =
      value.is_number_unsigned() &&
      value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!fits) throw Error(Code::bad_format, "expected a whole number from 0, found " + value.dump());
  return value.get<std::int64_t>();
}

struct Listed {
  NamedTensor tensor;
  std::uint64_t begin = 0, end = 0;
};

Listed listed(const std::string& name, const Json& entry) {
  try {
    Listed one;
    one.tensor.name = name;
    one.tensor.type = type_named(entry.at("dtype").get<std::string>());
    if (!entry.at("shape").is_array()) throw Error(Code::bad_format, "its shape is no list");
    for (const Json& side : entry.at("shape")) one.tensor.shape.push_back(count_in(side));
    one.begin = static_cast<std::uint64_t>(count_in(entry.at("data_offsets").at(0)));
    one.end = static_cast<std::uint64_t>(count_in(entry.at("data_offsets").at(1)));
    if (one.end < one.begin || one.end - one.begin != bytes_of(one.tensor.shape, one.tensor.type))
      throw Error(Code::bad_format, "its bytes do not fill its shape");
    return one;
  } catch (Error& error) {
    throw std::move(error.at_field(printable(name)));
  } catch (const Json::exception& error) {
    throw Error(Code::bad_format, fmt::format("is not described as a tensor: {}", error.what()))
        .at_field(printable(name));
  }
}

}  // namespace

std::string encode_safetensors(const StateDict& state) {
  // The alignment of the widest comes first, so that all are aligned.
  std::vector<const NamedTensor*> tensors;
  for (const NamedTensor& tensor : state) tensors.push_back(&tensor);
  std::ranges::stable_sort(tensors, std::greater(),
                           [](const NamedTensor* tensor) { return element_size(tensor->type); });

  Json header = Json::object();
  header[kMetadata] = {{"format", "pt"}};
  std::uint64_t end = 0;
  std::set<std::string_view> names;
  for (const NamedTensor* tensor : tensors) {
    const auto fail = [&](const std::string& message) {
      return Error(Code::bad_value, message).at_field(printable(tensor->name));
    };
    if (!names.insert(tensor->name).second) throw fail("two tensors have this name");
    if (!is_utf8(tensor->name)) throw fail("a tensor's name must be UTF-8");
    if (tensor->name == kMetadata) throw fail("no tensor can have this name");
    if (bytes_of(tensor->shape, tensor->type) != tensor->bytes.size())
      throw fail(fmt::format("{} bytes do not fill the tensor's shape", tensor->bytes.size()));
    const std::uint64_t begin = end;
    end += tensor->bytes.size();
    header[tensor->name] = {
        {"dtype", name_of_type(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  constexpr std::size_t kAlignment = 8;
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');

  std::string file(sizeof(std::uint64_t), '\0');
  const std::uint64_t length = text.size();
  std::memcpy(file.data(), &length, sizeof(length));
  file.reserve(file.size() + text.size() + end);
  file += text;
  for (const NamedTensor* tensor : tensors) file += tensor->bytes;
  return file;
}

StateDict decode_safetensors(std::string_view bytes, const Path& name_for_messages) {
  try {
    std::uint64_t length = 0;
    if (bytes.size() < sizeof(length)) throw Error(Code::bad_format, "is too short for a safetensors file");
    std::memcpy(&length, bytes.data(), sizeof(length));
    bytes.remove_prefix(sizeof(length));
    if (length > kMostHeader || length > bytes.size())
      throw Error(Code::bad_format,
                  "is no safetensors file: its header would be longer than the file may have");
    const Json header = parse_json(bytes.substr(0, length), name_for_messages);
    bytes.remove_prefix(length);
    if (!header.is_object()) throw Error(Code::bad_format, "its header is no object");

    std::vector<Listed> all;
    for (const auto& [name, entry] : header.items())
      if (name != kMetadata) all.push_back(listed(name, entry));
    std::ranges::sort(all, {}, [](const Listed& one) { return std::pair(one.begin, one.end); });
    StateDict state;
    std::uint64_t at = 0;
    for (Listed& one : all) {
      if (one.begin != at || one.end > bytes.size())
        throw Error(Code::bad_format, "its bytes overlap another's, or leave a gap, or are not there")
            .at_field(printable(one.tensor.name));
      one.tensor.bytes = bytes.substr(one.begin, one.end - one.begin);
      at = one.end;
      state.push_back(std::move(one.tensor));
    }
    if (at != bytes.size()) throw Error(Code::bad_format, "bytes follow its last tensor");
    return state;
  } catch (Error& error) {
    throw std::move(error.at_file(name_for_messages));
  }
}

StateDict read_tensors(const Path& path) {
  const std::string bytes = read_file(path);
  if (path.extension() == ".safetensors") return decode_safetensors(bytes, path);
  return decode_pth(bytes, path);
}

}  // namespace maskmill::learn
