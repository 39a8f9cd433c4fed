// SPDX-License-Identifier: Apache-2.0
// Compiled without fused multiply-add, so that overlaps are pycocotools' to the last bit.
#include "metrics/coco_overlaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "metrics/boundary.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostOfLabel = 100;  // COCO's
constexpr std::size_t kMostOfImage = 300;  // LVIS's

/// The pixels of an object, as positions in the column-major order of runs.
class Pixels {
 public:
  Pixels() = default;
  explicit Pixels(const Rle& rle) : size_(rle.size), box_(bounding_box(rle)) {
    std::uint32_t position = 0;
    edges_.reserve(rle.counts.size());
    for (std::size_t i = 0; i < rle.counts.size(); ++i) {
      const std::uint32_t begin = position;
      position += rle.counts[i];
      if (i % 2 == 0 || begin == position) continue;
      edges_.push_back(begin);
      edges_.push_back(position);
      area_ += position - begin;
    }
  }

  Size size() const { return size_; }
  const Box& box() const { return box_; }
  std::int64_t area() const { return area_; }

  std::int64_t in_common_with(const Pixels& other) const {
    std::int64_t sum = 0;
    if (edges_.empty() || other.edges_.empty()) return sum;
    std::size_t i = first_after(other.edges_.front()), j = other.first_after(edges_.front());
    while (i < edges_.size() && j < other.edges_.size()) {
      const std::uint32_t begin = std::max(edges_[i], other.edges_[j]);
      const std::uint32_t end = std::min(edges_[i + 1], other.edges_[j + 1]);
      if (begin < end) sum += end - begin;
      edges_[i + 1] < other.edges_[j + 1] ? i += 2 : j += 2;
    }
    return sum;
  }

 private:
  /// The first run that ends behind `position`.
  std::size_t first_after(std::uint32_t position) const {
    const auto edge = std::upper_bound(edges_.begin(), edges_.end(), position);
    return static_cast<std::size_t>(edge - edges_.begin()) / 2 * 2;
  }

  Size size_;
  Box box_;
  std::vector<std::uint32_t> edges_;  // begin, end, begin, end, ...
  std::int64_t area_ = 0;
};

double iou_of(const Box& detection, const Box& truth, bool is_crowd) {
  const double width =
      std::fmin(detection.width + detection.x, truth.width + truth.x) - std::fmax(detection.x, truth.x);
  if (width <= 0) return 0;
  const double height =
      std::fmin(detection.height + detection.y, truth.height + truth.y) - std::fmax(detection.y, truth.y);
  if (height <= 0) return 0;
  const double common = width * height;
  const double area = detection.width * detection.height, truth_area = truth.width * truth.height;
  return common / (is_crowd ? area : area + truth_area - common);
}

double iou_of(const Pixels& detection, const Pixels& truth, bool is_crowd) {
  if (iou_of(detection.box(), truth.box(), is_crowd) <= 0) return 0;
  const std::int64_t common = detection.in_common_with(truth);
  if (common == 0) return 0;
  const std::int64_t whole = is_crowd ? detection.area() : detection.area() + truth.area() - common;
  return static_cast<double>(common) / static_cast<double>(whole);
}

std::optional<Box> stated_box(const Annotation& annotation) {
  if (annotation.box) return annotation.box;
  if (const auto* box = std::get_if<Box>(&annotation.shape)) return *box;
  return std::nullopt;
}

bool is_true(const Attributes& attributes, std::string_view name) {
  const AttributeValue* value = find_attribute(attributes, name);
  if (!value) return false;
  if (const auto* flag = std::get_if<bool>(value)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(value)) return *number != 0;
  return false;
}

/// One annotation, with what is computed of it when it is first asked for.
class Object {
 public:
  Object(const Item& item, const Annotation& annotation, int label, double score)
      : annotation_(&annotation),
        index_(static_cast<std::uint32_t>(&annotation - item.annotations.data())),
        label_(label),
        score_(score) {}

