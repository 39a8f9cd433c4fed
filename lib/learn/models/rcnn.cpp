// SPDX-License-Identifier: Apache-2.0
// torchvision's Faster and Mask R-CNN over a ResNet-50 with a feature pyramid.
#include <array>
#include <regex>
#include <string>
#include <vector>

#include "learn/detector.h"
#include "learn/models/resnet.h"

namespace maskmill::learn {
namespace {

constexpr int kRepresentation = 1024;

/// What the second version of both detectors has that the first has not: normalisation in every part, a
/// deeper head of proposals, a convolutional head of boxes.
enum class Version { v1, v2 };

/// Adds a detector's layers. Draws are noted as they come in torchvision's state dict; in which order they
/// are made is put together at the end.
class RcnnBuilder {
 public:
  RcnnBuilder(Version version, int classes, const DetectorSettings& settings)
      : version_(version), classes_(classes), settings_(settings), graph_(3, 1) {
    graph_.add_input(detector::kChannels, square(1));
    graph_.add_input(detector::kChannels, square(detector::kBoxPoolSize));
    graph_.add_input(detector::kChannels, square(detector::kMaskPoolSize));
  }

  Graph build(bool masks) {
    const std::vector<Draw> backbone = add_backbone();
    const std::vector<Draw> rpn = add_rpn_head();
    const std::vector<Draw> box_head = version_ == Version::v1 ? add_linear_box_head() : add_conv_box_head();
    const std::vector<Draw> box_predictor = add_box_predictor();
    std::vector<Draw> mask_head, mask_predictor;
    if (masks) {
      mask_head = add_mask_head();
      mask_predictor = add_mask_predictor();
    }
    // In the order in which torchvision's functions make the modules.
    std::vector<Draw> draws = backbone;
    const auto then = [&](const std::vector<Draw>& more) {
      draws.insert(draws.end(), more.begin(), more.end());
    };
    if (version_ == Version::v1) {
      then(mask_head), then(mask_predictor), then(rpn), then(box_head), then(box_predictor);
    } else {
      then(rpn), then(box_head), then(mask_head), then(mask_predictor), then(box_predictor);
    }
    graph_.draw(std::move(draws));
    return std::move(graph_);
  }

 private:
  int nodes() const { return static_cast<int>(graph_.nodes().size()); }

  /// torchvision.ops.Conv2dNormActivation without its activation: NAME.0 and, in the second version, NAME.1.
  int add_conv(const std::string& name, int input, int kernel) {
    const bool norm = version_ == Version::v2;
    const int made = graph_.add(name + ".0",
                                Conv2d{.in = graph_.channels(input),
                                       .out = detector::kChannels,
                                       .kernel = square(kernel),
                                       .padding = square(kernel / 2),
                                       .bias = !norm},
                                {input});
    return norm ? graph_.add(name + ".1", BatchNorm2d{.features = detector::kChannels}, {made}) : made;
  }
  int add_conv_relu(const std::string& name, int input) {
    return graph_.add(name + ".relu", Relu{}, {add_conv(name, input, 3)});
  }
  int add_relu(const std::string& name, int input) { return graph_.add(name, Relu{}, {input}); }

  std::vector<Draw> add_backbone() {
    const ResNetStages stages =
        add_resnet50(graph_, "backbone.body",
                     {.norm = settings_.norm == BackboneNorm::frozen ? Norm::frozen : Norm::batch,
                      .norm_eps = settings_.norm_eps.value_or(ResNetOptions{}.norm_eps)});
    graph_.end_encoder();
    const int body = nodes();
    const std::array ends{stages.layer1, stages.layer2, stages.layer3, stages.layer4};
    freeze(stages);
    std::vector<Draw> draws = resnet_draws(0, body);

    const std::string fpn = "backbone.fpn.";
    constexpr std::size_t kBlocks = ends.size();
    std::array<std::array<int, 2>, kBlocks> inner_range{}, layer_range{};
    std::array<int, kBlocks> inner{}, layer{};
    for (std::size_t i = 0; i < kBlocks; ++i) {
      inner_range[i][0] = nodes();
      inner[i] = add_conv(fpn + "inner_blocks." + std::to_string(i), ends[i], 1);
      inner_range[i][1] = nodes();
    }
    for (std::size_t i = kBlocks - 1; i-- > 0;) {
      const std::string number = std::to_string(i);
      const int grown =
          graph_.add(fpn + "top_down." + number, InterpolateNearest{}, {inner[i + 1], inner[i]});
      inner[i] = graph_.add(fpn + "add." + number, Add{}, {inner[i], grown});
    }
    for (std::size_t i = 0; i < kBlocks; ++i) {
      layer_range[i][0] = nodes();
      layer[i] = add_conv(fpn + "layer_blocks." + std::to_string(i), inner[i], 3);
      layer_range[i][1] = nodes();
      graph_.output(detector::kLevels[i], layer[i]);
    }
    const MaxPool2d every_second{.kernel = square(1), .stride = square(2)};
    graph_.output(detector::kLevels.back(), graph_.add(fpn + "pool", every_second, {layer.back()}));

    for (std::size_t i = 0; i < kBlocks; ++i) {
      draws.emplace_back(DrawDefaults{inner_range[i][0], inner_range[i][1]});
      draws.emplace_back(DrawDefaults{layer_range[i][0], layer_range[i][1]});
    }
    draws.emplace_back(DrawKaimingUniform{body, nodes()});
    return draws;
  }

