// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <cstring>
#include <map>
#include <numeric>

#include "base/byte_source.h"
#include "base/random.h"
#include "base/zip.h"
#include "catch.h"
#include "learn/pickle.h"
#include "learn/tensor_file.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;

namespace {

/// Written by the real torch: see make.py there.
Path golden_pth(const std::string& name) {
  return Path(MASKMILL_SOURCE_DIR) / "tests/data/pth" / name;
}

std::vector<Path> goldens(const std::string& prefix) {
  std::vector<Path> found;
  for (const Path& path : list_files(golden_pth("")))
    if (path.filename().string().starts_with(prefix) && path.extension() == ".pth") found.push_back(path);
  return found;
}

std::map<std::string, NamedTensor> by_name(const StateDict& state) {
  std::map<std::string, NamedTensor> named;
  for (const NamedTensor& tensor : state) named[tensor.name] = tensor;
  return named;
}

std::vector<float> floats(const NamedTensor& tensor) {
  REQUIRE(tensor.type == TensorType::float32);
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

using TensorShape = std::vector<std::int64_t>;

/// A file of torch's making but for its pickle; storage 0 holds eight zero floats.
std::string pth_with(std::string_view pickle) {
  ZipWriter zip;
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/data/0", std::string(32, '\0'));
  return zip.finish();
}

PickledTensor eight_floats() {
  return {.name = "w", .storage = "0", .storage_elements = 8, .offset = 0, .shape = {8}, .stride = {1}};
}

Error refused_pth(std::string_view file) {
  return thrown_by([&] { decode_pth(file, "x.pth"); });
}

std::size_t bytes_in(const StateDict& state) {
  return std::accumulate(
      state.begin(), state.end(), std::size_t{0},
      [](std::size_t sum, const NamedTensor& tensor) { return sum + tensor.bytes.size(); });
}

/// The promise for any bytes at all: an Error or a value in proportion to the file.
void decode_anything(const std::string& file) {
  try {
    const StateDict state = decode_pth(file, "x.pth");
    CHECK(bytes_in(state) <= 8 * file.size() + (1 << 20));
  } catch (const Error& error) {
    CHECK(error.code() != Code::bug);
    CHECK(error.place().file == "x.pth");
  }
}

}  // namespace

TEST_CASE("every type of tensor that torch writes is read with its bytes") {
  const StateDict state = read_pth(golden_pth("pass-types.pth"));
  // The number 1 in each type, little-endian: IEEE 754, bfloat16 its upper half, integers.
  const std::vector<std::pair<std::string, std::string>> ones{{"float32", {"\0\0\x80\x3f", 4}},
                                                              {"float64", {"\0\0\0\0\0\0\xf0\x3f", 8}},
                                                              {"float16", {"\0\x3c", 2}},
                                                              {"bfloat16", {"\x80\x3f", 2}},
                                                              {"int64", {"\1\0\0\0\0\0\0\0", 8}},
                                                              {"int32", {"\1\0\0\0", 4}},
                                                              {"int16", {"\1\0", 2}},
                                                              {"int8", {"\1", 1}},
                                                              {"uint8", {"\1", 1}},
                                                              {"bool", {"\1", 1}}};
  REQUIRE(state.size() == ones.size());
  for (std::size_t i = 0; i < ones.size(); ++i) {
    const auto& [name, one] = ones[i];
    INFO(name);
    CHECK(state[i].name == name);
    CHECK(state[i].type == static_cast<TensorType>(i));
    CHECK(state[i].shape == TensorShape{2});
    CHECK(element_size(state[i].type) == static_cast<int>(one.size()));
    CHECK(state[i].bytes == std::string(one.size(), '\0') + one);
  }
}

TEST_CASE("a module's state is read in its order, whatever packed it") {
  const StateDict state = read_pth(golden_pth("pass-module.pth"));
  std::vector<std::string> names;
  for (const NamedTensor& tensor : state) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"conv.weight", "conv.bias", "norm.weight", "norm.bias",
                                          "norm.running_mean", "norm.running_var",
                                          "norm.num_batches_tracked"});
  CHECK(state[0].shape == TensorShape{3, 2, 1, 2});
  CHECK(floats(state[2]) == std::vector<float>{1, 1, 1});
  CHECK(state[6].shape.empty());
  CHECK(state[6].bytes == std::string(8, '\0'));
  CHECK(read_pth(golden_pth("pass-deflated.pth")) == state);
}

