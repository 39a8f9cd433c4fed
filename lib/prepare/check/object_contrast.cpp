// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "dataset/masks.h"
#include "prepare/check/contrast.h"

namespace maskmill {
namespace {

std::optional<Rle> pixels_in(const Annotation& annotation, std::optional<Size> size) {
  if (!has_area(annotation.shape)) return std::nullopt;
  if (const auto* rle = std::get_if<Rle>(&annotation.shape)) return *rle;
  if (!size) return std::nullopt;
  return pixels_of(annotation, *size);
}

std::optional<ContrastObject> object_of(const Annotation& annotation, int label, std::optional<Size> size) {
  ContrastObject object;
  object.annotation = &annotation;
  object.label = label;
  object.is_crowd = annotation.flags.crowd == true;
  object.pixels = pixels_in(annotation, size);
  const auto around = annotation.box ? annotation.box : bounding_box(annotation.shape);
  if (object.pixels)
    object.box = bounding_box(*object.pixels);
  else if (around)
    object.box = *around;
  object.area = object.pixels ? static_cast<double>(area(*object.pixels)) : object.box.area();
  if (!(object.area > 0)) return std::nullopt;  // check's other rules speak of those
  return object;
}

double iou_of(const ContrastObject& detection, const ContrastObject& truth) {
  double common = clipped(detection.box, truth.box).area();
  if (common <= 0) return 0;
  double detected = detection.box.area(), annotated = truth.box.area();
  if (detection.pixels && truth.pixels && detection.pixels->size == truth.pixels->size) {
    common = static_cast<double>(intersection_area(*detection.pixels, *truth.pixels));
    detected = detection.area, annotated = truth.area;
  }
  return common / (truth.is_crowd ? detected : detected + annotated - common);
}

/// Only pairs whose boxes meet are compared: both come by their left edges.
std::vector<ObjectContrast::Overlap> overlaps_of(const ObjectContrast& item) {
  std::vector<std::uint32_t> truths(item.truths.size());
  for (std::uint32_t i = 0; i < truths.size(); ++i) truths[i] = i;
  std::ranges::sort(truths, {}, [&](std::uint32_t i) { return std::pair(item.truths[i].box.x, i); });
  double widest = 0;
  for (const ContrastObject& truth : item.truths) widest = std::max(widest, truth.box.width);
  std::vector<ObjectContrast::Overlap> overlaps;
  for (std::uint32_t i = 0; i < item.detections.size(); ++i) {
    const ContrastObject& detection = item.detections[i];
    const auto begin = std::ranges::lower_bound(truths, detection.box.x - widest, {},
                                                [&](std::uint32_t at) { return item.truths[at].box.x; });
    const std::size_t first = overlaps.size();
    for (auto at = begin; at != truths.end(); ++at) {
      const ContrastObject& truth = item.truths[*at];
      if (truth.box.x > detection.box.x + detection.box.width) break;
      if (const double iou = iou_of(detection, truth); iou > 0) overlaps.push_back({i, *at, iou});
    }
    std::sort(
        overlaps.begin() + static_cast<std::ptrdiff_t>(first), overlaps.end(),
        [](const auto& a, const auto& b) { return a.iou != b.iou ? a.iou > b.iou : a.truth < b.truth; });
  }
  return overlaps;
}

bool is_object(const LabelMap& labels, int label, const Annotation& annotation) {
  return label >= 0 && labels[label].role == Role::object && !is_label_mask(annotation);
}

}  // namespace

ObjectContrast contrast_of_objects(const Item& item, const Item& prediction, const LabelMap& labels,
                                   const std::vector<int>& label_of) {
  ObjectContrast contrast;
  const std::optional<Size> size = item.size ? item.size : prediction.size;
  for (const Annotation& annotation : item.annotations)
    if (const int label = annotation.label.value_or(-1); is_object(labels, label, annotation))
      if (auto object = object_of(annotation, label, size)) contrast.truths.push_back(std::move(*object));
  for (const Annotation& annotation : prediction.annotations) {
    const int label = annotation.label ? label_of.at(static_cast<std::size_t>(*annotation.label)) : -1;
    const std::optional<double> score = score_of(annotation);
    if (!score || !is_object(labels, label, annotation)) continue;
    auto object = object_of(annotation, label, size);
    if (!object) continue;
    object->score = *score;
    contrast.detections.push_back(std::move(*object));
  }
  std::ranges::stable_sort(contrast.detections, std::greater<>(), &ContrastObject::score);
  contrast.overlaps = overlaps_of(contrast);
  return contrast;
}

ObjectHabits::ObjectHabits(const LabelMap& labels) : labels_(static_cast<std::size_t>(labels.size())) {}

void ObjectHabits::add(const ObjectContrast& item) {
  std::vector<bool> is_found(item.truths.size());
  for (const ObjectContrast::Overlap& overlap : item.overlaps) {
    const ContrastObject &detection = item.detections[overlap.detection], &truth = item.truths[overlap.truth];
    if (overlap.iou < kSameObject || truth.is_crowd || detection.label != truth.label) continue;
    // The best detection of an object tells how sure the model is; its doubles would water that down.
    if (!is_found[overlap.truth]) {
      OfLabel& label = labels_[static_cast<std::size_t>(truth.label)];
      label.scores += detection.score, ++label.right;
    }
    is_found[overlap.truth] = true;
  }
  for (std::size_t i = 0; i < item.truths.size(); ++i) {
    const ContrastObject& truth = item.truths[i];
    if (truth.is_crowd) continue;
    OfLabel& label = labels_[static_cast<std::size_t>(truth.label)];
    for (std::size_t range = 0; range < kAreaRanges; ++range)
      if (kAreas[range].holds(truth.area)) ++label.objects[range], label.found[range] += is_found[i];
  }
}

void ObjectHabits::add(const ObjectHabits& other) {
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    OfLabel& sum = labels_[i];
    const OfLabel& more = other.labels_[i];
    sum.scores += more.scores, sum.right += more.right;
    for (std::size_t range = 0; range < kAreaRanges; ++range)
      sum.objects[range] += more.objects[range], sum.found[range] += more.found[range];
  }
}

ModelHabits ObjectHabits::habits() const {
  ModelHabits habits;
  for (const OfLabel& sums : labels_) {
    ModelHabits::OfLabel label;
    if (sums.right > 0) label.confidence = sums.scores / static_cast<double>(sums.right);
    label.objects = sums.objects, label.found = sums.found;
    habits.labels.push_back(label);
  }
  return habits;
}

}  // namespace maskmill
