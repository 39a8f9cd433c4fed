// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "dataset/masks.h"

namespace maskmill {
namespace {

constexpr std::uint16_t kVoid = kUnlabelled;
constexpr int kMostObjects = kUnlabelled - 1;

/// A picture that lies column by column while it is painted, so that each run is one stretch of memory.
class Canvas {
 public:
  Canvas(Size size, std::uint16_t uncovered, bool with_instances)
      : size_(size),
        labels_(pixels(), uncovered),
        instances_(with_instances ? pixels() : 0, 0),
        coverings_(pixels(), 0) {}

  void paint(const Rle& rle, std::uint16_t label, std::uint16_t instance) {
    std::size_t position = 0;
    for (std::size_t i = 0; i < rle.counts.size(); ++i) {
      const std::size_t begin = position;
      position += rle.counts[i];
      if (i % 2 == 0) continue;
      fill(begin, position, label, instance);
      overlapping_ += cover(coverings_.data() + begin, coverings_.data() + position);
    }
  }

  /// Before anything is painted: what the pixels that the box touches are where nothing will cover them.
  void paint_ground(const Box& box, std::uint16_t label, std::uint16_t instance) {
    const std::size_t left = clamped(std::floor(box.x), size_.width);
    const std::size_t right = clamped(std::ceil(box.x + box.width), size_.width);
    const std::size_t top = clamped(std::floor(box.y), size_.height);
    const std::size_t bottom = clamped(std::ceil(box.y + box.height), size_.height);
    const auto height = static_cast<std::size_t>(size_.height);
    for (std::size_t column = left; column < right && top < bottom; ++column)
      fill(column * height + top, column * height + bottom, label, instance);
  }

  PaintedMask finish() {
    PaintedMask painted;
    painted.labels = by_rows(labels_);
    if (!instances_.empty()) painted.instances = by_rows(instances_);
    painted.overlapping = overlapping_;
    return painted;
  }

 private:
  /// How many of these pixels are covered for the second time.
  static std::int64_t cover(std::uint8_t* from, std::uint8_t* to) {
    std::int64_t again = 0;
    for (; from != to; ++from) {
      again += *from == 1;
      *from = *from ? 2 : 1;
    }
    return again;
  }

  /// A box may lie anywhere; what is no number fails the first comparison.
  static std::size_t clamped(double coordinate, int limit) {
    return coordinate > 0 ? static_cast<std::size_t>(std::min<double>(coordinate, limit)) : 0;
  }

  void fill(std::size_t begin, std::size_t end, std::uint16_t label, std::uint16_t instance) {
    std::fill(labels_.begin() + offset(begin), labels_.begin() + offset(end), label);
    if (!instances_.empty())
      std::fill(instances_.begin() + offset(begin), instances_.begin() + offset(end), instance);
  }

  static std::ptrdiff_t offset(std::size_t position) { return static_cast<std::ptrdiff_t>(position); }
  std::size_t pixels() const { return static_cast<std::size_t>(size_.area()); }

  cv::Mat by_rows(std::vector<std::uint16_t>& columns) const {
    cv::Mat rows(size_.height, size_.width, CV_16UC1);
    if (!columns.empty()) cv::transpose(cv::Mat(size_.width, size_.height, CV_16UC1, columns.data()), rows);
    return rows;
  }

  Size size_;
  std::vector<std::uint16_t> labels_, instances_;
  std::vector<std::uint8_t> coverings_;  // 0, 1, or 2 for more
  std::int64_t overlapping_ = 0;
};

/// What to paint an annotation's pixels with.
class Paints {
 public:
  explicit Paints(const LabelMap& labels) : labels_(labels) {
    for (int label = 0; label < labels.size() && void_ == kVoid; ++label)
      if (labels.is_ignored(label)) void_ = static_cast<std::uint16_t>(label);
  }

  std::uint16_t uncovered() const {
    return static_cast<std::uint16_t>(labels_.background().value_or(kUnlabelled));
  }

  bool is_known(const Annotation& annotation) const {
    if (!annotation.label) return annotation.flags.crowd == true;
    if (*annotation.label < 0 || *annotation.label >= labels_.size())
      throw Error(Code::bug,
                  fmt::format("an annotation has the label {} of {}", *annotation.label, labels_.size()));
    return true;
  }

  /// The first label that means void; kVoid where none does.
  std::uint16_t void_label() const { return void_; }

