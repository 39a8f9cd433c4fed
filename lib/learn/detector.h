// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/settings.h"
#include "dataset/shapes.h"
#include "learn/graph.h"

namespace maskmill {
namespace learn {

/// How a detector's backbone is normalised: by each batch, or by numbers that never change.
enum class BackboneNorm { automatic, batch, frozen };

}  // namespace learn

template <>
inline constexpr std::array<std::string_view, 3> enum_names<learn::BackboneNorm>{"auto", "batch", "frozen"};

namespace learn {

/// Of a two-stage detector: torchvision's arguments of FasterRCNN and MaskRCNN, with their defaults. What is
/// unset or auto counts as without weights; resolved() in settings.h decides it for a training.
struct DetectorSettings {
  BackboneNorm norm = BackboneNorm::automatic;
  std::optional<double> norm_eps{};
  std::optional<int> trainable_layers{};
  int rpn_pre_nms_top_n_train = 2000, rpn_pre_nms_top_n_test = 1000;
  int rpn_post_nms_top_n_train = 2000, rpn_post_nms_top_n_test = 1000;
  double rpn_nms_thresh = 0.7;
  double rpn_fg_iou_thresh = 0.7, rpn_bg_iou_thresh = 0.3;
  int rpn_batch_size_per_image = 256;
  double rpn_positive_fraction = 0.5;
  double rpn_score_thresh = 0;
  double box_score_thresh = 0.05;
  double box_nms_thresh = 0.5;
  int box_detections_per_img = 100;
  double box_fg_iou_thresh = 0.5, box_bg_iou_thresh = 0.5;
  int box_batch_size_per_image = 512;
  double box_positive_fraction = 0.25;
  static void visit(auto& self, auto&& setting) {
    setting(
        "norm", self.norm,
        "of the backbone: batch learns from each batch, frozen keeps what pretrained weights bring; auto is frozen "
        "where a first version begins with weights, else batch");
    setting(
        "norm-eps", self.norm_eps, "added to the backbone's variances", between(0, 1),
        unset(
            "that of the run whose weights it begins with; 0 with torchvision's COCO_V1 weights of the first versions, "
            "which were made so; else 1e-5"));
    setting("trainable-layers", self.trainable_layers,
            "of the backbone's five stages, how many of the last are trained", between(0, 5),
            unset("3 where training begins with weights, else 5"));
    setting("rpn-pre-nms-top-n-train", self.rpn_pre_nms_top_n_train,
            "proposals of a level before suppression, in training", at_least(1));
    setting("rpn-pre-nms-top-n-test", self.rpn_pre_nms_top_n_test, "in prediction", at_least(1));
    setting("rpn-post-nms-top-n-train", self.rpn_post_nms_top_n_train,
            "proposals of an image after suppression, in training", at_least(1));
    setting("rpn-post-nms-top-n-test", self.rpn_post_nms_top_n_test, "in prediction", at_least(1));
    setting("rpn-nms-thresh", self.rpn_nms_thresh, "IoU above which the lesser of two proposals goes",
            between(0, 1));
    setting("rpn-fg-iou-thresh", self.rpn_fg_iou_thresh,
            "IoU with an object from which an anchor is one, in training", between(0, 1));
    setting("rpn-bg-iou-thresh", self.rpn_bg_iou_thresh, "IoU below which it is background", between(0, 1));
    setting("rpn-batch-size-per-image", self.rpn_batch_size_per_image,
            "anchors drawn of an image for the loss", at_least(1));
    setting("rpn-positive-fraction", self.rpn_positive_fraction, "share of objects among them, at most",
            between(0, 1));
    setting("rpn-score-thresh", self.rpn_score_thresh, "least score of a proposal", between(0, 1));
    setting("box-score-thresh", self.box_score_thresh, "least score of a detection", between(0, 1));
    setting("box-nms-thresh", self.box_nms_thresh,
            "IoU above which the lesser of two detections of a class goes", between(0, 1));
    setting("box-detections-per-img", self.box_detections_per_img, "detections of an image, at most",
            at_least(1));
    setting("box-fg-iou-thresh", self.box_fg_iou_thresh,
            "IoU with an object from which a proposal is one, in training", between(0, 1));
    setting("box-bg-iou-thresh", self.box_bg_iou_thresh, "IoU below which it is background", between(0, 1));
    setting("box-batch-size-per-image", self.box_batch_size_per_image,
            "proposals drawn of an image for the loss", at_least(1));
    setting("box-positive-fraction", self.box_positive_fraction, "share of objects among them, at most",
            between(0, 1));
  }
  friend bool operator==(const DetectorSettings&, const DetectorSettings&) = default;
};

/// A detector's network is one graph with four inputs and outputs of four parts, each of which is run where
/// its input is there.
namespace detector {

/// The backbone, from kInput: pictures to maps of kChannels channels, of a quarter to a sixty-fourth of their
/// size.
inline constexpr std::array<const char*, 5> kLevels{"0", "1", "2", "3", "pool"};
inline constexpr int kChannels = 256;
/// The region proposal network's head, from one level: three scores a pixel, and four numbers for each.
inline constexpr int kLevelInput = -2;
inline constexpr const char* kObjectness = "objectness";
inline constexpr const char* kAnchorDeltas = "anchor_deltas";
/// The head of boxes, from regions of (kChannels, 7, 7): a score a class, and four numbers for each.
inline constexpr int kBoxInput = -3, kBoxPoolSize = 7;
inline constexpr const char* kClassLogits = "class_logits";
inline constexpr const char* kBoxDeltas = "box_deltas";
/// The head of masks, from regions of (kChannels, 14, 14): a mask of 28x28 a class. Mask R-CNN alone has it.
inline constexpr int kMaskInput = -4, kMaskPoolSize = 14;
inline constexpr const char* kMaskLogits = "mask_logits";

/// Anchors of each level: one side, three ratios of height to width.
inline constexpr std::array<double, 5> kAnchorSides{32, 64, 128, 256, 512};
inline constexpr std::array<double, 3> kAnchorRatios{0.5, 1, 2};

/// Those of a level around a place: left, top, right and bottom, whole pixels.
std::array<std::array<float, 4>, kAnchorRatios.size()> anchors_of_side(double side);

/// The most that any anchor overlaps a box, as IoU, on a picture of this size that is not padded for others.
double best_anchor_iou(const Box& box, Size picture);

}  // namespace detector

/// One detector: a function in lib/learn/models and a line in detector.cpp.
struct DetectorArchitecture {
  std::string_view name;
  std::string_view title;
  std::string_view description;  ///< with the paper and whose weight names it has
  bool masks;
  /// `classes` counts the background, which is class 0.
  Graph (*build)(int classes, const DetectorSettings& settings);
};

/// Every detector, in the order in which they are listed.
std::span<const DetectorArchitecture* const> detectors();
/// Null where there is none of this name.
const DetectorArchitecture* find_detector(std::string_view name);

/// torchvision.models.detection's.
const DetectorArchitecture& fasterrcnn_resnet50_fpn();
const DetectorArchitecture& fasterrcnn_resnet50_fpn_v2();
const DetectorArchitecture& maskrcnn_resnet50_fpn();
const DetectorArchitecture& maskrcnn_resnet50_fpn_v2();

/// A tensor's name today, for one under which torchvision's published files of detectors hold it: those were
/// written before 0.14 renamed layers ("rpn.head.conv.weight" is "rpn.head.conv.0.0.weight").
std::string current_detector_name(const std::string& name);

}  // namespace learn
}  // namespace maskmill
