// SPDX-License-Identifier: Apache-2.0
#include "learn/predict_set.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "dataset/probability_files.h"
#include "dataset/rle.h"
#include "image/image.h"
#include "prepare/adapt.h"
#include "render/overlay.h"

namespace maskmill::learn {
namespace {

// Where a target only has masks an image, one annotation a class is enough, and painting it gives the mask
// back.
InstanceSettings resolved(InstanceSettings settings, const Capabilities& target) {
  const bool objects = target.rle || target.polygon || target.instance_mask;
  if (!settings.policy) settings.policy = objects ? InstancePolicy::component : InstancePolicy::label;
  if (*settings.policy == InstancePolicy::object_mask)
    throw Error(Code::usage, "a network that labels pixels predicts no object masks")
        .at_field("instances")
        .hint("use component or label");
  return settings;
}

/// The prediction over its picture.
cv::Mat drawn(const PredictedItem& predicted, const LabelMap& classes) {
  if (!predicted.prediction.labels.empty())
    return overlay_mask(predicted.picture, predicted.prediction.labels, classes);
  Item objects;
  objects.size = predicted.size;
  objects.annotations = predicted.prediction.objects;
  return overlay(predicted.picture, objects, classes, {.colour_by = ColourBy::instance});
}

void write_object_masks(const PredictedItem& predicted, const LabelMap& classes, Sink& sink) {
  int number = 0;
  for (const Annotation& object : predicted.prediction.objects) {
    ++number;
    const auto* pixels = std::get_if<Rle>(&object.shape);
    if (!pixels) continue;
    sink.attach(object_mask_file(predicted.item.id, number, classes[object.label.value()].name),
                encode_png(mask_from_rle(*pixels) * 255));
  }
}

void write_probabilities(const PredictedItem& predicted, const LabelMap& classes, Sink& sink) {
  for (std::size_t i = 0; i < predicted.prediction.probabilities.size(); ++i) {
    cv::Mat levels;
    predicted.prediction.probabilities[i].convertTo(levels, CV_16U, 65535);
    sink.attach(probability_file(classes, static_cast<int>(i), predicted.item.id), encode_png(levels));
  }
}

}  // namespace

std::string object_mask_file(const std::string& id, int number, const std::string& label) {
  const bool is_name = is_safe_relative(label) && label.find('/') == std::string::npos;
  return "objects/" + id + "_" + std::to_string(number) + (is_name ? "_" + label : "") + ".png";
}

LabelMap renamed(const LabelMap& classes, const std::vector<std::string>& names) {
  std::vector<Label> labels(classes.begin(), classes.end());
  for (const std::string& text : names) {
    const std::size_t equals = text.find('=');
    const auto label = classes.find(text.substr(0, equals));
    if (equals == std::string::npos || equals + 1 == text.size() || !label)
      throw Error(Code::usage, label ? in_quotes(text) + " is no OLD=NEW"
                                     : "the network has no class " + in_quotes(text.substr(0, equals)))
          .at_field("rename");
    labels[static_cast<std::size_t>(*label)].name = text.substr(equals + 1);
  }
  try {
    return LabelMap(std::move(labels));
  } catch (const Error& error) {
    throw Error(Code::usage, error.message()).at_field("rename");
  }
}

PredictReport predict_set(Predictor& predictor, Source& source, const Format& target,
                          const CreateRequest& request, const PredictSetSettings& settings,
                          Provenance provenance, Findings& findings) {
  if (!target.create)
    throw Error(Code::usage, "the format " + std::string(target.name) + " is read, not written")
        .hint("formats that are written: maskmill formats");
  const auto start = std::chrono::steady_clock::now();
  if (settings.object_masks && !predictor.finds_objects())
    throw Error(Code::usage, predictor.card().model.name + " finds no objects").at_field("object-masks");
  const LabelMap& classes = request.metadata.labels;
  if (settings.object_masks && !detector_of(predictor.card().model)->masks)
    throw Error(Code::usage, predictor.card().model.name + " finds boxes alone").at_field("object-masks");
  const InstanceSettings instances = resolved(settings.instances, target.holds);
  const bool as_polygons = instances.shape == InstanceShape::polygon && target.holds.polygon;
  const auto sink = target.create(request);
  PredictReport report;
  Hasher fingerprint;
  const auto write = [&](PredictedItem&& predicted) {
    Item item = predicted.item;
    item.annotated = true;
    item.size = predicted.size;
    item.semantic.reset();
    item.instances.reset();
    item.annotations = annotations_of(predicted.prediction, classes, instances);
    if (as_polygons)
      for (Annotation& annotation : item.annotations)
        if (const auto* pixels = std::get_if<Rle>(&annotation.shape))
          annotation.shape = Shape(polygon_from_rle(*pixels, instances.tolerance));
    if (becomes_mask(item, target.holds)) std::ranges::reverse(item.annotations);  // the best is painted last
    InstanceLoss loss;
    const auto append = sink->encode(adapted(std::move(item), target.holds, classes, instances, loss));
    if (settings.overlays)
      sink->attach("overlays/" + predicted.item.id + ".jpg", encode_jpeg(drawn(predicted, classes)));
    if (settings.probabilities) write_probabilities(predicted, classes, *sink);
    if (settings.object_masks) write_object_masks(predicted, classes, *sink);
    append();
    fingerprint.add(digest_of(predicted.item).hex());
    ++report.items;
  };
  report.left_out =
      predict_items(predictor, source, settings.batch_size, settings.overlays, nullptr, findings, write);
  if (report.items == 0)
    throw nothing_left("none of the inputs could be read; nothing was written", findings);
  for (Provenance::Input& input : provenance.inputs) {
    input.items = report.items;
    input.fingerprint = fingerprint.digest().hex();
  }
  sink->close(provenance);
  sink->findings().for_each([&](const Finding& finding) { findings.add(finding); });
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace maskmill::learn
