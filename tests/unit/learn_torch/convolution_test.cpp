// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "learn/torch/constant_convolution.h"
#include "learn/torch/sparse_convolution.h"
#include "support/scratch.h"
#include "torch_support.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;
using maskmill::tests::thrown_by;
using torch::Tensor;

namespace {

double furthest(const Tensor& one, const Tensor& other) {
  return one.numel() == 0 ? 0
                          : (one.to(torch::kFloat64) - other.to(torch::kFloat64)).abs().max().item<double>();
}

struct Leaves {
  Tensor input, weight, bias;
  std::vector<Tensor> all() const { return {input, weight, bias}; }
};

Leaves layer(std::int64_t kernel_height, std::int64_t kernel_width, torch::ScalarType type,
             std::int64_t images = 2) {
  const std::int64_t channels = 6, out = 5;
  const auto leaf = [&](const Tensor& values) { return values.to(type).requires_grad_(); };
  return {leaf(noise(1, images * channels * 9 * 13)
                   .view({images, channels, 9, 13})
                   .contiguous(torch::MemoryFormat::ChannelsLast)),
          leaf(noise(2, out * channels * kernel_height * kernel_width)
                   .view({out, channels, kernel_height, kernel_width})),
          leaf(noise(3, out))};
}

/// What a loss of those pixels of the output, given by (image, row, column), gives each leaf.
std::vector<Tensor> gradients(const Tensor& output, const std::vector<Tensor>& leaves,
                              const std::vector<std::array<std::int64_t, 3>>& pixels) {
  Tensor loss = output.sum() * 0;
  for (const auto& [image, row, column] : pixels)
    loss = loss + (output[image].select(1, row).select(1, column) *
                   noise(4 + row, output.size(1)).to(output.scalar_type()))
                      .sum();
  return torch::autograd::grad({loss}, leaves);
}

}  // namespace

TEST_CASE("a convolution read at few places has torch's values and gradients, at borders and corners too") {
  const std::vector<std::vector<std::array<std::int64_t, 3>>> readings{
      {{0, 0, 0}, {1, 4, 6}, {1, 4, 7}, {1, 5, 6}}, {{1, 0, 3}}, {}};
  for (const auto& [height, width, padding] :
       {std::tuple{3, 3, std::vector<std::int64_t>{1, 1}}, {1, 1, {0, 0}}, {3, 1, {0, 2}}, {5, 3, {2, 0}}})
    for (const auto& pixels : readings) {
      INFO(height << "x" << width << ", " << pixels.size() << " pixels");
      const Leaves own = layer(height, width, torch::kFloat64);
      const Tensor ours = conv2d_read_at_few(own.input, own.weight, own.bias, padding);
      const Tensor theirs = torch::conv2d(own.input, own.weight, own.bias, 1, padding);
      CHECK(furthest(ours, theirs) == 0);
      const auto found = gradients(ours, own.all(), pixels), expected = gradients(theirs, own.all(), pixels);
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK(furthest(found[i], expected[i]) < 1e-12);
    }
}

TEST_CASE("a convolution read everywhere has torch's gradients all the same") {
  const Leaves own = layer(3, 3, torch::kFloat64);
  const Tensor ours = conv2d_read_at_few(own.input, own.weight, own.bias, {1, 1});
  const Tensor theirs = torch::conv2d(own.input, own.weight, own.bias, 1, {1, 1});
  const auto found = torch::autograd::grad({ours.square().sum()}, own.all());
  const auto expected = torch::autograd::grad({theirs.square().sum()}, own.all());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(furthest(found[i], expected[i]) < 1e-11);
}

TEST_CASE(
    "under bf16 the gradients of a convolution read at few places stay near float32's, in the leaves' types") {
  const Leaves own = layer(3, 3, torch::kFloat32);
  const std::vector<std::array<std::int64_t, 3>> pixels{{0, 0, 0}, {1, 4, 6}, {1, 8, 12}};
  const auto expected =
      gradients(torch::conv2d(own.input, own.weight, own.bias, 1, {1, 1}), own.all(), pixels);
  const Autocast autocast(torch::kCPU, Precision::bf16);
  const Tensor rounded = conv2d_read_at_few(own.input, own.weight, own.bias, {1, 1});
  CHECK(rounded.scalar_type() == torch::kBFloat16);
  const auto found = gradients(rounded, own.all(), pixels);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(found[i].scalar_type() == torch::kFloat32);
    CHECK(furthest(found[i], expected[i]) < 0.03 * expected[i].abs().max().item<double>());
  }
}

