// SPDX-License-Identifier: Apache-2.0
#include "learn/models.h"

#include <set>

#include "base/text.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

namespace {

/// As tests/data/learn/README.md describes it.
std::string line_of(const TensorSpec& tensor) {
  std::vector<std::string> sides;
  for (const std::int64_t side : tensor.shape) sides.push_back(std::to_string(side));
  return tensor.name + " " + (sides.empty() ? "-" : joined(sides, "x")) +
         (tensor.trained ? " parameter" : " buffer") + (tensor.counter ? " int64" : " float32");
}

}  // namespace

TEST_CASE("the U-Net's state has the published module's names, shapes and order") {
  const Graph graph = build({.name = "unet", .init_features = 6}, 3, 5);
  const std::string published = read_file(Path(MASKMILL_SOURCE_DIR) / "tests/data/learn/unet_3_5_6.txt");
  std::vector<std::string> ours;
  for (const TensorSpec& tensor : state_of(graph)) ours.push_back(line_of(tensor));
  const auto lines = lines_of(published);
  REQUIRE(ours.size() == lines.size());
  for (std::size_t i = 0; i < ours.size(); ++i) CHECK(ours[i] == lines[i]);
}

TEST_CASE("the U-Net has as many parameters as the published one") {
  CHECK(parameter_count(build({.name = "unet", .init_features = 32}, 3, 1)) == 7'763'041);
}

TEST_CASE("the U-Net gives scores at its input's size, and upsampled features come before the encoder's") {
  const Graph graph = build({}, 3, 7);
  REQUIRE(graph.outputs().size() == 1);
  const auto& [name, out] = graph.outputs().front();
  CHECK(name == "out");
  CHECK(graph.channels(out) == 7);
  CHECK(graph.size_multiple() == 16);
  CHECK(extents(graph, {48, 80})[static_cast<std::size_t>(out)] == Extent{48, 80});
  CHECK(thrown_by([&] { extents(graph, {50, 80}); }).code() == Code::bad_value);
  for (const Node& node : graph.nodes())
    if (std::holds_alternative<Concat>(node.layer)) {
      REQUIRE(node.inputs.size() == 2);
      const auto& first = graph.nodes()[static_cast<std::size_t>(node.inputs[0])];
      CHECK(std::holds_alternative<ConvTranspose2d>(first.layer));
    }
}

TEST_CASE("every architecture is listed under a name of its own and builds for any number of classes") {
  std::set<std::string_view> names;
  for (const Architecture* architecture : architectures()) {
    INFO(architecture->name);
    CHECK(names.insert(architecture->name).second);
    CHECK_FALSE(architecture->title.empty());
    CHECK_FALSE(architecture->description.empty());
    for (const int classes : {2, 150}) {
      const Graph graph = build({.name = std::string(architecture->name)}, 3, classes);
      CHECK(graph.channels(graph.outputs().front().second) == classes);
    }
  }
}

TEST_CASE("a mistyped architecture is answered with the nearest") {
  const Error error = thrown_by([] { find_architecture("unett"); });
  CHECK(error.code() == Code::usage);
  CHECK_THAT(error.hint_text(), contains("unet"));
}
