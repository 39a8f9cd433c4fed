// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include <cmath>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "goldens.h"
#include "learn/models.h"
#include "learn/torch/device.h"
#include "learn/torch/losses.h"
#include "learn/torch/module.h"
#include "learn/torch/optimizer.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;
using maskmill::tests::WithinAbs;
using maskmill::tests::WithinRel;
using torch::Tensor;

namespace {

// goldens.py says the same in Python.
Tensor noise(int salt, std::int64_t count) {
  const Tensor value =
      torch::sin(torch::arange(count, torch::kFloat64) * 12.9898 + salt * 78.233) * 43758.5453;
  return (value - value.floor()) * 2 - 1;
}

int salt_of(const std::string& name) {
  int sum = 0;
  for (std::size_t i = 0; i < name.size(); ++i) sum += static_cast<int>(i + 1) * name[i];
  return sum % 1009;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void fill(const std::string& name, Tensor tensor) {
  if (ends_with(name, "num_batches_tracked")) return;
  Tensor values = noise(salt_of(name), tensor.numel()).view(tensor.sizes());
  if (ends_with(name, "running_var"))
    values = 1 + 0.5 * values;
  else if (tensor.dim() == 4)
    values = values * std::sqrt(6.0 / static_cast<double>(tensor[0].numel()));
  else if (name.find("norm") != std::string::npos && ends_with(name, "weight"))
    values = 1 + 0.2 * values;
  else
    values = 0.2 * values;
  const torch::NoGradGuard no_grad;
  tensor.copy_(values);
}

Network small_unet() {
  return Network(build({.name = "unet", .init_features = 4}, 3, 3));
}

Network filled_unet() {
  Network network = small_unet();
  for (const auto& item : network->named_parameters()) fill(item.key(), item.value());
  for (const auto& item : network->named_buffers()) fill(item.key(), item.value());
  network->place(torch::kCPU);
  return network;
}

Tensor images() {
  return noise(3, 2 * 3 * 48 * 32).view({2, 3, 48, 32}).to(torch::kFloat32);
}

Tensor classes() {
  Tensor numbers = ((noise(5, 2 * 48 * 32) + 1) * 1.5).to(torch::kInt64).view({2, 48, 32});
  using torch::indexing::Slice;
  numbers.index_put_({Slice(), Slice(0, 5), Slice(0, 7)}, kIgnoredClass);
  return numbers;
}

std::vector<double> some(const Tensor& tensor) {
  const Tensor flat = tensor.detach().contiguous().flatten();
  std::vector<double> values;
  for (std::int64_t i = 0; i < 12; ++i) values.push_back(flat[i * 997 % flat.numel()].item<double>());
  return values;
}

void check_close(const std::vector<double>& found, const std::vector<double>& expected, double tolerance) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK_THAT(found[i], WithinRel(expected[i], tolerance) || WithinAbs(expected[i], tolerance));
}

double gradient_norm(const Network& network) {
  double sum = 0;
  for (const Tensor& parameter : network->parameters())
    sum += std::pow(parameter.grad().norm().item<double>(), 2);
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("a seed gives the weights that Python's torch.nn draws from it, bit for bit") {
  torch::manual_seed(7);
  const Network network = small_unet();
  const auto parameters = network->named_parameters();
  const auto exactly = [&](const std::string& name, const std::vector<double>& expected) {
    const std::vector<double> found = some(parameters[name]);
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK(static_cast<float>(found[i]) == static_cast<float>(expected[i]));
  };
  exactly("encoder1.enc1conv1.weight", goldens::seed7_encoder1_enc1conv1_weight);
  exactly("bottleneck.bottleneckconv2.weight", goldens::seed7_bottleneck_bottleneckconv2_weight);
  exactly("upconv2.weight", goldens::seed7_upconv2_weight);
  exactly("upconv2.bias", goldens::seed7_upconv2_bias);
  exactly("conv.weight", goldens::seed7_conv_weight);
  exactly("conv.bias", goldens::seed7_conv_bias);
}

TEST_CASE("a module holds the tensors that its graph's state names, in that order") {
  const Network network = small_unet();
  const std::vector<TensorSpec> expected = learn::state_of(network->graph());
  const StateDict state = state_dict(network);
  REQUIRE(state.size() == expected.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    CHECK(state[i].name == expected[i].name);
    CHECK(state[i].shape == expected[i].shape);
  }
  std::size_t trained = 0;
  for (const TensorSpec& spec : expected) trained += spec.trained ? 1 : 0;
  CHECK(network->named_parameters().size() == trained);
}

TEST_CASE("scores, losses and gradients are those of Python's torch") {
  prepare_process(1);
  Network network = filled_unet();
  network->eval();
  check_close(some(network->forward(images()).at("out")), goldens::eval_scores, 2e-5);

  const auto agrees = [&](const LossSettings& settings, const std::vector<double>& expected) {
    network->zero_grad();
    const Tensor loss = Loss(settings)(network->forward(images()).at("out"), classes());
    loss.backward();
    check_close({loss.item<double>(), gradient_norm(network)}, expected, 2e-5);
  };
  agrees({.terms = {"ce"}, .weights = {}}, goldens::eval_ce_and_gradient_norm);
  agrees({.terms = {"bce"}, .weights = {}}, goldens::eval_bce_and_gradient_norm);
  agrees({.terms = {"dice"}, .weights = {}}, goldens::eval_dice_and_gradient_norm);
  agrees({.terms = {"bce", "dice"}, .weights = {}}, goldens::eval_bce_dice_and_gradient_norm);
  agrees({.terms = {"ce", "dice"}, .weights = {0.5, 2}}, goldens::eval_half_ce_two_dice_and_gradient_norm);
}

TEST_CASE("three steps of Adam under one-cycle end where Python's end") {
  prepare_process(1);
  Network network = filled_unet();
  network->train();
  const OptimizerSettings settings{.learning_rate = 0.01, .weight_decay = 1e-2};
  const auto optimizer = make_optimizer(network->parameters(), settings);
  const Schedule schedule({.name = ScheduleKind::one_cycle}, settings, 10);
  const Loss loss(LossSettings{.terms = {"ce"}, .weights = {}});
  for (int step = 0; step < 3; ++step) {
    set_pace(*optimizer, schedule.at(step));
    const Tensor scores = network->forward(images()).at("out");
    if (step == 0) check_close(some(scores), goldens::train_scores, 2e-5);
    optimizer->zero_grad();
    loss(scores, classes()).backward();
    optimizer->step();
  }
  const auto parameters = network->named_parameters();
  const auto buffers = network->named_buffers();
  check_close(some(parameters["conv.weight"]), goldens::trained_conv_weight, 1e-3);
  check_close(some(parameters["encoder1.enc1conv1.weight"]), goldens::trained_enc1conv1_weight, 1e-3);
  check_close(some(buffers["decoder1.dec1norm2.running_mean"]), goldens::trained_running_mean, 1e-3);
  CHECK(buffers["decoder1.dec1norm2.num_batches_tracked"].item<double>() == goldens::trained_batches[0]);
}

TEST_CASE("one-cycle's rate and momentum are OneCycleLR's at every step") {
  const Schedule schedule({.name = ScheduleKind::one_cycle}, {.learning_rate = 0.01}, 10);
  for (std::int64_t step = 0; step < 10; ++step) {
    const auto index = static_cast<std::size_t>(step) * 2;
    CHECK_THAT(schedule.at(step).learning_rate, WithinRel(goldens::one_cycle_rate_and_momentum[index], 1e-7));
    CHECK_THAT(schedule.at(step).momentum, WithinRel(goldens::one_cycle_rate_and_momentum[index + 1], 1e-7));
  }
}

TEST_CASE("schedules of one step and of no warm-up are numbers") {
  for (const double warmup : {0.0, 0.3, 1.0})
    for (const std::int64_t steps : {1, 2, 3}) {
      const Schedule schedule({.name = ScheduleKind::one_cycle, .warmup = warmup}, {.learning_rate = 1},
                              steps);
      for (std::int64_t step = 0; step < steps; ++step) {
        const double rate = schedule.at(step).learning_rate;
        CHECK((rate > 0 && rate <= 1));
      }
    }
  const Schedule constant({.name = ScheduleKind::constant}, {.learning_rate = 0.5, .beta1 = 0.8}, 5);
  CHECK(constant.at(4).learning_rate == 0.5);
  CHECK(constant.at(4).momentum == 0.8);
}

TEST_CASE("scores at ignored pixels change neither a loss nor its gradient elsewhere") {
  const Tensor truth = classes();
  const Tensor ignored = truth.eq(kIgnoredClass).unsqueeze(1);
  for (const std::vector<std::string>& terms :
       {std::vector<std::string>{"ce"}, {"bce"}, {"dice"}, {"bce", "dice"}}) {
    const Loss loss(LossSettings{terms, {}});
    Tensor scores = noise(11, 2 * 3 * 48 * 32).view({2, 3, 48, 32}).to(torch::kFloat32);
    Tensor changed = torch::where(ignored, scores * -7 + 3, scores);
    scores.requires_grad_();
    changed.requires_grad_();
    const Tensor value = loss(scores, truth);
    const Tensor value_changed = loss(changed, truth);
    CHECK(value.item<float>() == value_changed.item<float>());
    value.backward();
    value_changed.backward();
    CHECK(torch::equal(scores.grad(), changed.grad()));
    CHECK(scores.grad().masked_select(ignored).abs().max().item<float>() == 0);
  }
}

TEST_CASE("a batch without any labelled pixel has a loss of 0 and gradients that are numbers") {
  for (const char* const term : {"ce", "bce", "dice"}) {
    Tensor scores = torch::randn({1, 3, 4, 4}, torch::requires_grad());
    const Tensor loss =
        Loss(LossSettings{{term}, {}})(scores, torch::full({1, 4, 4}, kIgnoredClass, torch::kInt64));
    loss.backward();
    CHECK(loss.item<float>() == 0);
    CHECK(scores.grad().abs().max().item<float>() == 0);
  }
}

TEST_CASE("a state dict goes out and back in unchanged") {
  const Network from = filled_unet();
  Network to = small_unet();
  load_state_dict(to, state_dict(from));
  CHECK((state_dict(to) == state_dict(from)));
}

TEST_CASE("weights that do not fit are named by kind, and nothing is replaced") {
  Network network = small_unet();
  const StateDict before = state_dict(network);
  StateDict state = state_dict(filled_unet());
  state[0].name = "encoder1.renamed.weight";
  state.back().shape = {1, 3};
  const Error error = thrown_by([&] { load_state_dict(network, state); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.what(), contains("encoder1.enc1conv1.weight is missing"));
  CHECK_THAT(error.what(), contains("conv.bias is 1x3 instead of 3"));
  CHECK_THAT(error.what(), contains("\"encoder1.renamed.weight\" is unexpected"));
  CHECK((state_dict(network) == before));

  const Error empty = thrown_by([&] { load_state_dict(network, {}); });
  CHECK_THAT(empty.what(), contains("more"));
}

TEST_CASE("bf16 computes in bfloat16 and stays near float32") {
  Network network = filled_unet();
  network->eval();
  const torch::NoGradGuard no_grad;
  const Tensor exact = network->forward(images()).at("out");
  Tensor rounded;
  {
    const Autocast autocast(torch::kCPU, Precision::bf16);
    rounded = network->forward(images()).at("out");
  }
  CHECK(rounded.scalar_type() == torch::kBFloat16);
  CHECK((rounded.to(torch::kFloat32) - exact).abs().mean().item<float>() <
        0.03 * exact.abs().mean().item<float>());
  CHECK(network->forward(images()).at("out").scalar_type() == torch::kFloat32);
}

TEST_CASE("automatic precision is bf16 where the processor says that it computes in it") {
  std::ifstream file("/proc/cpuinfo");
  if (!file) {
    WARN("no /proc/cpuinfo: not shown");
    return;
  }
  std::set<std::string> flags;
  for (std::string word; file >> word;) flags.insert(word);
  const bool has = flags.count("avx512_bf16") > 0 || flags.count("amx_bf16") > 0 || flags.count("bf16") > 0;
  CHECK(computes_in_bf16(torch::kCPU) == has);
  CHECK(choose_precision(Precision::automatic, torch::kCPU) == (has ? Precision::bf16 : Precision::float32));
  CHECK(choose_precision(Precision::float32, torch::kCPU) == Precision::float32);
  CHECK(choose_precision(Precision::bf16, torch::kCPU) == Precision::bf16);
}

TEST_CASE("asking for a GPU where there is none says what is missing") {
  if (torch::cuda::is_available()) {
    WARN("a GPU is there: not shown");
    return;
  }
  const Error error = thrown_by([] { choose_device(Device::cuda); });
  CHECK(error.code() == Code::usage);
  CHECK_THAT(error.what(), contains("device=cpu"));
  CHECK(choose_device(Device::automatic).is_cpu());
}