TEST_CASE("views of a storage become contiguous") {
  const auto state = by_name(read_pth(golden_pth("pass-views.pth")));
  std::vector<float> transposed, every_other;
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 3; ++j) transposed.push_back(static_cast<float>(12 * i + 4 * j + k));
  for (int i = 0; i < 24; i += 2) every_other.push_back(static_cast<float>(i));
  CHECK(state.at("transposed").shape == TensorShape{4, 2, 3});
  CHECK(floats(state.at("transposed")) == transposed);
  CHECK(floats(state.at("row")) == std::vector<float>{20, 21, 22, 23});
  CHECK(state.at("every_other").shape == TensorShape{2, 3, 2});
  CHECK(floats(state.at("every_other")) == every_other);
  CHECK(floats(state.at("expanded")) == std::vector<float>(6, 5));
  CHECK(floats(state.at("scalar")) == std::vector<float>{2.5});
  CHECK(state.at("empty").shape == TensorShape{0, 4});
  CHECK(state.at("empty").bytes.empty());
}

TEST_CASE("of a checkpoint the tensors are taken, by the keys above them") {
  const auto state = by_name(read_pth(golden_pth("pass-checkpoint.pth")));
  CHECK(state.size() == 5);
  CHECK(floats(state.at("state_dict.layer.weight")) == std::vector<float>{1, 1});
  CHECK(floats(state.at("optimizer.state.0.step")) == std::vector<float>{3});
  CHECK(floats(state.at("shadow.1")) == std::vector<float>{1});
  CHECK(floats(state.at("parameter")) == std::vector<float>{7});
}

TEST_CASE("later pickle protocols and files without checksums are read") {
  for (const char* name :
       {"pass-protocol3.pth", "pass-protocol4.pth", "pass-protocol5.pth", "pass-no-checksum.pth"}) {
    INFO(name);
    const StateDict state = read_pth(golden_pth(name));
    REQUIRE(state.size() == 1);
    CHECK(floats(state[0]) == std::vector<float>{0, 1, 2});
  }
}

TEST_CASE("the legacy format is read, and refused when it is cut short or goes on") {
  const auto state = by_name(read_pth(golden_pth("legacy.pth")));
  REQUIRE(state.size() == 5);
  CHECK((floats(state.at("state_dict.weight")) == std::vector<float>{0, 1, 2, 3, 4, 5}));
  CHECK((floats(state.at("state_dict.turned")) == std::vector<float>{0, 3, 1, 4, 2, 5}));
  CHECK(state.at("state_dict.half").type == TensorType::float16);
  CHECK((state.at("state_dict.empty").shape == TensorShape{0, 4}));
  CHECK(state.at("state_dict.count").shape.empty());
  const std::string whole = read_file(golden_pth("legacy.pth"));
  for (std::size_t length = 1; length < whole.size(); ++length)
    CHECK(refused_pth(std::string_view(whole).substr(0, length)).code() != Code::bug);
  CHECK(refused_pth(whole + "x").code() == Code::bad_format);
}

TEST_CASE("a file that asks for anything but tensors is refused, and the message shows for what") {
  const auto check = [](const char* name, const std::string& shown) {
    const Error error = thrown_by([&] { read_pth(golden_pth(name)); });
    INFO(name);
    CHECK(error.code() == Code::unsupported);
    CHECK(error.place().file == golden_pth(name).string());
    CHECK_THAT(error.message(), contains(shown));
    CHECK_FALSE(error.hint_text().empty());
  };
  check("refuse-command.pth", "posix.system");
  check("refuse-command-protocol4.pth", "posix.system");
  check("refuse-getattr.pth", "builtins.getattr");
  check("refuse-module-object.pth", "torch.nn.modules.activation.ReLU");
  check("refuse-complex.pth", "torch.ComplexFloatStorage");
  check("refuse-legacy-module.pth", "torch.nn.modules.activation.ReLU");
  check("refuse-script.pth", "TorchScript");
  check("refuse-tensor.pth", "no dictionary");
  CHECK(goldens("refuse-").size() == 8);
}

