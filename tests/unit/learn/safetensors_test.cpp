// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <map>

#include "base/json.h"
#include "catch.h"
#include "learn/tensor_file.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

namespace {

/// Written by the real package: see make.py there.
Path golden_safetensors(const std::string& name) {
  return Path(MASKMILL_SOURCE_DIR) / "tests/data/safetensors" / name;
}

std::string safetensors_with(const std::string& header, const std::string& data) {
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof(length));
  return file + header + data;
}

Error refused_safetensors(const std::string& file) {
  return thrown_by([&] { decode_safetensors(file, "x.safetensors"); });
}

StateDict sorted(StateDict state) {
  std::ranges::sort(state, {}, &NamedTensor::name);
  return state;
}

constexpr const char* kOne = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

}  // namespace

TEST_CASE("every type that the real package writes is read with its shape and bytes") {
  std::map<std::string, NamedTensor> state;
  for (const NamedTensor& tensor : read_tensors(golden_safetensors("types.safetensors")))
    state[tensor.name] = tensor;
  REQUIRE(state.size() == 13);
  CHECK(state.at("float32").bytes == std::string("\0\0\0\0\0\0\x80\x3f", 8));
  CHECK(state.at("bfloat16").bytes == std::string("\0\0\x80\x3f", 4));
  CHECK(state.at("int64").bytes == std::string("\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16));
  CHECK(state.at("bool").bytes == std::string("\0\1", 2));
  CHECK(state.at("bool").type == TensorType::boolean);
  CHECK(state.at("scalar").shape.empty());
  CHECK((state.at("empty").shape == std::vector<std::int64_t>{0, 4}));
  CHECK((state.at("square").shape == std::vector<std::int64_t>{2, 3}));
}

TEST_CASE("what is written is read back, in either format") {
  for (const char* name : {"types.safetensors", "module.safetensors"}) {
    const StateDict state = read_tensors(golden_safetensors(name));
    CHECK((sorted(decode_safetensors(encode_safetensors(state), "again")) == sorted(state)));
    CHECK((sorted(decode_pth(encode_pth(state), "again")) == sorted(state)));
  }
}

TEST_CASE("data begins at a multiple of eight bytes, so that it can be mapped") {
  for (const std::size_t length : {1, 2, 3, 4, 5, 6, 7, 8}) {
    const std::string file = encode_safetensors({{std::string(length, 'n'), TensorType::uint8, {3}, "abc"}});
    CHECK((file.size() - 3) % 8 == 0);
  }
}

TEST_CASE("a file that the format does not allow is refused") {
  CHECK(refused_safetensors("").code() == Code::bad_format);
  CHECK(refused_safetensors(std::string(8, '\xff')).code() == Code::bad_format);
  CHECK(refused_safetensors(safetensors_with("[1]", "")).code() == Code::bad_format);
  CHECK(refused_safetensors(safetensors_with("{\"w\":", "")).code() == Code::bad_format);
  const std::string data(8, 'x');
  CHECK(decode_safetensors(safetensors_with(kOne, data), "x").size() == 1);
  CHECK(refused_safetensors(safetensors_with(kOne, data + "y")).code() == Code::bad_format);
  CHECK(refused_safetensors(safetensors_with(kOne, "short")).code() == Code::bad_format);
  for (const char* entry : {R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})",
                            R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})",
                            R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})",
                            R"({"dtype":"F32","shape":[2],"data_offsets":[1,9]})",
                            R"({"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]})",
                            R"({"dtype":"F32","shape":[2]})",
                            R"({"dtype":"F32","shape":[2],"data_offsets":[0,8e70]})",  // found by libFuzzer
                            R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})",
                            R"({"dtype":"F32","shape":{"a":2},"data_offsets":[0,8]})",
                            R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]})",
                            R"({"dtype":32,"shape":[2],"data_offsets":[0,8]})", "7"}) {
    INFO(entry);
    const Error error = refused_safetensors(safetensors_with(std::string(R"({"w":)") + entry + "}", data));
    CHECK(error.code() == Code::bad_format);
    CHECK(error.place().file == "x.safetensors");
    CHECK(error.place().field == "w");
  }
  const Error type = refused_safetensors(
      safetensors_with(R"({"w":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}})", data));
  CHECK(type.code() == Code::unsupported);
  CHECK_THAT(type.message(), contains("F8_E4M3"));
}

TEST_CASE("tensors that overlap or leave a gap are refused") {
  const auto two = [](const std::string& second) {
    return safetensors_with(
        R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":)" +
            second + "}}",
        "12345678");
  };
  CHECK(decode_safetensors(two("[4,8]"), "x").size() == 2);
  CHECK(refused_safetensors(two("[2,6]")).code() == Code::bad_format);
  CHECK(refused_safetensors(two("[5,9]")).code() == Code::bad_format);
}

TEST_CASE("a file cut short or damaged at any byte gives an error or a value, never a crash") {
  const std::string whole = read_file(golden_safetensors("types.safetensors"));
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK(refused_safetensors(whole.substr(0, length)).code() != Code::bug);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char damage : {'\0', '"', '9', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = damage;
      try {
        decode_safetensors(damaged, "x");
      } catch (const Error& error) {
        CHECK(error.code() != Code::bug);
      }
    }
}
