// SPDX-License-Identifier: Apache-2.0
// Detectors held, stage by stage, against torchvision's.
#include <zlib.h>

#include "detection_support.h"
#include "goldens.h"
#include "learn/torch/device.h"
#include "learn/torch/torchscript_file.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;

namespace {

constexpr double kTolerance = 1e-6;

std::string listed(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

std::vector<double> counts(const std::vector<Tensor>& of_pictures) {
  std::vector<double> all;
  for (const Tensor& one : of_pictures) all.push_back(static_cast<double>(one.size(0)));
  return all;
}

ModelCard card_of(const InputSettings& input, const std::vector<std::string>& classes) {
  ModelCard card{{.name = "maskrcnn_resnet50_fpn"}, input, {}, false};
  for (const std::string& name : classes) {
    Label label;
    label.name = name;
    card.classes.add(label);
  }
  return card;
}

void require_scripted(Network& network, const ModelCard& card) {
  network->place(torch::kCPU);
  network->eval();
  torch::jit::Module module = scripted(network, card);
  CHECK_NOTHROW(require_same(module, network, card));
}

}  // namespace

TEST_CASE("a detector has the tensors of torchvision's, by name, shape and order") {
  for (const DetectorArchitecture* architecture : detectors()) {
    INFO(architecture->name);
    std::string lines;
    for (const TensorSpec& spec : state_of(architecture->build(kClasses, {})))
      lines += spec.name + " " + listed(spec.shape) + "\n";
    const auto number =
        ::crc32(0, reinterpret_cast<const Bytef*>(lines.data()), static_cast<uInt>(lines.size()));
    CHECK(static_cast<double>(number) ==
          goldens::detectors.at(std::string(architecture->name)).at("state").front());
  }
}

TEST_CASE("a seed gives a detector the weights that Python draws from it, bit for bit") {
  for (const DetectorArchitecture* architecture : detectors()) {
    torch::manual_seed(7);
    const Network network(architecture->build(kClasses, {}));
    const auto parameters = network->named_parameters();
    std::size_t seen = 0;
    for (const auto& [what, expected] : goldens::detectors.at(std::string(architecture->name))) {
      const std::string seed = "seed 7: ";
      if (!what.starts_with(seed)) continue;
      INFO(architecture->name << " " << what);
      ++seen;
      check_same_floats(some(parameters[what.substr(seed.size())]), expected);
    }
    CHECK(seen >= 6);
  }
}

TEST_CASE("pictures become the batch that torchvision's transform makes of them") {
  const PictureBatch made = batch();
  CHECK(listed(made.pixels.sizes().vec()) == "[2, 3, 128, 128]");
  std::vector<double> sizes;
  for (const Extent& size : made.pictures)
    sizes.insert(sizes.end(), {double(size.height), double(size.width)});
  CHECK(sizes == goldens::batch.at("sizes"));
  check_close(some(made.pixels), goldens::batch.at("pixels"), kTolerance);
}

TEST_CASE("every stage of a detector gives torchvision's numbers") {
  prepare_process(0);
  const torch::NoGradGuard no_grad;
  for (const DetectorArchitecture* architecture : detectors()) {
    const goldens::Numbers& expected = goldens::detectors.at(std::string(architecture->name));
    Detector detector = filled(*architecture);
    detector.network()->eval();
    const PictureBatch pictures = batch();
    const auto same = [&](const std::string& what, const Tensor& found) {
      INFO(architecture->name << " " << what);
      check_close(some(found), expected.at(what), kTolerance);
    };
    const Detector::Seen seen = detector.see(pictures);
    const std::vector<Tensor>& features = seen.features;
    for (std::size_t i = 0; i < features.size(); ++i)
      same(std::string("features ") + learn::detector::kLevels.at(i), features[i]);
    const AnchorScores& anchors = seen.anchors;
    same("objectness", anchors.objectness);
    same("anchor deltas", anchors.deltas);
    same("anchors", anchors.anchors);
    const std::vector<Tensor> proposals = proposals_of(anchors, pictures.pictures, kSettings, false);
    CHECK(counts(proposals) == expected.at("proposal counts"));
    same("proposals", torch::cat(proposals));
    same("pooled", pooled({features.begin(), features.end() - 1}, proposals, learn::detector::kBoxPoolSize));

    const std::vector<Detections> found = detector.detect(pictures, Precision::float32);
    std::vector<Tensor> boxes, labels, scores, masks;
    for (const Detections& of_picture : found) {
      boxes.push_back(of_picture.boxes);
      labels.push_back(of_picture.labels);
      scores.push_back(of_picture.scores);
      if (architecture->masks) masks.push_back(of_picture.masks);
    }
    CHECK(counts(boxes) == expected.at("detection counts"));
    same("detected boxes", torch::cat(boxes));
    same("detected labels", torch::cat(labels));
    same("detected scores", torch::cat(scores));
    if (architecture->masks) same("detected masks", torch::cat(masks));
  }
}

TEST_CASE("prepared for inference, a detector sees what it saw before") {
  prepare_process(0);
  const torch::NoGradGuard no_grad;
  for (const DetectorArchitecture* architecture : detectors()) {
    INFO(architecture->name);
    Detector detector = filled(*architecture);
    detector.network()->to(torch::kFloat32);
    detector.network()->eval();
    PictureBatch pictures = batch();
    pictures.pixels = pictures.pixels.to(torch::kFloat32);
    const Detector::Seen before = detector.see(pictures);
    detector.network()->prepare_for_inference(Precision::float32);
    const Detector::Seen after = detector.see(pictures);
    const auto near = [](const Tensor& one, const Tensor& other) {
      return (one - other).abs().max().item<double>() < 1e-5 * other.abs().max().item<double>();
    };
    for (std::size_t i = 0; i < before.features.size(); ++i)
      CHECK(near(after.features[i], before.features[i]));
    CHECK(near(after.anchors.objectness, before.anchors.objectness));
    CHECK(near(after.anchors.deltas, before.anchors.deltas));
    for (const Detections& found : detector.detect(pictures, Precision::float32))
      CHECK(found.masks.defined() == architecture->masks);
  }
}

TEST_CASE("a higher least score leaves out what falls short of it, and changes nothing else") {
  prepare_process(0);
  const DetectorArchitecture& architecture = *detector_of({.name = "maskrcnn_resnet50_fpn"});
  const auto detect = [&](const DetectorSettings& settings) {
    Detector detector = filled(architecture, settings);
    detector.network()->eval();
    return detector.detect(batch(), Precision::float32);
  };
  const std::vector<Detections> all = detect(kSettings);
  for (const std::int64_t kept : {0, 1, 7}) {
    DetectorSettings settings = kSettings;
    const double score = all[0].scores[kept].item<double>();
    settings.box_score_thresh = score;
    const Detections few = detect(settings)[0];
    CHECK(torch::equal(few.scores, all[0].scores.narrow(0, 0, kept)));
    CHECK(torch::equal(few.boxes, all[0].boxes.narrow(0, 0, kept)));
    CHECK(torch::allclose(few.masks, all[0].masks.narrow(0, 0, kept), 0, 1e-12));
  }
}

TEST_CASE("a step's losses and gradients are torchvision's, as is what a seed draws for them") {
  prepare_process(0);
  for (const DetectorArchitecture* architecture : detectors()) {
    INFO(architecture->name);
    const goldens::Numbers& expected = goldens::detectors.at(std::string(architecture->name));
    Detector detector = filled(*architecture);
    detector.network()->train();
    torch::manual_seed(11);
    // torchvision's transform draws each picture's size, even of one.
    for (std::size_t i = 0; i < pictures().size(); ++i) torch::empty({1}).uniform_(0, 1);
    Tensor sum;
    std::vector<double> losses;
    for (const auto& [name, loss] : detector.losses(batch(), targets(), Precision::float32)) {
      losses.push_back(loss.item<double>());
      sum = sum.defined() ? sum + loss : loss;
    }
    check_close(losses, expected.at("losses"), kTolerance);
    sum.backward();
    const auto parameters = detector.network()->named_parameters();
    const auto norm = [&](const std::string& name) { return parameters[name].grad().norm().item<double>(); };
    double all = 0;
    for (const auto& parameter : parameters) {
      INFO(parameter.key());
      REQUIRE(parameter.value().grad().defined());
      const double own = norm(parameter.key());
      // Else the losses would not show that this tensor is wrong.
      CHECK(own > 0);
      all += own * own;
    }
    check_close(
        {std::sqrt(all), norm("backbone.body.conv1.weight"), norm("backbone.fpn.layer_blocks.0.0.weight"),
         norm("rpn.head.cls_logits.bias"), norm("roi_heads.box_predictor.cls_score.weight")},
        expected.at("gradient norms"), kTolerance);
  }
}

TEST_CASE("no buffer of a detector can be wrong without its outputs showing it") {
  prepare_process(1);  // many small steps
  const torch::NoGradGuard no_grad;
  const PictureBatch doubles =
      batch_of({(noise(5, 3 * 32 * 32).view({3, 32, 32}) + 1) / 2}, {.min_size = 32, .max_size = 32});
  const PictureBatch picture{doubles.pixels.to(torch::kFloat32), doubles.pictures};
  for (const DetectorArchitecture* architecture : {&maskrcnn_resnet50_fpn(), &maskrcnn_resnet50_fpn_v2()}) {
    const bool is_first = architecture == &maskrcnn_resnet50_fpn();
    DetectorSettings settings = kSettings;
    settings.norm = is_first ? BackboneNorm::frozen : BackboneNorm::batch;
    settings.rpn_post_nms_top_n_test = 4;
    Detector detector = filled(*architecture, settings);
    detector.network()->to(torch::kFloat32);
    detector.network()->eval();
    const auto outputs = [&](bool of_heads) {
      const Detector::Seen seen = detector.see(picture);
      std::vector<Tensor> all{seen.anchors.objectness.flatten(), seen.anchors.deltas.flatten()};
      for (const Tensor& level : seen.features) all.push_back(level.flatten());
      if (of_heads)
        for (const Detections& found : detector.detect(seen, picture))
          all.insert(all.end(), {found.boxes.flatten(), found.scores, found.masks.flatten()});
      return torch::cat(all);
    };
    const Tensor of_backbone = outputs(false), of_all = outputs(true);
    REQUIRE(of_all.isfinite().all().item<bool>());
    REQUIRE(of_all.numel() > of_backbone.numel());
    const auto differ = [](const Tensor& a, const Tensor& b) {
      return a.sizes() != b.sizes() || !torch::allclose(a, b, 1e-4, 1e-4);
    };
    std::size_t perturbed = 0;
    for (const auto& buffer : detector.network()->named_buffers()) {
      if (buffer.key().ends_with("num_batches_tracked")) continue;
      INFO(architecture->name << " " << buffer.key());
      ++perturbed;
      const Tensor right = buffer.value().clone();
      buffer.value().mul_(1.1).add_(0.01);
      const bool is_of_head = buffer.key().starts_with("roi_heads.");
      CHECK(differ(outputs(is_of_head), is_of_head ? of_all : of_backbone));
      buffer.value().copy_(right);
    }
    // Four of each of the backbone's 53, or two, with the pyramid's 8 and the heads' 4 each.
    CHECK(perturbed == (is_first ? 4U * 53 : 2U * (53 + 8 + 4 + 4)));
    CHECK(torch::equal(outputs(true), of_all));
  }
}

TEST_CASE("a detector is scripted as it computes, also where its scores are all but equal") {
  prepare_process(0);
  const ModelCard card = card_of({.min_size = 384, .max_size = 384}, {"background", "one", "two", "three"});
  Network network(build(card.model, 3, card.classes.size()));
  fill(network);
  {
    const torch::NoGradGuard no_grad;
    for (const auto& item : network->named_parameters())
      if (item.key().find("cls_score.weight") != std::string::npos) item.value().mul_(1e-6);
  }
  require_scripted(network, card);
}

TEST_CASE("a detector is scripted with whole numbers among its settings, as COCO_V1's norm-eps of 0") {
  prepare_process(0);
  ModelCard card = card_of({.min_size = 64, .max_size = 64}, {"background", "one"});
  card.model.detector.norm = BackboneNorm::frozen;
  card.model.detector.norm_eps = 0;
  card.model.detector.rpn_nms_thresh = 1;
  card.model.detector.box_nms_thresh = 1;
  card.model.detector.box_score_thresh = 0;
  card.input.mean = {0, 0.5, 0.5};
  card.input.std = {1, 1, 0.25};
  Network network(build(card.model, 3, card.classes.size()));
  fill(network);
  require_scripted(network, card);
}

TEST_CASE("a detector's losses have the names that it gives beforehand") {
  prepare_process(0);
  for (const DetectorArchitecture* architecture : {&fasterrcnn_resnet50_fpn(), &maskrcnn_resnet50_fpn()}) {
    Detector detector = filled(*architecture);
    detector.network()->train();
    std::vector<std::string> names;
    for (const auto& [name, loss] : detector.losses(batch(), targets(), Precision::float32))
      names.push_back(name);
    CHECK(detector.loss_names() == names);
  }
}

TEST_CASE("pictures without objects train a detector: all of them is background") {
  prepare_process(0);
  Detector detector = filled(maskrcnn_resnet50_fpn());
  detector.network()->train();
  std::vector<ObjectTargets> none = targets();
  for (ObjectTargets& of_picture : none)
    of_picture = {of_picture.boxes.slice(0, 0, 0), of_picture.labels.slice(0, 0, 0),
                  of_picture.masks.slice(0, 0, 0)};
  Tensor sum;
  for (const auto& [name, loss] : detector.losses(batch(), none, Precision::float32)) {
    INFO(name);
    CHECK(std::isfinite(loss.item<double>()));
    if (name == "loss_mask" || name == "loss_box_reg" || name == "loss_rpn_box_reg")
      CHECK(loss.item<double>() == 0);
    sum = sum.defined() ? sum + loss : loss;
  }
  sum.backward();
  for (const auto& parameter : detector.network()->named_parameters())
    if (parameter.value().grad().defined()) CHECK(parameter.value().grad().isfinite().all().item<bool>());
}

TEST_CASE("trainable layers and frozen normalisation keep what they should") {
  DetectorSettings settings = kSettings;
  settings.trainable_layers = 3;
  settings.norm = BackboneNorm::frozen;
  Detector detector = filled(maskrcnn_resnet50_fpn(), settings);
  for (const auto& parameter : detector.network()->named_parameters()) {
    INFO(parameter.key());
    const bool kept = parameter.key().starts_with("backbone.body.conv1") ||
                      parameter.key().starts_with("backbone.body.layer1");
    CHECK(parameter.value().requires_grad() == !kept);
    CHECK(parameter.key().find(".bn") == std::string::npos);
  }
  settings.trainable_layers = 0;
  Detector all_frozen = filled(maskrcnn_resnet50_fpn(), settings);
  for (const auto& parameter : all_frozen.network()->named_parameters())
    CHECK(parameter.value().requires_grad() == !parameter.key().starts_with("backbone.body."));
}

TEST_CASE("names of torchvision's published detectors are the names of today") {
  CHECK(current_detector_name("rpn.head.conv.weight") == "rpn.head.conv.0.0.weight");
  CHECK(current_detector_name("backbone.fpn.inner_blocks.2.bias") == "backbone.fpn.inner_blocks.2.0.bias");
  CHECK(current_detector_name("roi_heads.mask_head.mask_fcn3.weight") == "roi_heads.mask_head.2.0.weight");
  for (const DetectorArchitecture* architecture : detectors())
    for (const TensorSpec& spec : state_of(architecture->build(2, {})))
      CHECK(current_detector_name(spec.name) == spec.name);
}