TEST_CASE("what is written is read back, and depends on nothing else") {
  const StateDict state{{"a.weight", TensorType::float32, {2, 3}, std::string(24, 'x')},
                        {"a.num_batches_tracked", TensorType::int64, {}, std::string("\7\0\0\0\0\0\0\0", 8)},
                        {"Ä \"quoted\"", TensorType::boolean, {300}, std::string(300, '\1')},
                        {"", TensorType::bfloat16, {0, 70000}, ""}};
  const std::string file = encode_pth(state);
  CHECK(decode_pth(file, "x.pth") == state);
  CHECK(encode_pth(state) == file);
  CHECK(decode_pth(encode_pth({}), "x.pth").empty());
}

TEST_CASE("storages begin at multiples of 64 bytes, so that torch can map them") {
  const std::string file =
      encode_pth({{"a", TensorType::int8, {3}, "abc"}, {"b", TensorType::int8, {2}, "de"}});
  ByteSource bytes{std::string_view(file)};
  const ZipReader zip(bytes);
  for (const char* name : {"archive/data/0", "archive/data/1"}) {
    REQUIRE(zip.find(name) != nullptr);
    CHECK(zip.find(name)->offset % 64 == 0);
  }
}

TEST_CASE("tensors that no state dict can hold are not written") {
  const NamedTensor good{"a", TensorType::float32, {2}, std::string(8, 'x')};
  const auto refuse = [](const StateDict& state) {
    CHECK(thrown_by([&] { encode_pth(state); }).code() == Code::bad_value);
  };
  refuse({good, good});
  refuse({{"\xff", TensorType::uint8, {1}, "x"}});
  refuse({{"a", TensorType::float32, {3}, std::string(8, 'x')}});
  refuse({{"a", TensorType::float32, {-2, -1}, std::string(8, 'x')}});
  refuse({{"a", TensorType::uint8, {0, std::int64_t{1} << 62, 4}, ""}});
}

TEST_CASE("a tensor outside its storage is refused by its name") {
  const auto refuse = [](const std::function<void(PickledTensor&)>& change) {
    PickledTensor tensor = eight_floats();
    change(tensor);
    const Error error = refused_pth(pth_with(pickle_of({tensor})));
    CHECK(error.code() == Code::bad_format);
    CHECK(error.place().field == "w");
  };
  CHECK(decode_pth(pth_with(pickle_of({eight_floats()})), "x.pth").size() == 1);
  refuse([](auto& t) { t.shape = {9}; });
  refuse([](auto& t) { t.shape = {9}, t.storage_elements = 1000; });
  refuse([](auto& t) { t.storage_elements = 7; });
  refuse([](auto& t) { t.offset = 1; });
  refuse([](auto& t) { t.stride = {2}; });
  refuse([](auto& t) { t.storage = "1"; });
  refuse([](auto& t) { t.storage = "../0"; });
  constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  refuse([](auto& t) { t.offset = huge; });
  refuse([](auto& t) { t.stride = {huge}; });
  refuse([](auto& t) { t.shape = {huge}; });
  refuse([](auto& t) { t.shape = {huge, huge}, t.stride = {0, 0}; });
  refuse([](auto& t) { t.shape = {1 << 30}, t.stride = {0}; });  // 4 GB out of 4 bytes
}

TEST_CASE("two tensors of one name are refused") {
  CHECK(refused_pth(pth_with(pickle_of({eight_floats(), eight_floats()}))).code() == Code::bad_format);
}

TEST_CASE("a tensor's name that is not UTF-8 is refused") {  // found by libFuzzer
  PickledTensor tensor = eight_floats();
  tensor.name = "w\x89\x9a";
  const Error error = refused_pth(pth_with(pickle_of({tensor})));
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.message(), contains("UTF-8"));
}

