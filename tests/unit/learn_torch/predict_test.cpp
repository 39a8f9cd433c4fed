// SPDX-License-Identifier: Apache-2.0
#include "learn/predict.h"

#include <torch/torch.h>

#include <opencv2/core.hpp>

#include "catch.h"
#include "learn/augment.h"
#include "learn/tensor_file.h"
#include "learn/torch/input.h"
#include "learn/torch/module.h"
#include "support/drawn_shapes.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::tests;

namespace {

ModelCard small_card(bool independent = false) {
  ModelCard card;
  card.model.init_features = 4;
  card.input.width = 32;
  card.input.height = 48;
  card.independent = independent;
  for (const char* name : {"background", "disc", "box"}) {
    Label label;
    label.name = name;
    label.id = card.classes.size();
    card.classes.add(label);
  }
  return card;
}

Network random_network(const ModelCard& card) {
  torch::manual_seed(3);
  Network network(build(card.model, 3, card.classes.size()));
  network->eval();
  return network;
}

/// A run with random weights.
Path untrained_run(const Scratch& scratch, const ModelCard& card) {
  const RunFolder run = RunFolder::create(scratch / "run", Overwrite::no);
  TrainSettings settings;
  static_cast<ModelSettings&>(settings.model) = card.model;
  settings.input = card.input;
  RunFolder::Files files = files_of(card);
  files.emplace_back("config.json", to_text(to_json(settings_of(settings))));
  files.emplace_back("model.pth", encode_pth(state_dict(random_network(card))));
  run.begin(files);
  return run.path();
}

PredictSettings with_probabilities() {
  PredictSettings settings;
  settings.device = Device::cpu;
  settings.threads = 1;
  settings.batch_size = 2;
  settings.probabilities = true;
  return settings;
}

cv::Mat picture(int width, int height) {
  return drawn_shape({std::max(width, 32), std::max(height, 32)}, 1)
      .picture(cv::Rect(0, 0, width, height))
      .clone();
}

bool nearly_same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) < 1e-5;
}

}  // namespace

TEST_CASE("a prediction has its picture's size, and its parts agree with each other") {
  const Scratch scratch;
  const bool independent = GENERATE(false, true);
  const auto predictor =
      Predictor::open(untrained_run(scratch, small_card(independent)), with_probabilities());
  const std::vector<cv::Mat> pictures{picture(1, 1), picture(17, 31), picture(32, 48), picture(200, 3),
                                      picture(150, 90)};
  const std::vector<Prediction> predictions = predictor->predict_pictures(pictures);
  REQUIRE(predictions.size() == pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const Prediction& one = predictions[i];
    REQUIRE(one.labels.size() == pictures[i].size());
    REQUIRE(one.labels.type() == CV_16UC1);
    REQUIRE(one.confidence.type() == CV_32FC1);
    REQUIRE(one.probabilities.size() == 3);
    double worst_sum = 0;
    bool chosen_is_largest = true;
    for (int y = 0; y < one.labels.rows; ++y)
      for (int x = 0; x < one.labels.cols; ++x) {
        double sum = 0;
        for (const cv::Mat& plane : one.probabilities) {
          sum += plane.at<float>(y, x);
          chosen_is_largest = chosen_is_largest && plane.at<float>(y, x) <= one.confidence.at<float>(y, x);
        }
        const auto chosen = one.labels.at<std::uint16_t>(y, x);
        chosen_is_largest = chosen_is_largest &&
                            one.probabilities.at(chosen).at<float>(y, x) == one.confidence.at<float>(y, x);
        worst_sum = std::max(worst_sum, std::abs(sum - 1));
      }
    CHECK(chosen_is_largest);
    if (!independent) CHECK(worst_sum < 1e-5);
    // A picture's prediction does not depend on its neighbours in the batch.
    const Prediction alone = predictor->predict_pictures({pictures[i]}).front();
    CHECK(nearly_same(alone.confidence, one.confidence));
  }
  CHECK(predictor->predict_pictures({}).empty());
}

TEST_CASE("scores are upsampled as torch's bilinear interpolation does, in strips or whole") {
  const Scratch scratch;
  const ModelCard card = small_card();
  const auto predictor = Predictor::open(untrained_run(scratch, card), with_probabilities());
  Network network = random_network(card);
  const torch::NoGradGuard no_grad;
  for (const cv::Size size : {cv::Size(7, 5), cv::Size(45, 100), cv::Size(2400, 1300)}) {
    const cv::Mat given = picture(size.width, size.height);
    Sample sample;
    sample.image = given;
    resize(sample, {card.input.width, card.input.height});
    const torch::Tensor pixels =
        torch::from_blob(sample.image.data, {1, card.input.height, card.input.width, 3}, torch::kUInt8);
    const torch::Tensor scores = network->forward(NetworkInput(card.input, torch::kCPU)(pixels)).at("out");
    const torch::Tensor expected =
        at::upsample_bilinear2d(scores, {size.height, size.width}, /*align_corners=*/false).softmax(1)[0];
    const Prediction found = predictor->predict_pictures({given}).front();
    for (std::int64_t i = 0; i < 3; ++i) {
      const torch::Tensor plane =
          torch::from_blob(found.probabilities[static_cast<std::size_t>(i)].data, {size.height, size.width});
      CHECK((plane - expected[i]).abs().max().item<float>() < 1e-5);
    }
  }
}

TEST_CASE("mirrored prediction treats left and right alike") {
  const Scratch scratch;
  const Path run = untrained_run(scratch, small_card());
  PredictSettings settings = with_probabilities();
  settings.mirror = GENERATE(false, true);
  const auto predictor = Predictor::open(run, settings);
  const cv::Mat given = picture(64, 48);  // a whole number of pixels to one of the network's
  cv::Mat turned, turned_back;
  cv::flip(given, turned, 1);
  cv::flip(predictor->predict_pictures({turned}).front().probabilities.front(), turned_back, 1);
  CHECK(nearly_same(predictor->predict_pictures({given}).front().probabilities.front(), turned_back) ==
        settings.mirror);
}

TEST_CASE("bf16 predicts nearly what float32 does") {
  const Scratch scratch;
  const Path run = untrained_run(scratch, small_card());
  PredictSettings settings = with_probabilities();
  const cv::Mat exact =
      Predictor::open(run, settings)->predict_pictures({picture(40, 60)}).front().confidence;
  settings.precision = Precision::bf16;
  const cv::Mat rounded =
      Predictor::open(run, settings)->predict_pictures({picture(40, 60)}).front().confidence;
  CHECK(cv::norm(exact, rounded, cv::NORM_INF) < 0.02);
}

TEST_CASE("weights of another network are refused with the file and the first tensor") {
  const Scratch scratch;
  const Path run = untrained_run(scratch, small_card());
  ModelCard wider = small_card();
  wider.model.init_features = 8;
  RunFolder::open(run).write("model.pth", encode_pth(state_dict(random_network(wider))));
  const Error error = thrown_by([&] { Predictor::open(run, {.device = Device::cpu}); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.what(),
             contains("model.pth") && contains("encoder1.enc1conv1.weight is 8x3x3x3 instead of 4x3x3x3"));
}

TEST_CASE("a folder that is no run is refused before anything is computed") {
  const Scratch scratch;
  CHECK(thrown_by([&] { Predictor::open(scratch / "none", {}); }).code() == Code::not_found);
  scratch.write("some/file.txt", "x");
  CHECK(thrown_by([&] { Predictor::open(scratch / "some", {}); }).code() == Code::bad_format);
}