  const Annotation& annotation() const { return *annotation_; }
  std::uint32_t index() const { return index_; }
  int label() const { return label_; }
  double score() const { return score_; }
  bool is_crowd() const { return annotation_->flags.crowd == true; }

  const Pixels& pixels(std::optional<Size> size, std::vector<Finding>& findings) {
    if (!pixels_) make_pixels(size, findings);
    return *pixels_;
  }
  const Pixels& boundary(std::optional<Size> size, std::vector<Finding>& findings) {
    if (boundary_) return *boundary_;
    boundary_.emplace();
    if (pixels(size, findings).area() == 0) return *boundary_;
    boundary_.emplace(boundary_of(rle_of(pixels_->size())));
    return *boundary_;
  }
  Box box(std::optional<Size> size, std::vector<Finding>& findings) {
    if (const auto stated = stated_box(*annotation_)) return *stated;
    const bool is_mask = std::holds_alternative<Rle>(annotation_->shape) ||
                         std::holds_alternative<MaskRef>(annotation_->shape);
    return is_mask ? pixels(size, findings).box() : bounding_box(annotation_->shape).value_or(Box());
  }

 private:
  Rle rle_of(std::optional<Size> size) const {
    if (const auto* rle = std::get_if<Rle>(&annotation_->shape)) return *rle;
    if (!size) throw Error(Code::bad_value, "the image's size is unknown, so nothing can be drawn in it");
    // pixels_of() paints no boxes, and this is one where there is nothing else.
    if (!has_area(annotation_->shape))
      if (const auto stated = stated_box(*annotation_)) return rasterise(*stated, *size);
    return pixels_of(*annotation_, *size);
  }

  void make_pixels(std::optional<Size> size, std::vector<Finding>& findings) {
    pixels_.emplace();
    try {
      const Rle rle = rle_of(size);
      if (size && rle.size != *size)
        throw Error(Code::bad_value,
                    fmt::format("a mask of {} in an image of {}", to_string(rle.size), to_string(*size)));
      pixels_.emplace(rle);
    } catch (const Error& error) {  // this object overlaps nothing; its neighbours do
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      Finding finding = to_finding(error, "mask-not-compared");
      if (finding.place.empty()) finding.place = annotation_->origin;
      findings.push_back(std::move(finding));
    }
  }

  const Annotation* annotation_;
  std::uint32_t index_;
  int label_;
  double score_;
  std::optional<Pixels> pixels_, boundary_;
};

bool is_object(const Annotation& annotation, const LabelMap& labels, int label) {
  return label >= 0 && labels[label].role == Role::object && !is_label_mask(annotation) &&
         (stated_box(annotation) || has_area(annotation.shape));
}

/// Labels that an attribute of the image lists by their ids.
std::set<int> listed_labels(const Item& item, const char* name, const LabelMap& labels) {
  const AttributeValue* value = find_attribute(item.attributes, name);
  const auto* text = value ? std::get_if<JsonText>(value) : nullptr;
  const Json list = text ? parse_json(text->text, {}) : Json();
  if (!list.is_array())
    throw Error(Code::bad_value,
                fmt::format("an image without the list {}, by which LVIS is evaluated", name))
        .at_file(item.origin.file)
        .at_field(item.origin.field)
        .hint("without --federated it is evaluated as COCO is");
  std::set<int> found;
  for (const Json& id : list)
    if (id.is_number_integer())
      if (const auto label = labels.find_id(id.get<std::int64_t>())) found.insert(*label);
  return found;
}

}  // namespace

