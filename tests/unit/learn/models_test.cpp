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

TEST_CASE("states have the published modules' names, shapes and order") {
  const auto agrees = [](const ModelSettings& settings, int classes, const char* file) {
    const std::string published = read_file(Path(MASKMILL_SOURCE_DIR) / "tests/data/learn" / file);
    std::vector<std::string> ours;
    for (const TensorSpec& tensor : state_of(build(settings, 3, classes))) ours.push_back(line_of(tensor));
    const auto lines = lines_of(published);
    REQUIRE(ours.size() == lines.size());
    for (std::size_t i = 0; i < ours.size(); ++i) CHECK(ours[i] == lines[i]);
  };
  agrees({.name = "unet", .init_features = 6}, 5, "unet_3_5_6.txt");
  agrees({.name = "fcn_resnet50", .aux = true}, 3, "fcn_resnet50_3.txt");
  agrees({.name = "deeplabv3_resnet50", .aux = true}, 3, "deeplabv3_resnet50_3.txt");
}

TEST_CASE("torchvision's networks give scores at the input's size, whatever it is") {
  for (const char* name : {"fcn_resnet50", "deeplabv3_resnet50"}) {
    const Graph graph = build({.name = name, .aux = true}, 3, 7);
    REQUIRE(graph.outputs().size() == 2);
    for (const auto& [output, node] : graph.outputs()) {
      CHECK(graph.channels(node) == 7);
      CHECK(extents(graph, {37, 101})[static_cast<std::size_t>(node)] == Extent{37, 101});
    }
    CHECK(build({.name = name}, 3, 7).outputs().size() == 1);
  }
}

TEST_CASE("the U-Net has as many parameters as the published one") {
  CHECK(parameter_count(build({.name = "unet", .init_features = 32}, 3, 1)) == 7'763'041);
}

TEST_CASE("torchvision's networks have as many parameters as it says of them") {
  CHECK(parameter_count(build({.name = "fcn_resnet50", .aux = true}, 3, 21)) == 35'322'218);
  CHECK(parameter_count(build({.name = "deeplabv3_resnet50", .aux = true}, 3, 21)) == 42'004'074);
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
  const Error error = thrown_by([] { detector_of({.name = "unett"}); });
  CHECK(error.code() == Code::usage);
  CHECK_THAT(error.hint_text(), contains("unet"));
}
