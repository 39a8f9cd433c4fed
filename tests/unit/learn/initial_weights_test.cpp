// SPDX-License-Identifier: Apache-2.0
#include "learn/initial_weights.h"

#include "catch.h"
#include "learn/models.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

namespace {

std::vector<TensorSpec> network(int classes) {
  return state_of(build({.name = "unet", .init_features = 2}, 3, classes));
}

// All of a network's tensors, without bytes: only names and shapes are looked at.
StateDict weights_of(const std::vector<TensorSpec>& specs, const std::string& below = "") {
  StateDict state;
  for (const TensorSpec& spec : specs)
    state.push_back({below + spec.name, TensorType::float32, spec.shape, ""});
  return state;
}

}  // namespace

TEST_CASE("weights of the same network are all taken") {
  const Adopted adopted = adopt(weights_of(network(3)), network(3));
  CHECK(adopted.tensors.size() == network(3).size());
  CHECK((adopted.drawn.empty() && adopted.resized.empty() && adopted.unused.empty()));
}

TEST_CASE("a head of other classes is drawn anew, and said") {
  const Adopted adopted = adopt(weights_of(network(3)), network(5));
  CHECK((adopted.resized == std::vector<std::string>{"conv.weight", "conv.bias"}));
  CHECK(adopted.tensors.size() == network(5).size() - 2);
  CHECK_THAT(describe(adopted, "old.pth"), contains("conv.weight, conv.bias"));
}

TEST_CASE("names may stand below a wrapper's") {
  for (const char* wrapper : {"module.", "state_dict.model."}) {
    const Adopted adopted = adopt(weights_of(network(3), wrapper), network(3));
    CHECK(adopted.tensors.size() == network(3).size());
    CHECK(adopted.tensors.front().name == network(3).front().name);
  }
}

TEST_CASE("weights of a backbone alone find their place, and its classifier is left") {
  const auto whole = state_of(build({.name = "fcn_resnet50"}, 3, 4));
  std::vector<TensorSpec> backbone;
  for (TensorSpec spec : whole)
    if (spec.name.starts_with("backbone.")) {
      spec.name.erase(0, std::string("backbone.").size());
      backbone.push_back(spec);
    }
  backbone.push_back({"fc.weight", {1000, 2048}});
  const Adopted adopted = adopt(weights_of(backbone), whole);
  CHECK(adopted.tensors.size() == backbone.size() - 1);
  CHECK((adopted.unused == std::vector<std::string>{"fc.weight"}));
  CHECK(adopted.drawn.front() == "classifier.0.weight");
}

TEST_CASE("weights of another network are refused") {
  const Error error = thrown_by([] { adopt({{"fc.weight", TensorType::float32, {10, 4}, ""}}, network(3)); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.message(), contains("\"fc.weight\""));
}