std::optional<double> score_of(const Annotation& annotation) {
  if (annotation.score) return annotation.score;
  const AttributeValue* value = find_attribute(annotation.attributes, "score");
  if (!value) return std::nullopt;
  if (const auto* number = std::get_if<double>(value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(value)) return static_cast<double>(*number);
  return std::nullopt;
}

/// The objects of one image on their way.
class OverlapMeter::Image {
 public:
  Image(const OverlapMeter& meter, const Item& truth, const Item* detections, std::vector<Finding>& findings)
      : meter_(meter), truth_(truth), findings_(findings) {
    size_ = truth.size ? truth.size : detections ? detections->size : std::nullopt;
    for (const Annotation& annotation : truth.annotations)
      if (const int label = annotation.label.value_or(-1); is_object(annotation, meter.labels_, label))
        truths_.emplace_back(truth, annotation, label, 0);
    std::ranges::stable_sort(truths_, {}, &Object::label);
    if (is_lvis()) {
      std::erase_if(truths_, [&](Object& object) { return area_of(object) <= 0; });
      negative_ = listed_labels(truth, "neg_category_ids", meter.labels_);
      not_exhaustive_ = listed_labels(truth, "not_exhaustive_category_ids", meter.labels_);
    }
    if (detections) add_detections(*detections);
  }

  std::vector<Overlaps> overlaps(OverlapKind kind) {
    std::vector<Overlaps> all;
    std::vector<Object*> compared;  // truths of all labels
    if (meter_.settings_.across_labels)
      for (Object& truth : truths_)
        if (takes_part(truth, kind)) compared.push_back(&truth);
    std::size_t truth = 0, detection = 0;
    while (truth < truths_.size() || detection < detections_.size()) {
      const int next_truth = truth < truths_.size() ? truths_[truth].label() : meter_.labels_.size();
      const int label =
          detection < detections_.size() ? std::min(next_truth, detections_[detection].label()) : next_truth;
      const auto truths = of_label(truths_, truth, label), found = of_label(detections_, detection, label);
      Overlaps one = overlaps(label, truths, found, kind);
      for (std::size_t d = 0; d < one.detections.size(); ++d) measure_across(found[d], compared, kind, one);
      if (!one.truths.empty() || !one.detections.empty()) all.push_back(std::move(one));
    }
    return all;
  }

 private:
  bool is_lvis() const { return meter_.settings_.protocol == Protocol::lvis; }

  void add_detections(const Item& detections) {
    for (const Annotation& annotation : detections.annotations) {
      const int label = annotation.label ? meter_.label_of_[static_cast<std::size_t>(*annotation.label)] : -1;
      if (!is_object(annotation, meter_.labels_, label)) continue;
      const std::optional<double> stated = score_of(annotation);
      const std::optional<double> score = stated ? stated : meter_.settings_.score;
      if (score)
        detections_.emplace_back(detections, annotation, label, *score);
      else
        findings_.push_back({"no-score", Severity::warning, annotation.origin,
                             "a detection without a score, which is left out",
                             "--score 1 gives one to those that have none"});
    }
    std::ranges::stable_sort(detections_, std::greater<>(), &Object::score);
    if (is_lvis()) {
      if (detections_.size() > kMostOfImage)
        detections_.erase(detections_.begin() + kMostOfImage, detections_.end());
      std::erase_if(detections_, [&](Object& object) {
        const bool is_judged = negative_.contains(object.label()) ||
                               std::ranges::binary_search(truths_, object.label(), {}, &Object::label);
        return !is_judged || area_of_detection(object) <= 0;
      });
    }
    std::ranges::stable_sort(detections_, {}, &Object::label);
  }

  /// The objects of a label, which follow each other from `next` on; that moves behind them.
  static std::span<Object> of_label(std::vector<Object>& objects, std::size_t& next, int label) {
    const std::size_t first = next;
    while (next < objects.size() && objects[next].label() == label) ++next;
    return std::span(objects).subspan(first, next - first);
  }

  Overlaps overlaps(int label, std::span<Object> truths, std::span<Object> detections, OverlapKind kind) {
    Overlaps result;
    result.label = label;
    result.is_exhaustive = !not_exhaustive_.contains(label);
    if (!is_lvis()) detections = detections.first(std::min(detections.size(), kMostOfLabel));
    std::vector<Object*> compared;
    for (Object& truth : truths) {
      if (!takes_part(truth, kind)) continue;
      compared.push_back(&truth);
      result.truths.push_back({area_of(truth), is_crowd(truth),
                               is_lvis() && is_true(truth.annotation().attributes, "ignore"),
                               truth.annotation().id == 0, truth.index()});
    }
    for (Object& detection : detections)
      result.detections.push_back({detection.score(), area_of_detection(detection), detection.index()});
    if (compared.empty() || detections.empty()) return result;
    result.ious.reserve(compared.size() * detections.size());
    for (Object& detection : detections)
      for (std::size_t i = 0; i < compared.size(); ++i)
        result.ious.push_back(iou(detection, *compared[i], result.truths[i].is_crowd, kind));
    return result;
  }

  /// Of its own label they are known.
  void measure_across(Object& detection, const std::vector<Object*>& truths, OverlapKind kind,
                      Overlaps& result) {
    if (truths.empty()) return;
    std::size_t own = result.ious_of_all.size() / truths.size() * result.truths.size();
    for (Object* truth : truths) {
      const bool is_own = truth->label() == result.label;
      const double measured = is_own             ? result.ious[own++]
                              : is_crowd(*truth) ? 0
                                                 : iou(detection, *truth, false, kind);
      result.ious_of_all.push_back(is_crowd(*truth) ? 0 : measured);
    }
  }

  static bool takes_part(const Object& truth, OverlapKind kind) {
    return kind == OverlapKind::bbox || has_area(truth.annotation().shape);
  }
  bool is_crowd(const Object& truth) const { return truth.is_crowd() && !is_lvis(); }

  double iou(Object& detection, Object& truth, bool is_crowd, OverlapKind kind) {
    if (kind == OverlapKind::bbox)
      return iou_of(detection.box(size_, findings_), truth.box(size_, findings_), is_crowd);
    const double of_pixels =
        iou_of(detection.pixels(size_, findings_), truth.pixels(size_, findings_), is_crowd);
    if (kind == OverlapKind::segm || is_crowd || of_pixels == 0) return of_pixels;
    return std::min(of_pixels,
                    iou_of(detection.boundary(size_, findings_), truth.boundary(size_, findings_), is_crowd));
  }

  double area_of(Object& truth) {
    const Annotation& annotation = truth.annotation();
    if (annotation.area) return *annotation.area;
    return has_area(annotation.shape) ? static_cast<double>(truth.pixels(size_, findings_).area())
                                      : stated_box(annotation)->area();
  }

  double area_of_detection(Object& detection) {
    if (const auto stated = stated_box(detection.annotation())) return stated->area();
    if (const auto* rle = std::get_if<Rle>(&detection.annotation().shape))
      return static_cast<double>(area(*rle));
    return static_cast<double>(detection.pixels(size_, findings_).area());
  }

  const OverlapMeter& meter_;
  const Item& truth_;
  std::vector<Finding>& findings_;
  std::optional<Size> size_;
  std::vector<Object> truths_, detections_;  // by label, detections then by score
  std::set<int> negative_, not_exhaustive_;
};

OverlapMeter::OverlapMeter(const LabelMap& truth_labels, std::vector<int> label_of, OverlapSettings settings)
    : labels_(truth_labels), label_of_(std::move(label_of)), settings_(settings) {}

std::vector<std::vector<Overlaps>> OverlapMeter::measure(const Item& truth, const Item* detections,
                                                         std::span<const OverlapKind> kinds,
                                                         std::vector<Finding>& findings) const {
  std::vector<std::vector<Overlaps>> all;
  Image image(*this, truth, detections, findings);
  for (const OverlapKind kind : kinds) all.push_back(image.overlaps(kind));
  return all;
}

}  // namespace maskmill
