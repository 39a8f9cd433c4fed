// SPDX-License-Identifier: Apache-2.0
#include "learn/pickle_machine.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::learn::pickle {
namespace {

constexpr std::size_t kMaxValues = 4'000'000;
constexpr Handle kPlain = 0;  // one for all

/// Those of Python's pickletools that a state dict can hold.
enum Opcode : unsigned char {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersistentId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kDict = 'd',
  kEmptyDict = '}',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kList = 'l',
  kEmptyList = ']',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProtocol = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
};

constexpr const char* kNothingRan =
    "nothing of it was executed; save the weights alone: torch.save(model.state_dict(), path)";

/// What a pickle may name; anything else is refused before it is used.
Value global_named(const std::string& name) {
  if (name == "collections.OrderedDict") return Function::ordered_dict;
  if (name == "torch._utils._rebuild_tensor_v2") return Function::rebuild_tensor;
  if (name == "torch._utils._rebuild_parameter") return Function::rebuild_parameter;
  if (name == "torch.Size") return Function::size;
  for (const auto& [storage, type] : kStorageNames)
    if (storage == name) return StorageType{type};
  throw Error(Code::unsupported,
              fmt::format("asks for {}, which is no part of a state dict", printable(name)))
      .hint(kNothingRan);
}

class Machine {
 public:
  explicit Machine(std::string_view pickle) : pickle_(pickle) { values_.emplace_back(Plain{}); }

  Values run();
  std::size_t length() const { return at_; }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > pickle_.size() - at_) throw broken("it ends early");
    const std::string_view taken = pickle_.substr(at_, count);
    at_ += count;
    return taken;
  }
  std::uint64_t take_number(std::size_t bytes) {
    std::uint64_t number = 0;
    const std::string_view raw = take(bytes);
    for (std::size_t i = 0; i < bytes; ++i)
      number |= static_cast<std::uint64_t>(static_cast<unsigned char>(raw[i])) << (8 * i);
    return number;
  }
  std::string_view take_line() {
    const std::size_t end = pickle_.find('\n', at_);
    if (end == std::string_view::npos) throw broken("it ends early");
    const std::string_view line = pickle_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  static void require_few(std::size_t count) {
    if (count >= kMaxValues)
      throw Error(Code::unsupported, fmt::format("holds more than {} values", kMaxValues));
  }
  void push(Handle handle) { stack_.push_back(handle); }
  void push(Value value) {
    require_few(values_.size());
    values_.push_back(std::move(value));
    push(static_cast<Handle>(values_.size() - 1));
  }
  Handle pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) throw broken("a value is missing");
    const Handle top = stack_.back();
    stack_.pop_back();
    return top;
  }
  Handle top() {
    const Handle handle = pop();
    push(handle);
    return handle;
  }
  std::vector<Handle> pop_to_mark() {
    if (marks_.empty()) throw broken("a mark is missing");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Handle> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }
  template <class Kind>
  Kind& get(Handle handle, const char* expected) {
    Kind* value = std::get_if<Kind>(&values_[handle]);
    if (value == nullptr) throw broken(fmt::format("expected {}", expected));
    return *value;
  }

  void step(unsigned char opcode);
  void push_tuple(std::size_t count);
  void push_long(std::uint64_t bytes);
  void extend(const std::vector<Handle>& items);
  void set_items(const std::vector<Handle>& items);
  void remember(std::uint64_t place) {
    require_few(memo_.size());
    memo_[place] = top();
  }
  void recall(std::uint64_t place);
  void load_storage();
  void call();
  void build();
  Value rebuilt_tensor(const std::vector<Handle>& arguments);

  std::string_view pickle_;
  std::size_t at_ = 0;
  std::vector<Value> values_;
  std::vector<Handle> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Handle> memo_;
};

Values Machine::run() {
  for (;;) {
    const std::size_t begins = at_;
    const auto opcode = static_cast<unsigned char>(take_number(1));
    if (begins == 0 && opcode != kProtocol) throw broken("it does not begin with its protocol");
    if (opcode == kStop) break;
    step(opcode);
  }
  const Handle result = pop();
  if (!stack_.empty() || !marks_.empty()) throw broken("values are left over");
  return {std::move(values_), result};
}

