// SPDX-License-Identifier: Apache-2.0
#include "learn/predict_set.h"

#include <chrono>

#include "base/error.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "dataset/probability_files.h"
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

void write_probabilities(const PredictedItem& predicted, const LabelMap& classes, Sink& sink) {
  for (std::size_t i = 0; i < predicted.prediction.probabilities.size(); ++i) {
    cv::Mat levels;
    predicted.prediction.probabilities[i].convertTo(levels, CV_16U, 65535);
    sink.attach(probability_file(classes, static_cast<int>(i), predicted.item.id), encode_png(levels));
  }
}

}  // namespace

PredictReport predict_set(Predictor& predictor, Source& source, const Format& target,
                          const CreateRequest& request, const PredictSetSettings& settings,
                          Provenance provenance, Findings& findings) {
  if (!target.create)
    throw Error(Code::usage, "the format " + std::string(target.name) + " is read, not written")
        .hint("formats that are written: maskmill formats");
  const auto start = std::chrono::steady_clock::now();
  const LabelMap& classes = predictor.card().classes;
  const InstanceSettings instances = resolved(settings.instances, target.holds);
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
    InstanceLoss loss;
    const auto append = sink->encode(adapted(std::move(item), target.holds, classes, instances, loss));
    if (settings.overlays)
      sink->attach("overlays/" + predicted.item.id + ".jpg",
                   encode_jpeg(overlay_mask(predicted.picture, predicted.prediction.labels, classes)));
    if (settings.probabilities) write_probabilities(predicted, classes, *sink);
    append();
    fingerprint.add(digest_of(predicted.item).hex());
    ++report.items;
  };
  report.left_out =
      predict_items(predictor, source, settings.batch_size, settings.overlays, nullptr, findings, write)
          .unreadable;
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