TEST_CASE("a small pickle cannot become large") {
  using namespace std::string_literals;
  // {0: x, 1: x} of {0: y, 1: y} of ...: each level doubles the ways.
  std::string doubling = "\x80\x02}q\0"s;
  for (char level = 0; level < 60; ++level)
    doubling += "}(K\0h"s + level + "K\1h"s + level + "uq"s + static_cast<char>(level + 1);
  CHECK(refused_pth(pth_with(doubling + ".")).code() == Code::bad_format);
  // A dictionary that holds itself.
  CHECK(refused_pth(pth_with("\x80\x02}q\0K\1h\0s."s)).code() == Code::bad_format);
  // Lists in lists.
  CHECK(refused_pth(pth_with("\x80\x02}K\1" + std::string(100'000, '(') + std::string(100'000, 'l') + "s."))
            .code() == Code::bad_format);
  // One long key, many times.
  std::string long_key = "\x80\x02}X\x10\x27\0\0"s + std::string(10'000, 'k') + "q\1"s;
  for (int level = 0; level < 60; ++level) long_key += "h\1}";
  CHECK(refused_pth(pth_with(long_key + std::string(60, 's') + "s.")).code() == Code::bad_format);
}

TEST_CASE("a pickle that says nothing sensible is refused") {
  using namespace std::string_literals;
  for (const std::string& pickle : {""s,
                                    "."s,
                                    "\x80\x02"s,
                                    "\x80\x02."s,
                                    "\x80\x02}"s,
                                    "\x80\x02}.x"s,
                                    "\x80\x02}}."s,
                                    "\x80\x02}(."s,
                                    "\x80\x07}."s,
                                    "\x80\x02h\5."s,
                                    "\x80\x02}X\xff\xff\xff\xff"s + "abc.",
                                    "\x80\x02)R."s,
                                    "\x80\x02K\1K\2R."s,
                                    "\x80\x02}K\1u."s,
                                    "\x80\x02}(K\1u."s,
                                    "\x80\x02t."s,
                                    "\x80\x02]}b."s,
                                    "\x80\x02}}b."s,
                                    "\x80\x02(Q."s,
                                    "\x80\x02ctorch\nFloatStorage"s,
                                    "\x80\x02S'x'\n."s,
                                    "\x80\x02(K\1K\2Q."s}) {
    const Error error = refused_pth(pth_with(pickle));
    CHECK((error.code() == Code::bad_format || error.code() == Code::unsupported));
  }
}

TEST_CASE("what is no file of torch.save is said to be none") {
  CHECK_THAT(refused_pth("").message(), contains("empty"));
  CHECK(refused_pth("<html>404</html>").code() == Code::bad_format);
  CHECK(refused_pth("\x80\x04}.").code() == Code::unsupported);
  ZipWriter zip;
  zip.add("readme.txt", "x");
  CHECK_THAT(refused_pth(zip.finish()).message(), contains("data.pkl"));
  CHECK(thrown_by([] { read_pth(golden_pth("absent.pth")); }).code() == Code::not_found);
  CHECK(thrown_by([] { read_pth(golden_pth("")); }).code() == Code::unreadable);
}

TEST_CASE("a file cut short at any byte is refused") {
  for (const Path& path : goldens("pass-")) {
    const std::string whole = read_file(path);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Error error = refused_pth(whole.substr(0, length));
      if (error.code() != Code::bad_format) FAIL(path << " cut at " << length << ": " << error.what());
    }
  }
}

TEST_CASE("damaged files give an error or a value in proportion, never a crash") {
  for (const std::string prefix : {"pass-", "refuse-", "legacy"})
    for (const Path& path : goldens(prefix)) {
      const std::string whole = read_file(path);
      Random random{stable_hash(path.filename().string())};
      for (int round = 0; round < 200; ++round) {
        std::string damaged = whole;
        for (std::uint64_t i = random.below(4) + 1; i > 0; --i)
          damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
        decode_anything(damaged);
      }
    }
}

TEST_CASE("damaged pickles behind good checksums give an error or a value in proportion") {
  for (const Path& path : goldens("pass-")) {
    const std::string whole = read_file(path);
    ByteSource bytes{std::string_view(whole)};
    const ZipReader zip(bytes);
    std::string inflated;
    std::string pickle;
    for (const auto& entry : zip.entries())
      if (entry.name.ends_with("data.pkl")) pickle = zip.content(entry, inflated);
    REQUIRE_FALSE(pickle.empty());
    Random random{stable_hash(path.filename().string()), 1};
    for (int round = 0; round < 200; ++round) {
      std::string damaged = pickle;
      for (std::uint64_t i = random.below(3) + 1; i > 0; --i)
        damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
      decode_anything(pth_with(damaged));
    }
  }
}