void Machine::step(unsigned char opcode) {
  switch (opcode) {
    case kProtocol:
      if (const auto version = take_number(1); version < 2 || version > 5)
        throw Error(Code::unsupported,
                    fmt::format("is a pickle of protocol {}; 2 to 5 can be read", version));
      return;
    case kFrame:
      if (take_number(8) > pickle_.size() - at_) throw broken("it ends early");
      return;
    case kMark:
      return marks_.push_back(stack_.size());
    case kPop:
      return static_cast<void>(pop());
    case kPopMark:
      return static_cast<void>(pop_to_mark());
    case kDup:
      return push(top());

    case kNone:
    case kNewTrue:
    case kNewFalse:
      return push(kPlain);
    case kBinFloat:
      return take(8), push(kPlain);
    case kShortBinBytes:
      return take(take_number(1)), push(kPlain);
    case kBinBytes:
      return take(take_number(4)), push(kPlain);
    case kBinBytes8:
    case kByteArray8:
      return take(take_number(8)), push(kPlain);
    case kBinInt:
      return push(Integer{static_cast<std::int32_t>(take_number(4))});
    case kBinInt1:
      return push(Integer{static_cast<std::int64_t>(take_number(1))});
    case kBinInt2:
      return push(Integer{static_cast<std::int64_t>(take_number(2))});
    case kLong1:
      return push_long(take_number(1));
    case kLong4:
      return push_long(take_number(4));
    case kShortBinString:
    case kShortBinUnicode:
      return push(Text{take(take_number(1))});
    case kBinString:
    case kBinUnicode:
      return push(Text{take(take_number(4))});
    case kBinUnicode8:
      return push(Text{take(take_number(8))});

    case kEmptyTuple:
    case kEmptyList:
    case kEmptySet:
      return push(Sequence{});
    case kTuple1:
      return push_tuple(1);
    case kTuple2:
      return push_tuple(2);
    case kTuple3:
      return push_tuple(3);
    case kTuple:
    case kList:
    case kFrozenSet:
      return push(Sequence{pop_to_mark()});
    case kAppend:
      return extend({pop()});
    case kAppends:
    case kAddItems:
      return extend(pop_to_mark());
    case kEmptyDict:
      return push(Dictionary{});
    case kDict: {
      const auto items = pop_to_mark();
      push(Dictionary{});
      return set_items(items);
    }
    case kSetItem: {
      const Handle value = pop(), key = pop();
      return set_items({key, value});
    }
    case kSetItems:
      return set_items(pop_to_mark());

    case kBinPut:
      return remember(take_number(1));
    case kLongBinPut:
      return remember(take_number(4));
    case kMemoize:
      return remember(memo_.size());
    case kBinGet:
      return recall(take_number(1));
    case kLongBinGet:
      return recall(take_number(4));

    case kGlobal: {
      const std::string_view module = take_line(), name = take_line();
      return push(global_named(fmt::format("{}.{}", module, name)));
    }
    case kStackGlobal: {
      const Handle name = pop(), module = pop();
      return push(global_named(fmt::format("{}.{}", get<Text>(module, "a module's name").text,
                                           get<Text>(name, "a name in a module").text)));
    }
    case kBinPersistentId:
      return load_storage();
    case kReduce:
      return call();
    case kBuild:
      return build();
    default:
      throw Error(Code::unsupported,
                  fmt::format("its pickle has the opcode 0x{:02x}, which a state dict does not need", opcode))
          .hint(kNothingRan);
  }
}

void Machine::push_tuple(std::size_t count) {
  std::vector<Handle> items(count);
  for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
  push(Sequence{std::move(items)});
}

