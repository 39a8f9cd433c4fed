// SPDX-License-Identifier: Apache-2.0
#include "prepare/adapt.h"

#include <algorithm>

#include "base/error.h"
#include "dataset/shape_geometry.h"

namespace maskmill {
namespace {

template <class Turned>
Polygon outline_polygon(const Turned& shape) {
  return {{{outline(shape), {}}}};
}

bool has_void(const LabelMap& labels) {
  return std::any_of(labels.begin(), labels.end(),
                     [](const Label& label) { return label.role == Role::ignore; });
}

void require_areas(const Item& item) {
  const auto& all = item.annotations;
  const auto is_area = [](const Annotation& annotation) { return has_area(annotation.shape); };
  if (all.empty() || std::any_of(all.begin(), all.end(), is_area)) return;
  throw Error(Code::bad_value,
              "none of the image's annotations says which pixels are the object's; boxes and points do not")
      .hint("add masks or polygons, or write a format that holds what there is");
}

class Adapter {
 public:
  Adapter(const Item& item, const Capabilities& target, const LabelMap& labels,
          const InstanceSettings& settings, InstanceLoss& loss)
      : item_(item),
        target_(target),
        settings_(settings),
        loss_(loss),
        voids_boxes_(becomes_mask(item, target) && (target.ignore_areas || has_void(labels))) {}

  // True where the annotation still says something that the target holds.
  bool adapt(Annotation& annotation) const {
    if (!annotation.label && annotation.flags.crowd != true && !target_.semantic_mask) return false;
    Shape& shape = annotation.shape;
    if (auto* box = std::get_if<RotatedBox>(&shape); box && !target_.rotated_box)
      shape = outline_polygon(*box);
    if (auto* ellipse = std::get_if<Ellipse>(&shape); ellipse && !target_.ellipse)
      shape = outline_polygon(*ellipse);
    if (target_.rle || target_.polygon) adapt_area(shape);
    if (!target_.crowd && !target_.ignore_areas) annotation.flags.crowd.reset();
    if (!target_.occluded) annotation.flags.occluded.reset();
    if (!target_.truncated) annotation.flags.truncated.reset();
    if (!target_.difficult) annotation.flags.difficult.reset();
    if (!target_.score) annotation.score.reset();
    if (!target_.group) annotation.group.reset();
    if (!target_.z_order && !target_.semantic_mask) annotation.z_order.reset();  // painting needs it
    if (!target_.attributes) annotation.attributes.clear();
    if (!target_.keypoints) annotation.keypoints.clear();
    return holds(shape) || !annotation.keypoints.empty();
  }

 private:
  void adapt_area(Shape& shape) const {
    if (auto* mask = std::get_if<MaskRef>(&shape)) shape = read_mask_shape(*mask, item_.size);
    if (auto* polygon = std::get_if<Polygon>(&shape)) {
      const bool held = target_.polygon && (target_.polygon_holes || !has_holes(*polygon)) &&
                        (target_.polygon_parts || polygon->parts.size() <= 1);
      if (!held && target_.rle) shape = rasterise(*polygon, required_size());
    }
    if (auto* rle = std::get_if<Rle>(&shape); rle && !target_.rle) {
      Polygon polygon = polygon_from_rle(*rle, settings_.tolerance);
      const double iou = polygon_iou(polygon, *rle);
      loss_.iou_sum += iou;
      loss_.iou_min = std::min(loss_.iou_min, iou);
      ++loss_.measured;
      shape = std::move(polygon);
    }
  }

  bool holds(const Shape& shape) const {
    const bool painted = target_.semantic_mask;
    switch (shape.index()) {
      case 0:
        return target_.shapeless;
      case 1:
        return target_.box || voids_boxes_;
      case 2:
        return target_.rotated_box || painted;
      case 3:
        return target_.ellipse || painted;
      case 4:
        return target_.polygon || painted;
      case 5:
        return target_.polyline;
      case 6:
        return target_.points;
      case 7:
      case 8:
        return target_.rle || painted;
      default:
        return false;
    }
  }

  Size required_size() const {
    if (item_.size) return *item_.size;
    throw Error(Code::bad_value, "the image's size is not known, so that its polygons cannot become masks")
        .at_file(item_.origin.file)
        .at_field(item_.id)
        .hint("add the image, or the width and height");
  }

