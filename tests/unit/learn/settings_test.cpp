// SPDX-License-Identifier: Apache-2.0
#include "learn/settings.h"

#include <functional>
#include <limits>

#include "catch.h"
#include "learn/model_card.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

namespace {
void refuse(const std::string& field, const std::function<void(TrainSettings&)>& change) {
  TrainSettings settings;
  change(settings);
  INFO(field);
  const Error error = thrown_by([&] { validate(settings); });
  CHECK(error.code() == Code::usage);
  CHECK(error.place().field == field);
}
}  // namespace

TEST_CASE("the defaults are legal, and legal again after a trip through JSON") {
  TrainSettings settings;
  CHECK_NOTHROW(validate(settings));
  settings.loss = {.terms = {"ce", "dice"}, .weights = {1, 0.5}};
  const Json document = to_json(settings_of(settings));
  TrainSettings again;
  assign_document(settings_of(again), document);
  CHECK(to_json(settings_of(again)) == document);
}

TEST_CASE("settings that do not go together are refused at their key") {
  refuse("input.width", [](auto& s) { s.input.width = 250; });
  refuse("input.height", [](auto& s) { s.input.height = 8; });
  refuse("model.name", [](auto& s) { s.model.name = "unett"; });
  refuse("input.mean", [](auto& s) { s.input.mean = {0.5}; });
  refuse("input.std", [](auto& s) { s.input.std = {1, 1}; });
  refuse("input.std", [](auto& s) { s.input.std = {1, 0, 1}; });
  refuse("input.mean", [](auto& s) { s.input.mean[1] = std::numeric_limits<double>::quiet_NaN(); });
  refuse("loss.terms", [](auto& s) { s.loss.terms = {}; });
  refuse("loss.terms", [](auto& s) { s.loss.terms = {"ce", "ce"}; });
  refuse("loss.terms", [](auto& s) { s.loss.terms = {"mse"}; });
  refuse("loss.weights", [](auto& s) { s.loss.weights = {1, 1}; });
  refuse("loss.weights", [](auto& s) { s.loss.weights = {-1}; });
  refuse("optimizer.beta1", [](auto& s) { s.optimizer.beta1 = 1; });
  refuse("optimizer.beta2", [](auto& s) { s.optimizer.beta2 = 1; });
  refuse("optimizer.momentum", [](auto& s) { s.optimizer.momentum = 1; });
  refuse("optimizer.nesterov", [](auto& s) { s.optimizer.nesterov = true; });
  refuse("loss.activation", [](auto& s) { s.loss.activation = Activation::sigmoid; });
  refuse("loss.activation", [](auto& s) { s.loss.terms = {"bce"}, s.loss.activation = Activation::softmax; });
  refuse("loss.class-weights", [](auto& s) { s.loss.class_weights = {1, 0}; });
  refuse("loss.balance", [](auto& s) {
    s.loss.class_weights = {1, 2}, s.loss.balance = ClassBalance::median;
  });
  refuse("schedule.warmup", [](auto& s) { s.schedule.warmup = s.epochs; });
  refuse("schedule.milestones", [](auto& s) { s.schedule.milestones = {5, 3}; });
  refuse("schedule.milestones", [](auto& s) { s.schedule.name = ScheduleKind::multistep; });
  refuse("gradients.clip-norm", [](auto& s) { s.gradients.clip_norm = 0; });
  refuse("augment.scale-low", [](auto& s) { s.augment.scale_low = 1.5; });
}

TEST_CASE("a wrong input size is answered with the sizes beside it") {
  TrainSettings settings;
  settings.input.width = 250;
  const Error error = thrown_by([&] { validate(settings); });
  CHECK_THAT(error.hint_text(), contains("240") && contains("256"));
}

TEST_CASE("a loss goes by its name") {
  CHECK(loss_kind("ce") == LossKind::ce);
  CHECK(loss_kind("dice") == LossKind::dice);
  CHECK(thrown_by([] { loss_kind("CE"); }).code() == Code::usage);
}

TEST_CASE("bce alone gives each class a chance of its own, unless another activation is asked for") {
  CHECK_FALSE(is_independent({.terms = {"ce"}}));
  CHECK_FALSE(is_independent({.terms = {"dice"}}));
  CHECK_FALSE(is_independent({.terms = {"ce", "bce"}}));
  CHECK(is_independent({.terms = {"bce", "dice"}}));
  CHECK(is_independent({.terms = {"dice"}, .activation = Activation::sigmoid}));
}

TEST_CASE("a detector's norm-eps is that of the weights it begins with") {
  const maskmill::tests::Scratch scratch;
  const auto eps = [](const std::string& model, std::optional<std::string> weights,
                      std::optional<std::string> init = std::nullopt) {
    TrainSettings settings;
    settings.model.name = model;
    settings.model.weights = std::move(weights);
    settings.init = std::move(init);
    return *resolved(settings).model.detector.norm_eps;
  };
  const std::string mask_rcnn = "maskrcnn_resnet50_fpn";
  CHECK(eps(mask_rcnn, std::nullopt) == 1e-5);
  CHECK(eps(mask_rcnn, "ResNet50_Weights.IMAGENET1K_V1") == 1e-5);
  CHECK(eps(mask_rcnn, "MaskRCNN_ResNet50_FPN_Weights.COCO_V1") == 0);
  CHECK(eps(mask_rcnn, "/data/maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth") == 0);
  CHECK(eps("maskrcnn_resnet50_fpn_v2", "MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1") == 1e-5);

  ModelCard card;
  card.model.name = mask_rcnn;
  card.model.detector.norm_eps = 0.25;
  for (const char* name : {"background", "cat"}) {
    Label label;
    label.name = name;
    card.classes.add(label);
  }
  scratch.write("run/model.json", to_text(to_json(card)));
  scratch.write("run/last.pth", "");
  scratch.write("other/model.json", "[]");
  for (const char* weights : {"run", "run/last.pth"}) {
    CHECK(eps(mask_rcnn, std::nullopt, (scratch / weights).string()) == 0.25);
    CHECK(eps(mask_rcnn, (scratch / weights).string()) == 0.25);
  }
  CHECK(eps("fasterrcnn_resnet50_fpn", (scratch / "run").string()) == 1e-5);
  CHECK(eps(mask_rcnn, (scratch / "other/a.pth").string()) == 1e-5);
}