void Machine::push_long(std::uint64_t bytes) {
  if (bytes > 8) return take(bytes), push(kPlain);  // larger than any count
  const unsigned unused = 64 - 8 * static_cast<unsigned>(bytes);
  const std::uint64_t number = bytes == 0 ? 0 : take_number(bytes) << unused;
  push(Integer{bytes == 0 ? 0 : static_cast<std::int64_t>(number) >> unused});  // the top bit is the sign
}

void Machine::extend(const std::vector<Handle>& items) {
  auto& list = get<Sequence>(top(), "a list to append to").items;
  list.insert(list.end(), items.begin(), items.end());
}

void Machine::set_items(const std::vector<Handle>& items) {
  auto& dictionary = get<Dictionary>(top(), "a dictionary").items;
  if (items.size() % 2 != 0) throw broken("a key without a value");
  for (std::size_t i = 0; i < items.size(); i += 2) dictionary.emplace_back(items[i], items[i + 1]);
}

void Machine::recall(std::uint64_t place) {
  const auto found = memo_.find(place);
  if (found == memo_.end()) throw broken("it refers to a value that is not there");
  push(found->second);
}

/// A persistent id is ("storage", type, key, device, elements), and in legacy files, which part of another
/// storage it is: None since torch 0.4.
void Machine::load_storage() {
  const auto& id = get<Sequence>(pop(), "a storage's tuple").items;
  if ((id.size() != 5 && id.size() != 6) || get<Text>(id[0], "the word storage").text != "storage")
    throw broken("expected a storage of five or six parts");
  if (id.size() == 6 && !std::holds_alternative<Plain>(values_[id[5]]))
    throw Error(Code::unsupported, "holds a storage that is part of another, as before torch 0.4")
        .hint(kSaveAgain);
  push(Storage{get<StorageType>(id[1], "a storage's type").type, get<Text>(id[2], "a storage's key").text,
               get<Integer>(id[4], "a storage's size").value});
}

void Machine::call() {
  const auto& arguments = get<Sequence>(pop(), "a tuple of arguments").items;
  switch (get<Function>(pop(), "a function to call")) {
    case Function::ordered_dict:
      if (!arguments.empty()) throw broken("an OrderedDict is expected to be made empty");
      return push(Dictionary{{}, true});
    case Function::rebuild_tensor:
      return push(rebuilt_tensor(arguments));
    case Function::rebuild_parameter:
      if (arguments.empty()) throw broken("a parameter without a tensor");
      get<Tensor>(arguments[0], "a parameter's tensor");
      return push(arguments[0]);
    case Function::size:
      if (arguments.size() != 1) throw broken("expected one tuple for a size");
      return push(arguments[0]);
  }
}

/// OrderedDict's state is the _metadata that modules add: versions of layers, which load_state_dict can do
/// without.
void Machine::build() {
  pop();
  if (!get<Dictionary>(top(), "a dictionary to complete").ordered)
    throw Error(Code::unsupported, "its pickle sets the state of an object that is no OrderedDict");
}

/// Arguments: storage, offset, size, stride, requires_grad, hooks and perhaps metadata.
Value Machine::rebuilt_tensor(const std::vector<Handle>& arguments) {
  if (arguments.size() != 6 && arguments.size() != 7) throw broken("a tensor of too few or too many parts");
  get<Storage>(arguments[0], "a tensor's storage");
  get<Sequence>(arguments[2], "a tensor's shape");
  get<Sequence>(arguments[3], "a tensor's stride");
  return Tensor{arguments[0], arguments[2], arguments[3],
                get<Integer>(arguments[1], "a tensor's offset").value};
}

}  // namespace

Error broken(const std::string& message) {
  return Error(Code::bad_format, "not a sound pickle: " + message);
}

Values run(std::string_view pickle) {
  std::size_t length = 0;
  Values values = run_first(pickle, length);
  if (length != pickle.size()) throw broken("bytes follow its end");
  return values;
}

Values run_first(std::string_view bytes, std::size_t& length) {
  Machine machine(bytes);
  Values values = machine.run();
  length = machine.length();
  return values;
}

}  // namespace maskmill::learn::pickle
