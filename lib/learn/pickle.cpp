// SPDX-License-Identifier: Apache-2.0
#include "learn/pickle.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "learn/pickle_machine.h"

namespace maskmill::learn {
namespace {

using pickle::broken;
using pickle::Dictionary;
using pickle::Handle;
using pickle::Integer;
using pickle::kStorageNames;
using pickle::Sequence;
using pickle::Storage;
using pickle::Tensor;
using pickle::Text;
using pickle::Value;

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxDimensions = 64;

/// Walks the values. One that is reached by many ways is visited as often, which a small pickle can make
/// exponential: what a walk may cost is bounded by the pickle's size.
class Collector {
 public:
  Collector(const std::vector<Value>& values, std::size_t pickle_size)
      : values_(values), budget_(4096 + 64 * pickle_size) {}

  void visit(Handle handle, const std::string& name, int depth) {
    spend(name.size());
    if (depth > kMaxDepth) throw broken("it is nested too deeply");
    const Value& value = values_[handle];
    if (const auto* tensor = std::get_if<Tensor>(&value)) {
      add(*tensor, name);
    } else if (const auto* sequence = std::get_if<Sequence>(&value)) {
      for (std::size_t i = 0; i < sequence->items.size(); ++i)
        if (may_hold_tensors(sequence->items[i]))
          visit(sequence->items[i], below(name, std::to_string(i)), depth + 1);
    } else if (const auto* dictionary = std::get_if<Dictionary>(&value)) {
      for (const auto& [key, item] : dictionary->items)
        if (may_hold_tensors(item))
          if (const auto text = key_text(values_[key])) visit(item, below(name, *text), depth + 1);
    }
  }

  std::vector<PickledTensor> found;

 private:
  static std::optional<std::string> key_text(const Value& key) {
    if (const auto* text = std::get_if<Text>(&key)) return std::string(text->text);
    if (const auto* number = std::get_if<Integer>(&key)) return std::to_string(number->value);
    return std::nullopt;
  }

  static std::string below(const std::string& name, const std::string& key) {
    return name.empty() ? key : name + "." + key;
  }

  bool may_hold_tensors(Handle handle) {
    spend(1);
    const Value& value = values_[handle];
    return std::holds_alternative<Tensor>(value) || std::holds_alternative<Sequence>(value) ||
           std::holds_alternative<Dictionary>(value);
  }

  void add(const Tensor& tensor, const std::string& name) {
    const auto& storage = std::get<Storage>(values_[tensor.storage]);
    spend(sizeof(PickledTensor) + storage.key.size());
    PickledTensor one{name,          storage.type,          std::string(storage.key), storage.elements,
                      tensor.offset, numbers(tensor.shape), numbers(tensor.stride)};
    if (one.offset < 0 || one.shape.size() != one.stride.size())
      throw broken("a tensor's offset, shape and stride do not fit");
    found.push_back(std::move(one));
  }

  std::vector<std::int64_t> numbers(Handle handle) const {
    const auto& items = std::get<Sequence>(values_[handle]).items;
    if (items.size() > kMaxDimensions) throw broken("a tensor of too many dimensions");
    std::vector<std::int64_t> all;
    for (const Handle item : items) {
      const auto* number = std::get_if<Integer>(&values_[item]);
      if (number == nullptr || number->value < 0)
        throw broken("a tensor's shape has to be of numbers from 0");
      all.push_back(number->value);
    }
    return all;
  }

  void spend(std::size_t cost) {
    if (cost > budget_) throw broken("its values are shared out of all proportion");
    budget_ -= cost;
  }