  std::uint16_t label_of(const Annotation& annotation) const {
    if (annotation.flags.crowd == true && role_of(annotation) != Role::ignore) return void_;
    return static_cast<std::uint16_t>(*annotation.label);
  }

  bool is_object(const Annotation& annotation) const {
    return annotation.flags.crowd != true && role_of(annotation) == Role::object;
  }
  bool is_background(const Annotation& annotation) const {
    return annotation.flags.crowd != true && role_of(annotation) == Role::background;
  }

 private:
  Role role_of(const Annotation& annotation) const {
    return annotation.label ? labels_[*annotation.label].role : Role::object;
  }

  const LabelMap& labels_;
  std::uint16_t void_ = kVoid;
};

std::vector<const Annotation*> painting_order(const std::vector<Annotation>& annotations) {
  std::vector<const Annotation*> order;
  for (const Annotation& annotation : annotations) order.push_back(&annotation);
  const auto rank = [](const Annotation* annotation) {
    return std::pair(annotation->flags.crowd != true, annotation->z_order.value_or(0));
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Annotation* a, const Annotation* b) { return rank(a) < rank(b); });
  return order;
}

/// A box says that some of its pixels are an object's, so those that no area covers are not known to be
/// background.
void paint_boxes(const std::vector<Annotation>& annotations, const Paints& paints, Canvas& canvas) {
  for (const Annotation& annotation : annotations)
    if (const auto* box = std::get_if<Box>(&annotation.shape);
        box && paints.is_known(annotation) && !paints.is_background(annotation))
      canvas.paint_ground(*box, paints.void_label(), kVoid);
}

PaintedMask painted(const std::vector<Annotation>& annotations, Size size, const LabelMap& labels,
                    bool with_instances) {
  validate(size);
  const Paints paints(labels);
  Canvas canvas(size, paints.uncovered(), with_instances);
  paint_boxes(annotations, paints, canvas);
  std::int64_t skipped = 0;
  int objects = 0;
  for (const Annotation* annotation : painting_order(annotations)) {
    if (!has_area(annotation->shape) || !paints.is_known(*annotation)) {
      ++skipped;
      continue;
    }
    std::uint16_t instance = paints.is_background(*annotation) ? std::uint16_t{0} : kVoid;
    if (with_instances && paints.is_object(*annotation)) {
      if (objects == kMostObjects)
        throw Error(
            Code::bad_value,
            fmt::format("an image has more than {} objects, the most that an instance mask of 16 bits "
                        "can number",
                        kMostObjects))
            .hint("leave the smallest out, or write a semantic mask only");
      instance = static_cast<std::uint16_t>(++objects);
    }
    canvas.paint(pixels_of(*annotation, size), paints.label_of(*annotation), instance);
  }
  PaintedMask result = canvas.finish();
  result.skipped = skipped;
  return result;
}

}  // namespace

Rle pixels_of(const Annotation& annotation, Size size) try {
  const auto* mask = std::get_if<MaskRef>(&annotation.shape);
  if (!mask) return rasterise(annotation.shape, size);
  Rle rle = read_mask_shape(*mask, size);
  if (rle.size != size)
    throw Error(Code::bad_value, fmt::format("the mask of an annotation is {}, its image {}",
                                             to_string(rle.size), to_string(size)))
        .at_file(file_of(*mask));
  return rle;
} catch (Error& error) {
  throw error.at(annotation.origin);
}

PaintedMask mask_from_instances(const std::vector<Annotation>& annotations, Size size,
                                const LabelMap& labels) {
  return painted(annotations, size, labels, true);
}

PaintedMask labels_from_instances(const std::vector<Annotation>& annotations, Size size,
                                  const LabelMap& labels) {
  return painted(annotations, size, labels, false);
}

SemanticMask semantic_of(const Item& item, const LabelMap& labels) {
  if (item.semantic) return read_semantic(*item.semantic, item.size);
  const auto fail = [&](const char* what) {
    return Error(Code::bad_value, what)
        .at_file(item.origin.file.empty() ? image_file(item) : Path(item.origin.file))
        .at_field(item.id);
  };
  if (!item.size) throw fail("the image's size is not known, so that its annotations cannot be painted");
  PaintedMask mask = labels_from_instances(item.annotations, *item.size, labels);
  if (mask.skipped > 0 && mask.skipped == std::ssize(item.annotations))
    throw fail("none of the image's annotations says which pixels are the object's; boxes and points do not")
        .hint("add masks or polygons");
  return {std::move(mask.labels), {}};
}

}  // namespace maskmill
