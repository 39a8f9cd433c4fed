// SPDX-License-Identifier: Apache-2.0
#include "learn/read_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "dataset/rle.h"
#include "dataset/shape_faults.h"
#include "dataset/shape_geometry.h"
#include "learn/network_picture.h"
#include "learn/polygon_points.h"
#include "learn/read_sample.h"
#include "prepare/adapt.h"

namespace maskmill::learn {
namespace {

constexpr double kOutlinePx = 0.1;  // of the sample; rasterising rounds corners to fifths
constexpr double kLeastArea = 1;    // square pixels of the sample

NetworkPicture sized_picture_of(const Item& item, const DetectorSize& bounds) {
  if (!has_image(item)) throw without_image(item);
  try {
    return detector_picture(image_bytes(item), bounds);
  } catch (Error& error) {
    throw std::move(error.at_file(image_file(item)));
  }
}

void require_mask_size(const Item& item, Size mask, Size picture) {
  if (mask != picture)
    throw unfit(item, "its mask is " + to_string(mask) + " and the picture " + to_string(picture));
}

/// Annotations of which no box, polygon or mask can be made.
struct Unusable {
  std::size_t placed = 0;  // lines and points: there is something, nobody knows how large
  std::size_t tags = 0;
  std::size_t unlabelled = 0;
  std::size_t count() const { return placed + tags + unlabelled; }
};

Unusable unusable_of(const Item& item) {
  Unusable unusable;
  for (const Annotation& annotation : item.annotations) {
    const Shape& shape = annotation.shape;
    const bool is_tag = std::holds_alternative<std::monostate>(shape);
    if (std::holds_alternative<Polyline>(shape) || std::holds_alternative<Points>(shape) ||
        (is_tag && !annotation.keypoints.empty()))
      ++unusable.placed;
    else if (is_tag)
      ++unusable.tags;
    else if (!annotation.label && annotation.flags.crowd != true)
      ++unusable.unlabelled;
  }
  return unusable;
}

/// The item with nothing but boxes, polygons and RLE, an annotation an object.
Item with_objects_alone(Item item, Size picture, const LabelMap& labels) {
  InstanceLoss loss;
  if (item.semantic) {
    // Its own size is wanted, unless it is to be stretched.
    item.size = item.semantic->resize_to_image ? std::optional(picture) : std::nullopt;
    make_instances(item, labels, {}, loss);
    require_mask_size(item, *item.size, picture);
  }
  item.size = picture;
  return adapted(std::move(item), objects_alone(), labels, {}, loss);
}

/// From the picture's pixels to the sample's.
class ObjectMaker {
 public:
  ObjectMaker(const Item& item, Size picture, cv::Size sample)
      : item_(item),
        picture_(picture),
        edges_{0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)},
        x_(static_cast<double>(sample.width) / picture.width),
        y_(static_cast<double>(sample.height) / picture.height) {}

  /// False where nothing is left of it.
  bool make(const Annotation& annotation, SampleObject& object) const {
    const Shape& shape = annotation.shape;
    if (!fault_of(shape).empty()) return false;
    if (const auto* box = std::get_if<Box>(&shape)) return place(*box, object);
    if (const auto* polygon = std::get_if<Polygon>(&shape)) return place(inside(*polygon), object);
    const Rle& pixels = std::get<Rle>(shape);
    require_mask_size(item_, pixels.size, picture_);
    return place(polygon_from_rle(pixels, tolerance()), object);
  }

 private:
  Polygon inside(const Polygon& polygon) const {
    Polygon full = without_empty_rings(polygon);
    const Box around = box_around(full);
    const bool is_inside = around.x >= 0 && around.y >= 0 && around.x + around.width <= edges_.width &&
                           around.y + around.height <= edges_.height;
    return is_inside ? full : clipped(full, edges_);
  }

  double tolerance() const {
    const double most = std::max(x_, y_);
    return most < 1 ? kOutlinePx / most : 0;
  }

  bool place(const Box& box, SampleObject& object) const {
    const Box cut = clipped(box, edges_);
    object.box = {cut.x * x_, cut.y * y_, cut.width * x_, cut.height * y_};
    return object.box.area() >= kLeastArea;
  }

  bool place(Polygon polygon, SampleObject& object) const {
    change_points(polygon, [&](const Point& point) { return Point{point.x * x_, point.y * y_}; });
    if (area(polygon) < kLeastArea) return false;
    object.box = box_around(polygon);
    object.polygon = std::move(polygon);
    return true;
  }

  const Item& item_;
  Size picture_;
  Box edges_;
  double x_, y_;
};

void tell_unusable(const Item& item, const Unusable& unusable, std::vector<Finding>& findings) {
  std::vector<std::string> kinds;
  const auto add = [&](std::size_t count, std::string_view what) {
    if (count > 0) kinds.push_back(fmt::format("{} {}", count, what));
  };
  add(unusable.placed, "of lines or points");
  add(unusable.tags, "of the image as a whole");
  add(unusable.unlabelled, "without a label");
  if (!kinds.empty())
    findings.push_back(finding_about(item, "not-an-object", Severity::note,
                                     "annotations that are no objects: " + joined(kinds, ", ")));
}

}  // namespace

Capabilities objects_alone() {
  Capabilities holds;
  holds.box = holds.polygon = holds.polygon_parts = holds.polygon_holes = holds.rle = true;
  holds.crowd = holds.unannotated = true;
  return holds;
}

ObjectSample read_objects(const Item& item, const ClassMap& classes, const DetectorSize& bounds,
                          std::vector<Finding>& findings) {
  const NetworkPicture picture = sized_picture_of(item, bounds);
  if (!item.annotated || !item.semantic || !item.annotations.empty())
    require_annotations_of(item, picture.size);
  const Unusable unusable = unusable_of(item);
  if (unusable.placed > 0 && unusable.count() == item.annotations.size() && !item.semantic)
    throw unfit(item, "its lines and points say where objects are, and nothing says how large they are");
  tell_unusable(item, unusable, findings);

  const Item objects = with_objects_alone(item, picture.size, classes.data_labels());
  ObjectSample read{{picture.pixels, {}, {}}, picture.size};
  const ObjectMaker maker(item, picture.size, picture.pixels.size());
  std::size_t wanted = 0;
  for (const Annotation& annotation : objects.annotations) {
    const int label = annotation.label ? classes.class_of(*annotation.label) : -1;
    if (label < 0 || classes.is_background(label)) continue;
    ++wanted;
    SampleObject object{.label = label, .box = {}, .polygon = {}, .crowd = annotation.flags.crowd == true};
    if (maker.make(annotation, object)) read.sample.objects.push_back(std::move(object));
  }
  if (const std::size_t lost = wanted - read.sample.objects.size(); lost > 0)
    findings.push_back(finding_about(
        item, "empty-shape", Severity::warning,
        fmt::format("{} of its {} hold nothing, or less than a pixel at {}, and are left out", lost,
                    counted(wanted, "object"), to_string(Size{picture.pixels.cols, picture.pixels.rows}))));
  return read;
}

}  // namespace maskmill::learn