  void freeze(const ResNetStages& stages) {
    const int stem = [&] {  // conv1 and bn1
      int last = 0;
      while (graph_.nodes()[static_cast<std::size_t>(last)].name != "backbone.body.maxpool") ++last;
      return last;
    }();
    const std::array frozen{
        0, stem, stages.layer1 + 1, stages.layer2 + 1, stages.layer3 + 1, stages.layer4 + 1};
    graph_.freeze(
        frozen.at(frozen.size() - 1 - static_cast<std::size_t>(settings_.trainable_layers.value_or(5))));
  }

  std::vector<Draw> add_rpn_head() {
    const int first = nodes();
    int last = detector::kLevelInput;
    const int depth = version_ == Version::v1 ? 1 : 2;
    for (int i = 0; i < depth; ++i) {
      const std::string name = "rpn.head.conv." + std::to_string(i);
      const Conv2d conv{
          .in = detector::kChannels, .out = detector::kChannels, .padding = square(1), .read_at_few = true};
      last = add_relu(name + ".1", graph_.add(name + ".0", conv, {last}));
    }
    const int anchors = static_cast<int>(detector::kAnchorRatios.size());
    const auto add_output = [&](const char* output, const std::string& name, int channels) {
      const Conv2d conv{.in = detector::kChannels, .out = channels, .kernel = square(1), .read_at_few = true};
      graph_.output(output, graph_.add("rpn.head." + name, conv, {last}));
    };
    add_output(detector::kObjectness, "cls_logits", anchors);
    add_output(detector::kAnchorDeltas, "bbox_pred", anchors * 4);
    return {DrawDefaults{first, nodes()}, DrawNormal{first, nodes(), 0.01}};
  }

  std::vector<Draw> add_linear_box_head() {
    const int first = nodes();
    const std::string name = "roi_heads.box_head.";
    const Linear fc6{.in = detector::kChannels * detector::kBoxPoolSize * detector::kBoxPoolSize,
                     .out = kRepresentation};
    const int hidden = add_relu(name + "relu6", graph_.add(name + "fc6", fc6, {detector::kBoxInput}));
    const Linear fc7{.in = kRepresentation, .out = kRepresentation};
    box_features_ = add_relu(name + "relu7", graph_.add(name + "fc7", fc7, {hidden}));
    return {DrawDefaults{first, nodes()}};
  }

  std::vector<Draw> add_conv_box_head() {
    const int first = nodes();
    const std::string name = "roi_heads.box_head.";
    int last = detector::kBoxInput;
    for (const char* number : {"0", "1", "2", "3"}) last = add_conv_relu(name + number, last);
    const Linear linear{.in = detector::kChannels * detector::kBoxPoolSize * detector::kBoxPoolSize,
                        .out = kRepresentation};
    box_features_ = add_relu(name + "6", graph_.add(name + "5", linear, {last}));
    return {DrawDefaults{first, nodes()}, DrawKaiming{first, nodes(), true}};
  }

  std::vector<Draw> add_box_predictor() {
    const int first = nodes();
    const std::string name = "roi_heads.box_predictor.";
    const auto add_output = [&](const char* output, const char* layer, int numbers) {
      graph_.output(output,
                    graph_.add(name + layer, Linear{.in = kRepresentation, .out = numbers}, {box_features_}));
    };
    add_output(detector::kClassLogits, "cls_score", classes_);
    add_output(detector::kBoxDeltas, "bbox_pred", classes_ * 4);
    return {DrawDefaults{first, nodes()}};
  }

