// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "goldens.h"
#include "learn/torch/device.h"
#include "support/scratch.h"
#include "torch_support.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

TEST_CASE("a seed gives the weights that Python's torch.nn draws from it, bit for bit") {
  torch::manual_seed(7);
  const Network network = small_unet();
  const auto parameters = network->named_parameters();
  const auto exactly = [&](const std::string& name, const std::vector<double>& expected) {
    check_same_floats(some(parameters[name]), expected);
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

TEST_CASE("three steps of Adam under one-cycle end where Python's end") {
  prepare_process(1);
  Network network = filled_unet();
  network->train();
  const OptimizerSettings settings{.learning_rate = 0.01, .weight_decay = 1e-2};
  const auto optimizer = make_optimizer(parameters_of(*network), settings);
  const Schedule schedule({.name = ScheduleKind::one_cycle}, settings, 10, 1);
  const Loss loss(LossSettings{.terms = {"ce"}}, {});
  for (int step = 0; step < 3; ++step) {
    const Tensor scores = network->forward(images()).at("out");
    if (step == 0) check_close(some(scores), goldens::train_scores, 2e-5);
    optimizer->zero_grad();
    loss(scores, classes()).backward();
    optimizer->step(schedule.at(step));
  }
  const auto parameters = network->named_parameters();
  const auto buffers = network->named_buffers();
  check_close(some(parameters["conv.weight"]), goldens::trained_conv_weight, 1e-3);
  check_close(some(parameters["encoder1.enc1conv1.weight"]), goldens::trained_enc1conv1_weight, 1e-3);
  check_close(some(buffers["decoder1.dec1norm2.running_mean"]), goldens::trained_running_mean, 1e-3);
  CHECK(buffers["decoder1.dec1norm2.num_batches_tracked"].item<double>() == goldens::trained_batches[0]);
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

TEST_CASE("torchvision's networks are drawn, score and learn as in Python") {
  prepare_process(2);
  struct Expected {
    const char* name;
    const char* head;
    const std::vector<double>&conv1, &downsample, &conv3, &head_weight, &aux_bias, &scores, &aux_scores,
        &loss_and_norms;
  };
  namespace g = goldens;
  for (const Expected& expected :
       {Expected{"fcn_resnet50", "classifier.4.weight", g::fcn_resnet50_seed7_backbone_conv1_weight,
                 g::fcn_resnet50_seed7_backbone_layer1_0_downsample_0_weight,
                 g::fcn_resnet50_seed7_backbone_layer4_2_conv3_weight,
                 g::fcn_resnet50_seed7_classifier_4_weight, g::fcn_resnet50_seed7_aux_classifier_4_bias,
                 g::fcn_resnet50_eval_scores, g::fcn_resnet50_train_aux_scores,
                 g::fcn_resnet50_loss_and_gradient_norm},
        Expected{"deeplabv3_resnet50", "classifier.0.convs.4.1.weight",
                 g::deeplabv3_resnet50_seed7_backbone_conv1_weight,
                 g::deeplabv3_resnet50_seed7_backbone_layer1_0_downsample_0_weight,
                 g::deeplabv3_resnet50_seed7_backbone_layer4_2_conv3_weight,
                 g::deeplabv3_resnet50_seed7_classifier_0_convs_4_1_weight,
                 g::deeplabv3_resnet50_seed7_aux_classifier_4_bias, g::deeplabv3_resnet50_eval_scores,
                 g::deeplabv3_resnet50_train_aux_scores, g::deeplabv3_resnet50_loss_and_gradient_norm}}) {
    INFO(expected.name);
    torch::manual_seed(7);
    Network network(build({.name = expected.name, .aux = true}, 3, 3));
    const auto parameters = network->named_parameters();
    check_same_floats(some(parameters["backbone.conv1.weight"]), expected.conv1);
    check_same_floats(some(parameters["backbone.layer1.0.downsample.0.weight"]), expected.downsample);
    check_same_floats(some(parameters["backbone.layer4.2.conv3.weight"]), expected.conv3);
    check_same_floats(some(parameters[expected.head]), expected.head_weight);
    check_same_floats(some(parameters["aux_classifier.4.bias"]), expected.aux_bias);

    fill(network);
    network->to(torch::kFloat64);
    const Tensor input = images(41, 56, torch::kFloat64);
    network->eval();
    {
      const torch::NoGradGuard no_grad;
      const auto outputs = network->forward(input);
      CHECK(outputs.count("aux") == 0);
      check_close(some(outputs.at("out")), expected.scores, 1e-6);
    }
    network->train();
    for (const auto& module : network->modules())
      if (module->as<torch::nn::Dropout>() != nullptr) module->eval();
    auto outputs = network->forward(input);
    check_close(some(outputs.at("aux")), expected.aux_scores, 1e-6);
    const Loss ce(LossSettings{}, {});
    const Tensor loss =
        ce(outputs.at("out"), known_classes(41, 56)) + 0.5 * ce(outputs.at("aux"), known_classes(41, 56));
    loss.backward();
    check_close({loss.item<double>(), gradient_norm(network),
                 parameters["backbone.conv1.weight"].grad().norm().item<double>()},
                expected.loss_and_norms, 1e-5);
  }
}

TEST_CASE("a frozen encoder keeps its weights and statistics, and the rest learns") {
  Network network = filled_unet();
  const StateDict before = state_dict(network);
  const auto optimizer = make_optimizer(parameters_of(*network), {});
  network->train();
  network->freeze_encoder(true);
  const auto step = [&] {
    optimizer->zero_grad();
    Loss(LossSettings{}, {})(network->forward(images()).at("out"), classes()).backward();
    optimizer->step({.learning_rate = 0.1, .momentum = 0.9});
  };
  step();
  const auto changed = [&](const StateDict& than) {
    std::set<bool> of_encoder, of_decoder;
    const StateDict after = state_dict(network);
    for (std::size_t i = 0; i < after.size(); ++i) {
      const bool encoder = after[i].name.starts_with("encoder") || after[i].name.starts_with("bottleneck");
      (encoder ? of_encoder : of_decoder).insert(after[i].bytes != than[i].bytes);
    }
    return std::pair(of_encoder, of_decoder);
  };
  CHECK((changed(before) == std::pair(std::set{false}, std::set{true})));
  network->freeze_encoder(false);
  step();
  CHECK((changed(before) == std::pair(std::set{true}, std::set{true})));
}