  const std::vector<Value>& values_;
  std::size_t budget_;
};

// pickletools' opcodes that writing takes.
constexpr char kMark = '(', kTuple = 't', kReduce = 'R', kPersistentId = 'Q', kSetItems = 'u', kStop = '.',
               kUnicode = 'X', kInt1 = 'K', kInt4 = 'J', kLong1 = '\x8a', kFalse = '\x89';

void put_little_endian(std::string& to, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 0xFF);
}

void put_integer(std::string& to, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (value <= std::numeric_limits<std::uint8_t>::max()) {
    to += kInt1;
    put_little_endian(to, bits, 1);
  } else if (value <= std::numeric_limits<std::int32_t>::max()) {
    to += kInt4;
    put_little_endian(to, bits, 4);
  } else {
    to += kLong1;
    put_little_endian(to, 8, 1);
    put_little_endian(to, bits, 8);
  }
}

void put_text(std::string& to, std::string_view text) {
  to += kUnicode;
  put_little_endian(to, text.size(), 4);
  to += text;
}

void put_numbers(std::string& to, const std::vector<std::int64_t>& numbers) {
  to += kMark;
  for (const std::int64_t number : numbers) put_integer(to, number);
  to += kTuple;
}

/// "torch" and "FloatStorage" on a line each.
std::string storage_lines(TensorType type) {
  for (const auto& [name, storage_type] : kStorageNames)
    if (storage_type == type) return fmt::format("torch\n{}\n", name.substr(name.find('.') + 1));
  throw Error(Code::bug, "a tensor type without a storage");
}

}  // namespace

std::vector<PickledTensor> read_pickled_tensors(std::string_view bytes) {
  const pickle::Values values = pickle::run(bytes);
  if (!std::holds_alternative<Dictionary>(values.all[values.top]))
    throw Error(Code::unsupported, "holds something that is no dictionary of tensors")
        .hint("save a state dict: torch.save(model.state_dict(), path)");
  Collector collector(values.all, bytes.size());
  collector.visit(values.top, "", 0);
  std::set<std::string_view> names;
  for (const PickledTensor& tensor : collector.found) {
    if (!is_utf8(tensor.name))
      throw Error(Code::bad_format, "the tensor name " + in_quotes(tensor.name) + " is not UTF-8");
    if (!names.insert(tensor.name).second)
      throw Error(Code::bad_format, "two tensors are named " + in_quotes(tensor.name));
  }
  return std::move(collector.found);
}

std::size_t pickle_length(std::string_view bytes) {
  std::size_t length = 0;
  pickle::run_first(bytes, length);
  return length;
}

std::vector<std::string> read_pickled_texts(std::string_view bytes) {
  const pickle::Values values = pickle::run(bytes);
  const auto* list = std::get_if<Sequence>(&values.all[values.top]);
  if (list == nullptr) throw broken("expected a list");
  std::vector<std::string> texts;
  for (const Handle item : list->items) {
    const auto* text = std::get_if<Text>(&values.all[item]);
    if (text == nullptr) throw broken("expected a list of texts");
    texts.emplace_back(text->text);
  }
  return texts;
}

std::string pickle_of(const std::vector<PickledTensor>& tensors) {
  constexpr std::string_view ordered_dict = "ccollections\nOrderedDict\n)R";
  std::string bytes("\x80\x02");
  bytes += ordered_dict;
  bytes += kMark;
  for (const PickledTensor& tensor : tensors) {
    put_text(bytes, tensor.name);
    bytes += "ctorch._utils\n_rebuild_tensor_v2\n";
    bytes += kMark;
    bytes += kMark;
    put_text(bytes, "storage");
    bytes += "c" + storage_lines(tensor.type);
    put_text(bytes, tensor.storage);
    put_text(bytes, "cpu");
    put_integer(bytes, tensor.storage_elements);
    bytes += kTuple;
    bytes += kPersistentId;
    put_integer(bytes, tensor.offset);
    put_numbers(bytes, tensor.shape);
    put_numbers(bytes, tensor.stride);
    bytes += kFalse;
    bytes += ordered_dict;  // of hooks: none
    bytes += kTuple;
    bytes += kReduce;
  }
  bytes += kSetItems;
  bytes += kStop;
  return bytes;
}

}  // namespace maskmill::learn
