// SPDX-License-Identifier: Apache-2.0
#include "prepare/losses.h"

#include <fmt/format.h>

#include <functional>

#include "base/text.h"
#include "dataset/masks.h"
#include "dataset/shape_geometry.h"
#include "prepare/adapt.h"

namespace maskmill {
namespace {

template <class T>
bool has(const Annotation& annotation) {
  return std::holds_alternative<T>(annotation.shape);
}

bool has_pixels(const Capabilities& target) {
  return target.rle || target.polygon;
}

const Polygon* polygon_of(const Annotation& annotation) {
  return std::get_if<Polygon>(&annotation.shape);
}

bool has_holes(const Annotation& annotation) {
  const Polygon* polygon = polygon_of(annotation);
  return polygon && has_holes(*polygon);
}

bool has_parts(const Annotation& annotation) {
  const Polygon* polygon = polygon_of(annotation);
  return polygon && polygon->parts.size() > 1;
}

// One row a thing that an annotation can say: whether it does, and what becomes of it in a target; an empty
// outcome is no loss.
struct AnnotationFeature {
  std::string_view what;
  bool (*present)(const Annotation&);
  std::string (*outcome)(const Capabilities&);
};

std::string as_area(const Capabilities& target) {
  if (target.polygon) return "become polygons";
  if (target.rle) return "become RLE masks";
  return target.semantic_mask ? "are painted" : "dropped";
}

constexpr auto dropped_unless = [](bool held) { return std::string(held ? "" : "dropped"); };

const AnnotationFeature kAnnotationFeatures[] = {
    {"annotations without a shape",
     [](const Annotation& a) { return has<std::monostate>(a) && a.keypoints.empty(); },
     [](const Capabilities& t) { return dropped_unless(t.shapeless); }},
    {"annotations without a label", [](const Annotation& a) { return !a.label && a.flags.crowd != true; },
     [](const Capabilities& t) { return std::string(t.semantic_mask ? "" : "dropped"); }},
    {"boxes", has<Box>, [](const Capabilities& t) { return dropped_unless(t.box); }},
    {"rotated boxes", has<RotatedBox>, [](const Capabilities& t) { return t.rotated_box ? "" : as_area(t); }},
    {"ellipses", has<Ellipse>, [](const Capabilities& t) { return t.ellipse ? "" : as_area(t); }},
    {"polylines", has<Polyline>, [](const Capabilities& t) { return dropped_unless(t.polyline); }},
    {"points", has<Points>, [](const Capabilities& t) { return dropped_unless(t.points); }},
    {"polygons", has<Polygon>,
     [](const Capabilities& t) {
       if (t.polygon) return std::string();
       return std::string(t.rle ? "become RLE masks" : t.semantic_mask ? "are painted" : "dropped");
     }},
    {"polygons with holes", has_holes,
     [](const Capabilities& t) {
       if (!t.polygon || t.polygon_holes) return std::string();
       return std::string(t.rle ? "become RLE masks" : "lose their holes");
     }},
    {"polygons of several parts", has_parts,
     [](const Capabilities& t) {
       const bool stays = t.polygon && !t.polygon_parts && !t.rle;
       return std::string(stays ? "become one ring each, or several objects" : "");
     }},
    {"RLE masks", [](const Annotation& a) { return has<Rle>(a) || (has<MaskRef>(a) && !is_label_mask(a)); },
     [](const Capabilities& t) {
       if (t.rle) return std::string();
       return std::string(t.polygon ? "become polygons" : t.semantic_mask ? "are painted" : "dropped");
     }},
    {"masks of one label", is_label_mask,
     [](const Capabilities& t) {
       if (t.label_masks) return std::string();
       return std::string(has_pixels(t)     ? "become instances"
                          : t.semantic_mask ? "merge into one mask an image"
                                            : "dropped");
     }},
    {"objects of their own", [](const Annotation& a) { return has_area(a.shape) && !is_label_mask(a); },
     [](const Capabilities& t) {
       if (has_pixels(t) || t.instance_mask) return std::string();
       return std::string(t.label_masks ? "merge into one mask a label" : "merge into one mask an image");
     }},
    {"crowd flags", [](const Annotation& a) { return a.flags.crowd == true; },
     [](const Capabilities& t) {
       return std::string(t.crowd ? "" : t.ignore_areas ? "crowds become void" : "dropped");
     }},
    {"occluded flags", [](const Annotation& a) { return a.flags.occluded.has_value(); },
     [](const Capabilities& t) { return dropped_unless(t.occluded); }},
    {"truncated flags", [](const Annotation& a) { return a.flags.truncated.has_value(); },
     [](const Capabilities& t) { return dropped_unless(t.truncated); }},
    {"difficult flags", [](const Annotation& a) { return a.flags.difficult.has_value(); },
     [](const Capabilities& t) { return dropped_unless(t.difficult); }},
    {"scores", [](const Annotation& a) { return a.score.has_value(); },
     [](const Capabilities& t) { return dropped_unless(t.score); }},
    {"group numbers", [](const Annotation& a) { return a.group.has_value(); },
     [](const Capabilities& t) { return dropped_unless(t.group); }},
    {"stacking orders", [](const Annotation& a) { return a.z_order.has_value(); },
     [](const Capabilities& t) { return dropped_unless(t.z_order); }},
    {"keypoints", [](const Annotation& a) { return !a.keypoints.empty(); },
     [](const Capabilities& t) { return dropped_unless(t.keypoints); }},
    {"attributes of annotations", [](const Annotation& a) { return !a.attributes.empty(); },
     [](const Capabilities& t) { return dropped_unless(t.attributes); }},
};

struct ItemFeature {
  std::string_view what;
  bool (*present)(const Item&);
  std::string (*outcome)(const Capabilities&);
};

const ItemFeature kItemFeatures[] = {
    {"label masks", [](const Item& i) { return i.semantic.has_value(); },
     [](const Capabilities& t) {
       return std::string(t.semantic_mask ? "" : has_pixels(t) ? "become instances" : "dropped");
     }},
    {"instance masks", [](const Item& i) { return i.instances.has_value(); },
     [](const Capabilities& t) {
       return std::string(t.instance_mask ? "" : has_pixels(t) ? "become instances" : "dropped");
     }},
    {"items that nobody has annotated", [](const Item& i) { return !i.annotated; },
     [](const Capabilities& t) {
       return std::string(t.unannotated ? "" : "become items annotated as empty");
     }},
    {"subsets", [](const Item& i) { return !i.subset.empty(); },
     [](const Capabilities& t) { return dropped_unless(t.subsets); }},
    {"attributes of items", [](const Item& i) { return !i.attributes.empty(); },
     [](const Capabilities& t) { return dropped_unless(t.item_attributes); }},
};

void add_metadata_losses(const Metadata& metadata, const Capabilities& target, std::vector<Loss>& losses) {
  std::size_t ids = 0, colours = 0, ignored = 0, backgrounds = 0;
  for (const Label& label : metadata.labels) {
    ids += label.id.has_value();
    colours += label.colour.has_value();
    ignored += label.role == Role::ignore;
    backgrounds += label.role == Role::background;
  }
  const auto add = [&](std::string what, std::size_t count, bool held) {
    if (count > 0 && !held) losses.push_back({std::move(what), "dropped", count, {}});
  };
  add("label ids", ids, target.label_ids);
  add("label colours", colours, target.label_colours);
  add("void labels", ignored, target.ignore_areas);
  add("background labels", backgrounds, target.background);
  add("licences", metadata.licences.size(), target.licences);
}

}  // namespace

Survey survey(Source& source, const Format& target, Findings& findings) {
  std::vector<Loss> by_annotation(std::size(kAnnotationFeatures)), by_item(std::size(kItemFeatures));
  const auto note = [&](Loss& loss, const Place& place) {
    if (loss.count++ == 0) loss.example = place;
  };
  Survey found;
  const auto look_at = [&](Item&& item) {
    found.paints =
        found.paints || (item.annotated && becomes_mask(item, target.holds) && !target.holds.label_masks);
    for (std::size_t i = 0; i < by_item.size(); ++i)
      if (kItemFeatures[i].present(item)) note(by_item[i], item.origin);
    for (const Annotation& annotation : item.annotations)
      for (std::size_t i = 0; i < by_annotation.size(); ++i)
        if (kAnnotationFeatures[i].present(annotation))
          note(by_annotation[i], annotation.origin.empty() ? item.origin : annotation.origin);
  };
  for_each_item(source, findings, look_at, Look::annotations);
  source.rewind();

  std::vector<Loss>& losses = found.losses;
  const auto keep = [&](Loss loss, std::string_view what, std::string outcome) {
    if (loss.count == 0 || outcome.empty()) return;
    loss.what = what;
    loss.outcome = std::move(outcome);
    losses.push_back(std::move(loss));
  };
  for (std::size_t i = 0; i < by_item.size(); ++i)
    keep(by_item[i], kItemFeatures[i].what, kItemFeatures[i].outcome(target.holds));
  for (std::size_t i = 0; i < by_annotation.size(); ++i)
    keep(by_annotation[i], kAnnotationFeatures[i].what, kAnnotationFeatures[i].outcome(target.holds));
  add_metadata_losses(source.metadata(), target.holds, losses);
  return found;
}

std::string to_text(const std::vector<Loss>& losses) {
  std::string text;
  for (const Loss& loss : losses) {
    text += fmt::format("  {} {}: {}", with_thousands(loss.count), loss.what, loss.outcome);
    if (!loss.example.empty()) text += fmt::format(" (first: {})", loss.example.text());
    text += "\n";
  }
  return text;
}

}  // namespace maskmill