  const Item& item_;
  const Capabilities& target_;
  const InstanceSettings& settings_;
  InstanceLoss& loss_;
  const bool voids_boxes_;  // what nothing covers of a box will be painted as void
};

// A format may say an object twice: as a box with flags, and as pixels. The box hands over what it knows.
void join_boxes(std::vector<Annotation>& boxes, std::vector<Annotation>& instances) {
  std::vector<bool> taken(instances.size(), false);
  std::erase_if(boxes, [&](Annotation& annotation) {
    const auto* box = std::get_if<Box>(&annotation.shape);
    if (!box) return false;
    std::size_t best = instances.size();
    double best_iou = 0.5;
    for (std::size_t i = 0; i < instances.size(); ++i) {
      if (taken[i] || instances[i].label != annotation.label || instances[i].flags.crowd == true) continue;
      const auto around = bounding_box(instances[i].shape);
      if (const double shared = around ? iou(*box, *around) : 0; shared >= best_iou)
        best_iou = shared, best = i;
    }
    if (best == instances.size()) return false;
    taken[best] = true;
    Annotation& instance = instances[best];
    const Flag crowd = instance.flags.crowd;
    instance.flags = annotation.flags;
    if (crowd) instance.flags.crowd = crowd;
    instance.box = *box;
    instance.group = annotation.group;
    instance.attributes = std::move(annotation.attributes);
    instance.keypoints = std::move(annotation.keypoints);
    instance.origin = annotation.origin;
    return true;
  });
}

/// What a mask file says of one label, as instances.
std::vector<Annotation> split_up(const Annotation& annotation, Size size, const LabelMap& labels,
                                 const InstanceSettings& settings, InstanceLoss& loss) {
  cv::Mat semantic(size.height, size.width, CV_16UC1, cv::Scalar(kUnlabelled));
  paint(semantic, pixels_of(annotation, size), *annotation.label);
  InstanceSettings resolved = settings;
  if (resolved.policy == InstancePolicy::object_mask) resolved.policy.reset();  // there is none
  std::vector<Annotation> made = instances_from_mask(semantic, {}, labels, resolved, loss);
  for (Annotation& instance : made) instance.origin = annotation.origin;
  return made;
}

void split_label_masks(Item& item, const LabelMap& labels, const InstanceSettings& settings,
                       InstanceLoss& loss) {
  std::vector<Annotation> all;
  for (Annotation& annotation : item.annotations) {
    if (!is_label_mask(annotation) || !annotation.label || !item.size) {
      all.push_back(std::move(annotation));
      continue;
    }
    std::vector<Annotation> made = split_up(annotation, *item.size, labels, settings, loss);
    all.insert(all.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
  }
  item.annotations = std::move(all);
}

}  // namespace

double iou(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const double shared = width * height;
  return shared / (a.area() + b.area() - shared);
}

bool becomes_mask(const Item& item, const Capabilities& target) {
  return !item.semantic && target.semantic_mask && !target.box && !target.polygon && !target.rle;
}

void make_instances(Item& item, const LabelMap& labels, const InstanceSettings& settings,
                    InstanceLoss& loss) {
  const CodedMask semantic = read_coded(*item.semantic, item.size);
  InstanceSettings resolved = settings;
  if (!resolved.policy)
    resolved.policy = item.instances ? InstancePolicy::object_mask : InstancePolicy::component;
  cv::Mat instances;
  if (*resolved.policy == InstancePolicy::object_mask && item.instances)
    instances = read_instances(*item.instances);
  std::vector<Annotation> made = instances_from_mask(semantic, instances, labels, resolved, loss);
  for (Annotation& annotation : made) annotation.origin.file = file_of(*item.semantic).string();
  join_boxes(item.annotations, made);
  item.annotations.insert(item.annotations.end(), std::make_move_iterator(made.begin()),
                          std::make_move_iterator(made.end()));
  if (!item.size) item.size = Size{semantic.samples.cols, semantic.samples.rows};
  item.semantic.reset();
  item.instances.reset();
}

Item adapted(Item item, const Capabilities& target, const LabelMap& labels, const InstanceSettings& settings,
             InstanceLoss& loss) {
  if (target.rle || target.polygon) {
    InstanceSettings wanted = settings;
    if (!target.rle) wanted.shape = InstanceShape::polygon;
    if (!target.polygon) wanted.shape = InstanceShape::rle;
    split_label_masks(item, labels, wanted, loss);
    if (item.semantic && !target.semantic_mask) make_instances(item, labels, wanted, loss);
  }
  if (becomes_mask(item, target)) require_areas(item);
  const Adapter adapter(item, target, labels, settings, loss);
  std::erase_if(item.annotations, [&](Annotation& annotation) { return !adapter.adapt(annotation); });
  if (!target.item_attributes) item.attributes.clear();
  if (!target.unannotated) item.annotated = true;
  if (!target.subsets) item.subset.clear();
  return item;
}

}  // namespace maskmill