  std::vector<Draw> add_mask_head() {
    const int first = nodes();
    mask_features_ = detector::kMaskInput;
    for (const char* number : {"0", "1", "2", "3"})
      mask_features_ = add_conv_relu(std::string("roi_heads.mask_head.") + number, mask_features_);
    return {DrawDefaults{first, nodes()}, DrawKaiming{first, nodes(), true}};
  }

  std::vector<Draw> add_mask_predictor() {
    const int first = nodes();
    const std::string name = "roi_heads.mask_predictor.";
    const ConvTranspose2d grow{.in = detector::kChannels, .out = detector::kChannels};
    const int grown = add_relu(name + "relu", graph_.add(name + "conv5_mask", grow, {mask_features_}));
    const Conv2d logits{.in = detector::kChannels, .out = classes_, .kernel = square(1)};
    graph_.output(detector::kMaskLogits, graph_.add(name + "mask_fcn_logits", logits, {grown}));
    return {DrawDefaults{first, nodes()}, DrawKaiming{first, nodes()}};
  }

  Version version_;
  int classes_;
  const DetectorSettings& settings_;
  Graph graph_;
  int box_features_ = 0, mask_features_ = 0;
};

template <Version version, bool masks>
Graph build_rcnn(int classes, const DetectorSettings& settings) {
  return RcnnBuilder(version, classes, settings).build(masks);
}

}  // namespace

const DetectorArchitecture& fasterrcnn_resnet50_fpn() {
  static constexpr DetectorArchitecture architecture{
      .name = "fasterrcnn_resnet50_fpn",
      .title = "Faster R-CNN over ResNet-50 with a feature pyramid",
      .description =
          "Boxes of objects (Ren, He, Girshick and Sun, \"Faster R-CNN\", 2015; Lin et al., \"Feature Pyramid "
          "Networks\", 2017); weight names of torchvision's fasterrcnn_resnet50_fpn.",
      .masks = false,
      .build = build_rcnn<Version::v1, false>};
  return architecture;
}

const DetectorArchitecture& fasterrcnn_resnet50_fpn_v2() {
  static constexpr DetectorArchitecture architecture{
      .name = "fasterrcnn_resnet50_fpn_v2",
      .title = "Faster R-CNN over ResNet-50 with a feature pyramid, second version",
      .description =
          "The same with normalised, deeper heads (Li et al., \"Benchmarking Detection Transfer Learning with "
          "Vision Transformers\", 2021); weight names of torchvision's fasterrcnn_resnet50_fpn_v2.",
      .masks = false,
      .build = build_rcnn<Version::v2, false>};
  return architecture;
}

const DetectorArchitecture& maskrcnn_resnet50_fpn() {
  static constexpr DetectorArchitecture architecture{
      .name = "maskrcnn_resnet50_fpn",
      .title = "Mask R-CNN over ResNet-50 with a feature pyramid",
      .description =
          "Boxes and masks of objects (He, Gkioxari, Dollár and Girshick, \"Mask R-CNN\", 2017); weight names of "
          "torchvision's maskrcnn_resnet50_fpn.",
      .masks = true,
      .build = build_rcnn<Version::v1, true>};
  return architecture;
}

const DetectorArchitecture& maskrcnn_resnet50_fpn_v2() {
  static constexpr DetectorArchitecture architecture{
      .name = "maskrcnn_resnet50_fpn_v2",
      .title = "Mask R-CNN over ResNet-50 with a feature pyramid, second version",
      .description =
          "The same with normalised, deeper heads (Li et al., \"Benchmarking Detection Transfer Learning with "
          "Vision Transformers\", 2021); weight names of torchvision's maskrcnn_resnet50_fpn_v2.",
      .masks = true,
      .build = build_rcnn<Version::v2, true>};
  return architecture;
}

std::string current_detector_name(const std::string& name) {
  static const std::regex proposals(R"((.*rpn\.head\.conv)\.(weight|bias))");
  static const std::regex pyramid(R"((.*fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias))");
  static const std::regex mask(R"((.*mask_head\.)mask_fcn([1-9])\.(weight|bias))");
  std::smatch match;
  if (std::regex_match(name, match, proposals)) return match[1].str() + ".0.0." + match[2].str();
  if (std::regex_match(name, match, pyramid)) return match[1].str() + ".0." + match[2].str();
  if (std::regex_match(name, match, mask))
    return match[1].str() + std::to_string(std::stoi(match[2].str()) - 1) + ".0." + match[3].str();
  return name;
}

}  // namespace maskmill::learn
