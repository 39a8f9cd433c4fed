// SPDX-License-Identifier: Apache-2.0
#include "render/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "render/areas.h"
#include "render/cutout.h"
#include "render/lettering.h"
#include "render/strokes.h"

namespace maskmill {
namespace {

constexpr Rgb kNoLabel{150, 150, 150};
constexpr std::size_t kMostCaptions = 2000;

/// By instance number: 0 is no instance; the last one is void.
std::vector<Ink> inks_of_instances() {
  std::vector<Ink> inks(kUnlabelled + 1);
  for (int i = 1; i < kUnlabelled; ++i)
    inks[static_cast<std::size_t>(i)] = {Ink::Kind::blend, instance_colour(i)};
  inks[kUnlabelled] = kVoidInk;
  return inks;
}

class Painter {
 public:
  Painter(cv::Mat& rgb, const Item& item, const LabelMap& labels, const OverlaySettings& settings)
      : rgb_(rgb),
        item_(item),
        labels_(labels),
        settings_(settings),
        pen_(pen_for(size_of(rgb), settings.line_scale)),
        scale_{item.size.value_or(size_of(rgb)), size_of(rgb)},
        boxes_(item.annotations.size()) {}

  void paint() {
    if (item_.semantic) paint_semantic();
    const std::vector<std::size_t> order = painting_order();
    for (const std::size_t i : order) paint_area(i);
    for (const std::size_t i : order) paint_lines(i);
    if (!settings_.no_captions) paint_captions(order);
  }

 private:
  void paint_semantic() {
    const cv::Mat mask = fitted_mask(read_semantic(*item_.semantic, scale_.image).labels, rgb_, scale_.image);
    cv::Mat instances;
    if (item_.instances) instances = fitted_mask(read_instances(*item_.instances), rgb_, scale_.image);
    cv::Mat edges;
    if (!settings_.no_outlines) {
      edges = edges_of(mask, pen_.line_px);
      if (!instances.empty()) edges |= edges_of(instances, pen_.line_px);
    }
    if (settings_.colour_by == ColourBy::instance && !instances.empty())
      draw_areas(rgb_, instances, edges, inks_of_instances(), settings_.opacity, pen_.line_px);
    else
      draw_areas(rgb_, mask, edges, inks_of(labels_), settings_.opacity, pen_.line_px);
  }

