// SPDX-License-Identifier: Apache-2.0
#include "learn/graph.h"

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

namespace {
Code code_of_adding(Graph graph, const std::string& name, const Layer& layer, std::vector<int> inputs) {
  return thrown_by([&] { graph.add(name, layer, std::move(inputs)); }).code();
}
}  // namespace

TEST_CASE("channels follow from the layers") {
  Graph graph(3, 1);
  const int conv = graph.add("a", Conv2d{.in = 3, .out = 8}, {kInput});
  const int norm = graph.add("b", BatchNorm2d{.features = 8}, {conv});
  const int both = graph.add("c", Concat{}, {norm, conv, kInput});
  CHECK(graph.channels(kInput) == 3);
  CHECK(graph.channels(norm) == 8);
  CHECK(graph.channels(both) == 19);
}

TEST_CASE("a layer that does not fit where it is put is a bug, named") {
  Graph graph(3, 1);
  graph.add("first", Conv2d{.in = 3, .out = 8}, {kInput});
  CHECK(code_of_adding(graph, "first", Relu{}, {0}) == Code::bug);                  // taken
  CHECK(code_of_adding(graph, "", Relu{}, {0}) == Code::bug);                       // no name
  CHECK(code_of_adding(graph, "x", Relu{}, {1}) == Code::bug);                      // no such node
  CHECK(code_of_adding(graph, "x", Relu{}, {-2}) == Code::bug);                     // nor that
  CHECK(code_of_adding(graph, "x", Relu{}, {0, 0}) == Code::bug);                   // one input
  CHECK(code_of_adding(graph, "x", Conv2d{.in = 3, .out = 4}, {0}) == Code::bug);   // 8 channels
  CHECK(code_of_adding(graph, "x", BatchNorm2d{.features = 4}, {0}) == Code::bug);  // 8 channels
  CHECK(code_of_adding(graph, "x", Add{}, {0, kInput}) == Code::bug);               // 8 and 3
  CHECK(code_of_adding(graph, "x", Concat{}, {}) == Code::bug);                     // nothing
  CHECK(code_of_adding(graph, "x", Conv2d{.in = 8, .out = 8, .groups = 3}, {0}) == Code::bug);
  CHECK_THAT(thrown_by([&] { graph.add("deep.conv", Conv2d{.in = 3, .out = 4}, {0}); }).message(),
             contains("deep.conv"));
  CHECK(thrown_by([&] { graph.output("out", 1); }).code() == Code::bug);
}

TEST_CASE("extents follow torch's formulas") {
  // Expected values: torch 2.13, the modules of the same arguments on zeros(1, 4, 29, 40).
  Graph graph(4, 1);
  graph.add(
      "a",
      Conv2d{.in = 4, .out = 4, .kernel = {5, 3}, .stride = {2, 3}, .padding = {1, 2}, .dilation = {2, 1}},
      {kInput});
  graph.add(
      "b",
      ConvTranspose2d{
          .in = 4, .out = 4, .kernel = {3, 4}, .stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2}},
      {kInput});
  graph.add("c", MaxPool2d{.kernel = {3, 2}, .stride = {2, 3}, .padding = {1, 0}}, {kInput});
  const auto all = extents(graph, {29, 40});
  CHECK(all[0] == Extent{12, 14});
  CHECK(all[1] == Extent{58, 123});
  CHECK(all[2] == Extent{15, 13});
}

TEST_CASE("an input of a size that the network cannot take is refused with the multiple") {
  Graph graph(1, 8);
  graph.add("a", Relu{}, {kInput});
  for (const Extent extent : {Extent{16, 12}, Extent{12, 16}, Extent{0, 8}, Extent{-8, 8}}) {
    const Error error = thrown_by([&] { extents(graph, extent); });
    CHECK(error.code() == Code::bad_value);
    CHECK_THAT(error.message(), contains("multiples of 8"));
  }
}

TEST_CASE("an input of which nothing is left is refused, not computed with") {
  Graph graph(1, 1);
  graph.add("wide", Conv2d{.in = 1, .out = 1, .kernel = square(7)}, {kInput});
  CHECK_THAT(thrown_by([&] { extents(graph, {3, 30}); }).message(), contains("wide"));
}

TEST_CASE("grouped convolutions hold a share of the channels") {
  Graph graph(6, 1);
  graph.add("a", Conv2d{.in = 6, .out = 12, .groups = 3}, {kInput});
  graph.add("b", ConvTranspose2d{.in = 12, .out = 6, .groups = 3, .bias = false}, {0});
  const auto state = state_of(graph);
  REQUIRE(state.size() == 3);
  CHECK(state[0].shape == std::vector<std::int64_t>{12, 2, 3, 3});
  CHECK(state[1].shape == std::vector<std::int64_t>{12});
  CHECK(state[2].shape == std::vector<std::int64_t>{12, 2, 2, 2});
}

TEST_CASE("a node's only reader is none where several read it, or the network returns it") {
  Graph graph(3, 1);
  const int conv = graph.add("conv", Conv2d{3, 4}, {kInput});
  const int relu = graph.add("relu", Relu{}, {conv});
  const int sum = graph.add("sum", Add{}, {relu, relu});
  const int other = graph.add("other", Add{}, {sum, sum});
  const int last = graph.add("last", Relu{}, {other});
  graph.output("out", last);
  CHECK(graph.only_reader(conv) == relu);
  CHECK(graph.only_reader(relu) == std::nullopt);
  CHECK(graph.only_reader(other) == last);
  CHECK(graph.only_reader(last) == std::nullopt);

  CHECK(writes_over_input(graph, relu));
  CHECK(writes_over_input(graph, last));
  CHECK_FALSE(writes_over_input(graph, conv));
  const int sigmoid = graph.add("sigmoid", Sigmoid{}, {last});
  CHECK_FALSE(writes_over_input(graph, graph.add("needs_its_output", Relu{}, {sigmoid})));
  CHECK_FALSE(writes_over_input(graph, graph.add("returned", Relu{}, {last})));
  CHECK_FALSE(writes_over_input(graph, graph.add("of_the_picture", Relu{}, {kInput})));
}

TEST_CASE("a batch of two is needed where BatchNorm meets one pixel") {
  Graph graph(3, 1);
  const int conv = graph.add("conv", Conv2d{.in = 3, .out = 4, .stride = square(2)}, {kInput});
  graph.output("out", graph.add("norm", BatchNorm2d{4}, {conv}));
  const Extent pixel = extents(graph, square(3)).back();
  REQUIRE(pixel == square(1));
  CHECK(least_batch(graph, square(3)) == 2);
  CHECK(least_batch(graph, {3, 5}) == 1);
}
