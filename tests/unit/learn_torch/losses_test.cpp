// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "goldens.h"
#include "learn/torch/device.h"
#include "torch_support.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;

TEST_CASE("scores, losses and gradients are those of Python's torch and segmentation_models_pytorch") {
  prepare_process(1);
  Network network = filled_unet();
  network->eval();
  check_close(some(network->forward(images()).at("out")), goldens::eval_scores, 2e-5);

  const std::vector<double> weights{1, 2, 0.5};
  const auto agrees_on = [&](const LossSettings& settings, const std::vector<double>& class_weights,
                             const Tensor& truth, const std::vector<double>& expected) {
    INFO(settings.terms.front());
    network->zero_grad();
    const Tensor loss = Loss(settings, class_weights)(network->forward(images()).at("out"), truth);
    loss.backward();
    check_close({loss.item<double>(), gradient_norm(network)}, expected, 2e-5);
  };
  const auto agrees = [&](const LossSettings& settings, const std::vector<double>& expected) {
    agrees_on(settings, {}, classes(), expected);
  };
  agrees({.terms = {"ce"}}, goldens::eval_ce_and_gradient_norm);
  agrees({.terms = {"bce"}}, goldens::eval_bce_and_gradient_norm);
  agrees({.terms = {"dice"}}, goldens::eval_dice_and_gradient_norm);
  agrees({.terms = {"bce", "dice"}}, goldens::eval_bce_dice_and_gradient_norm);
  agrees({.terms = {"ce", "dice"}, .weights = {0.5, 2}}, goldens::eval_half_ce_two_dice_and_gradient_norm);
  agrees({.terms = {"dice"}, .smooth = 0}, goldens::eval_plain_dice_and_gradient_norm);
  agrees({.terms = {"jaccard"}}, goldens::eval_jaccard_and_gradient_norm);
  agrees({.terms = {"focal"}}, goldens::eval_focal_and_gradient_norm);
  agrees({.terms = {"focal"}, .activation = Activation::sigmoid},
         goldens::eval_sigmoid_focal_and_gradient_norm);
  agrees_on({.terms = {"ce"}}, weights, classes(), goldens::eval_weighted_ce_and_gradient_norm);
  agrees_on({.terms = {"dice"}}, weights, classes(), goldens::eval_weighted_dice_and_gradient_norm);
  agrees_on({.terms = {"focal"}, .activation = Activation::sigmoid, .focal_gamma = 1.5}, weights, classes(),
            goldens::eval_weighted_sigmoid_focal_and_gradient_norm);
  const Tensor without_two = torch::where(classes().eq(2), 0, classes());
  agrees_on({.terms = {"dice"}}, {}, without_two, goldens::eval_dice_of_two_and_gradient_norm);
}

TEST_CASE("focal of gamma 0 is cross entropy, whatever the weights") {
  const Tensor scores = noise(11, 2 * 3 * 48 * 32).view({2, 3, 48, 32}).to(torch::kFloat32) * 4;
  for (const std::vector<double>& weights : {std::vector<double>{}, {1, 2, 0.5}}) {
    const auto value = [&](LossSettings settings) {
      settings.focal_gamma = 0;
      return Loss(settings, weights)(scores, classes()).item<double>();
    };
    CHECK_THAT(value({.terms = {"focal"}}), WithinRel(value({.terms = {"ce"}}), 1e-6));
    CHECK_THAT(value({.terms = {"focal"}, .activation = Activation::sigmoid}),
               WithinRel(value({.terms = {"bce"}}), 1e-6));
  }
}

TEST_CASE("a pixel that is as sure as can be has gradients that are numbers") {
  for (const double gamma : {0.0, 0.5, 2.0})
    for (const Activation activation : {Activation::softmax, Activation::sigmoid}) {
      Tensor scores = torch::tensor({100.F, -100.F, -100.F}).view({1, 3, 1, 1}).requires_grad_();
      const LossSettings settings{.terms = {"focal"}, .activation = activation, .focal_gamma = gamma};
      Loss(settings, {})(scores, torch::zeros({1, 1, 1}, torch::kInt64)).backward();
      CHECK(scores.grad().isfinite().all().item<bool>());
    }
}

TEST_CASE("scores at ignored pixels change neither a loss nor its gradient elsewhere") {
  const Tensor truth = classes();
  const Tensor ignored = truth.eq(kIgnoredClass).unsqueeze(1);
  for (const std::vector<std::string>& terms : {std::vector<std::string>{"ce"},
                                                {"bce"},
                                                {"dice"},
                                                {"jaccard"},
                                                {"focal"},
                                                {"bce", "dice"},
                                                {"bce", "focal"}}) {
    const Loss loss(LossSettings{.terms = terms}, {0.5, 1, 3});
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
  for (const char* const term : {"ce", "bce", "dice", "jaccard", "focal"}) {
    Tensor scores = torch::randn({1, 3, 4, 4}, torch::requires_grad());
    const Tensor loss =
        Loss(LossSettings{.terms = {term}}, {})(scores, torch::full({1, 4, 4}, kIgnoredClass, torch::kInt64));
    loss.backward();
    CHECK(loss.item<float>() == 0);
    CHECK(scores.grad().abs().max().item<float>() == 0);
  }
}