  std::vector<std::size_t> painting_order() const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < item_.annotations.size(); ++i)
      if (item_.annotations[i].score.value_or(1) >= settings_.min_score) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return item_.annotations[a].z_order.value_or(0) < item_.annotations[b].z_order.value_or(0);
    });
    return order;
  }

  Rgb colour_of(std::size_t index) const {
    if (settings_.colour_by == ColourBy::instance)
      return instance_colour(static_cast<std::int64_t>(index) + 1);
    const auto label = item_.annotations[index].label;
    return label ? labels_.colour(*label) : kNoLabel;
  }

  void paint_area(std::size_t index) {
    const Annotation& annotation = item_.annotations[index];
    Cutout area;
    if (const auto* polygon = std::get_if<Polygon>(&annotation.shape))
      area = cut_out(*polygon, scale_, pen_.line_px);
    else if (const auto* rle = std::get_if<Rle>(&annotation.shape))
      area = cut_out(*rle, scale_, pen_.line_px);
    else if (const auto* file = std::get_if<MaskRef>(&annotation.shape))
      area = cut_out(read_mask_shape(*file, scale_.image), scale_, pen_.line_px);
    if (area.at.empty()) return;
    cv::Mat numbers;
    area.mask.convertTo(numbers, CV_16U);
    const auto kind = annotation.flags.crowd.value_or(false) ? Ink::Kind::hatch : Ink::Kind::blend;
    const std::array inks{Ink{}, Ink{kind, colour_of(index)}};
    cv::Mat target = rgb_(area.at);
    draw_areas(target, numbers, settings_.no_outlines ? cv::Mat() : edges_of(numbers, pen_.line_px), inks,
               settings_.opacity, pen_.line_px);
    boxes_[index] = Box{double(area.at.x), double(area.at.y), double(area.at.width), double(area.at.height)};
  }

  void paint_lines(std::size_t index) {
    const Annotation& annotation = item_.annotations[index];
    const Rgb colour = colour_of(index);
    const int width = pen_.line_px;
    const auto line = [&](const Ring& points, bool closed) {
      draw_line(rgb_, scale_.of(points), closed, colour, width);
    };
    if (const auto* box = std::get_if<Box>(&annotation.shape))
      draw_frame(rgb_, scale_.of(*box), colour, 2 * width);
    if (const auto* box = std::get_if<RotatedBox>(&annotation.shape)) line(outline(*box), true);
    if (const auto* ellipse = std::get_if<Ellipse>(&annotation.shape)) line(outline(*ellipse), true);
    if (const auto* polyline = std::get_if<Polyline>(&annotation.shape)) line(polyline->points, false);
    if (const auto* points = std::get_if<Points>(&annotation.shape))
      for (const Point& at : points->points) draw_dot(rgb_, scale_.of(at), colour, width, false);
    if (settings_.boxes && annotation.box) draw_frame(rgb_, scale_.of(*annotation.box), colour, width);
    paint_keypoints(annotation, colour);
  }

  void paint_keypoints(const Annotation& annotation, Rgb colour) {
    const std::vector<Keypoint>& keypoints = annotation.keypoints;
    const auto shown = [&](int k) {
      return k >= 0 && static_cast<std::size_t>(k) < keypoints.size() &&
             keypoints[static_cast<std::size_t>(k)].visibility > 0;
    };
    const auto at = [&](int k) { return scale_.of(keypoints[static_cast<std::size_t>(k)].at); };
    if (annotation.label && labels_[*annotation.label].skeleton)
      for (const auto& [from, to] : labels_[*annotation.label].skeleton->edges)
        if (shown(from) && shown(to))
          draw_line(rgb_, std::array{at(from), at(to)}, false, colour, pen_.line_px);
    for (int k = 0; k < static_cast<int>(keypoints.size()); ++k)
      if (shown(k))
        draw_dot(rgb_, at(k), colour, pen_.line_px, keypoints[static_cast<std::size_t>(k)].visibility == 1);
  }

  /// Larger things first: what is left out for want of room is the caption of a small one. No plate hides a
  /// thing that is hardly larger than a plate.
  void paint_captions(const std::vector<std::size_t>& order) {
    Captions captions(rgb_, pen_.text_px);
    std::vector<std::pair<std::size_t, Box>> by_size;
    for (const std::size_t i : order)
      if (const auto box = box_of(i)) by_size.emplace_back(i, *box);
    // Whatever is no number counts as nothing, so that there is an order.
    const auto size = [](const Box& box) { return box.area() > 0 ? box.area() : 0; };
    std::stable_sort(by_size.begin(), by_size.end(),
                     [&](const auto& a, const auto& b) { return size(a.second) > size(b.second); });
    by_size.resize(std::min(by_size.size(), kMostCaptions));
    const double small = 4 * pen_.text_px;
    for (const auto& [index, box] : by_size)
      if (box.width < small && box.height < small) captions.keep_clear(box);
    for (const auto& [index, box] : by_size)
      captions.place(caption_of(item_.annotations[index]), box, colour_of(index));
  }

  std::optional<Box> box_of(std::size_t index) const {
    const Annotation& annotation = item_.annotations[index];
    if (boxes_[index]) return boxes_[index];
    if (const auto box = bounding_box(annotation.shape)) return scale_.of(*box);
    if (annotation.box) return scale_.of(*annotation.box);
    return std::nullopt;
  }

  std::string caption_of(const Annotation& annotation) const {
    const std::string name = annotation.label ? labels_[*annotation.label].name : "(no label)";
    return annotation.score ? fmt::format("{} {:.2f}", name, *annotation.score) : name;
  }

  cv::Mat& rgb_;
  const Item& item_;
  const LabelMap& labels_;
  const OverlaySettings& settings_;
  Pen pen_;
  Scale scale_;
  /// Of areas as drawn, by annotation: a mask file's is known only then.
  std::vector<std::optional<Box>> boxes_;
};

}  // namespace

cv::Mat overlay(const cv::Mat& rgb, const Item& item, const LabelMap& labels,
                const OverlaySettings& settings) {
  require_picture(rgb);
  cv::Mat picture = rgb.clone();
  Painter(picture, item, labels, settings).paint();
  return picture;
}

}  // namespace maskmill