TEST_CASE("a convolution of constant weights is torch's, with or without the ReLU behind it") {
  const torch::NoGradGuard no_grad;
  for (const Conv2d& conv :
       {Conv2d{.in = 6, .out = 8, .padding = square(1)},
        Conv2d{.in = 6, .out = 8, .kernel = square(1), .bias = false},
        Conv2d{.in = 6, .out = 9, .kernel = {5, 3}, .stride = {2, 1}, .padding = {2, 1}, .groups = 3},
        Conv2d{.in = 6, .out = 8, .padding = square(2), .dilation = square(2)}})
    for (const std::int64_t images : {0, 1, 3}) {
      const Tensor input = noise(1, images * 6 * 11 * 14)
                               .view({images, 6, 11, 14})
                               .to(torch::kFloat32)
                               .contiguous(torch::MemoryFormat::ChannelsLast);
      const Tensor weight =
          noise(2, conv.out * conv.in / conv.groups * conv.kernel.height * conv.kernel.width)
              .view({conv.out, conv.in / conv.groups, conv.kernel.height, conv.kernel.width})
              .to(torch::kFloat32);
      const Tensor bias = conv.bias ? noise(3, conv.out).to(torch::kFloat32) : Tensor();
      const Tensor expected = torch::conv2d(input, weight, bias, {conv.stride.height, conv.stride.width},
                                            {conv.padding.height, conv.padding.width},
                                            {conv.dilation.height, conv.dilation.width}, conv.groups);
      const auto plain = constant_convolution(conv, weight, bias, false, Precision::float32);
      CHECK(plain(input).sizes() == expected.sizes());
      CHECK(furthest(plain(input), expected) < 1e-5);
      CHECK(furthest(constant_convolution(conv, weight, bias, true, Precision::float32)(input),
                     expected.relu()) < 1e-5);
      const Tensor rounded = constant_convolution(conv, weight, bias, true, Precision::bf16)(input);
      CHECK(rounded.scalar_type() == torch::kBFloat16);
      CHECK(rounded.sizes() == expected.sizes());
      if (images > 0) CHECK(furthest(rounded, expected.relu()) < 0.02 * expected.abs().max().item<double>());
    }
}

TEST_CASE("a network prepared for inference says what it said before") {
  const torch::NoGradGuard no_grad;
  for (const char* name : {"unet", "deeplabv3_resnet50"}) {
    INFO(name);
    Network network(build({.name = name, .init_features = 4}, 3, 3));
    fill(network);
    network->eval();
    const Tensor input = images(64, 48).contiguous(torch::MemoryFormat::ChannelsLast);
    const Tensor before = network->forward(input).at("out");
    const Tensor rounded = [&] {
      const Autocast autocast(torch::kCPU, Precision::bf16);
      return network->forward(input).at("out").to(torch::kFloat32);
    }();
    const double reach = before.abs().max().item<double>(), rounding = furthest(rounded, before);
    for (const Precision precision : {Precision::float32, Precision::bf16}) {
      Network prepared(build({.name = name, .init_features = 4}, 3, 3));
      load_state_dict(prepared, state_dict(network));
      prepared->place(torch::kCPU);
      prepared->eval();
      prepared->prepare_for_inference(precision);
      const Autocast autocast(torch::kCPU, precision);
      const Tensor after = prepared->forward(input).at("out");
      CHECK(furthest(after, before) < (precision == Precision::bf16 ? 2 * rounding : 1e-5 * reach));
    }
  }
}

TEST_CASE("a network prepared for inference is not trained, saved or prepared again") {
  Network network = filled_unet();
  CHECK(thrown_by([&] { network->prepare_for_inference(Precision::float32); }).code() == Code::bug);
  network->eval();
  network->prepare_for_inference(Precision::float32);
  CHECK(thrown_by([&] { network->prepare_for_inference(Precision::float32); }).code() == Code::bug);
  CHECK(thrown_by([&] { network->train(); }).code() == Code::bug);
  CHECK(thrown_by([&] { state_dict(network); }).code() == Code::bug);
}
