// SPDX-License-Identifier: Apache-2.0
#include "learn/predict_items.h"

#include "base/error.h"
#include "base/progress.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "image/image.h"

namespace maskmill::learn {
namespace {

constexpr std::size_t kBatchPixels = std::size_t{32} << 20;

struct Loaded {
  std::optional<PredictedItem> item;
  std::string id;
  bool not_annotated = false;
  NetworkPicture input;
  std::vector<Finding> findings;
};

Loaded load(ReadItem& read, const Predictor& predictor, bool with_picture, const ClassMap* truth) {
  Loaded loaded;
  std::optional<Item> item = read(loaded.findings);
  if (!item) return loaded;
  loaded.id = item->id;
  if (truth && !item->annotated) {
    loaded.not_annotated = true;
    loaded.findings.push_back({"not-annotated",
                               Severity::warning,
                               {image_file(*item).string(), {}, item->id},
                               "nobody annotated it, so there is nothing to score",
                               ""});
    return loaded;
  }
  try {
    if (!has_image(*item)) throw without_image(*item);
    PredictedItem out;
    try {
      const std::string bytes = image_bytes(*item);
      loaded.input = predictor.picture(bytes);
      if (with_picture) out.picture = decode_image(bytes);
    } catch (Error& error) {
      throw std::move(error.at_file(image_file(*item)));
    }
    out.size = loaded.input.size;
    if (truth) out.truth = truth->read(*item, out.size).labels;
    out.item = std::move(*item);
    loaded.item = std::move(out);
  } catch (const Error& error) {
    if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
    loaded.findings.push_back(to_finding(error, "unreadable-item"));
  }
  return loaded;
}

double mean_confidence(const cv::Mat& confidence, const Rle& region) {
  double sum = 0;
  std::int64_t pixels = 0, position = 0;
  const std::int64_t rows = region.size.height;
  for (std::size_t run = 0; run < region.counts.size(); ++run) {
    const std::int64_t end = position + region.counts[run];
    if (run % 2 == 1)
      for (std::int64_t i = position; i < end; ++i, ++pixels)
        sum += confidence.at<float>(static_cast<int>(i % rows), static_cast<int>(i / rows));
    position = end;
  }
  return pixels > 0 ? sum / static_cast<double>(pixels) : 0;
}

}  // namespace

LeftOut predict_items(Predictor& predictor, Source& source, int batch_size, bool with_pictures,
                      const ClassMap* truth, Findings& findings,
                      const std::function<void(PredictedItem&&)>& visit) {
  LeftOut left_out;
  std::size_t pixels = 0;
  std::vector<PredictedItem> batch;
  std::vector<NetworkPicture> inputs;
  Progress progress("predicting", source.size());
  const auto flush = [&] {
    std::vector<Prediction> predictions = predictor.predict(inputs);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      batch[i].prediction = std::move(predictions[i]);
      visit(std::move(batch[i]));
      progress.advance();
    }
    batch.clear();
    inputs.clear();
    pixels = 0;
  };
  source.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  map_items(
      source, [&](ReadItem&& read) { return load(read, predictor, with_pictures, truth); },
      [&](Loaded&& loaded) {
        findings.add(std::move(loaded.findings));
        if (!loaded.item) {
          ++(loaded.not_annotated ? left_out.not_annotated : left_out.unreadable);
          if (!loaded.not_annotated && !loaded.id.empty()) left_out.without_picture.insert(loaded.id);
          return;
        }
        pixels += static_cast<std::size_t>(loaded.item->size.area());
        batch.push_back(std::move(*loaded.item));
        inputs.push_back(std::move(loaded.input));
        if (batch.size() == static_cast<std::size_t>(batch_size) || pixels >= kBatchPixels) flush();
      });
  if (!batch.empty()) flush();
  return left_out;
}

std::vector<Annotation> annotations_of(const Prediction& prediction, const LabelMap& classes,
                                       const InstanceSettings& settings) {
  if (prediction.labels.empty()) {
    std::vector<Annotation> objects = prediction.objects;
    std::erase_if(objects, [&](const Annotation& object) {
      const auto* pixels = std::get_if<Rle>(&object.shape);
      return pixels && area(*pixels) < settings.min_area;
    });
    return objects;
  }
  InstanceSettings exact = settings;
  exact.shape = InstanceShape::rle;  // the score is the mean over its pixels
  InstanceLoss loss;
  std::vector<Annotation> annotations = instances_from_mask(prediction.labels, {}, classes, exact, loss);
  for (Annotation& annotation : annotations)
    annotation.score = mean_confidence(prediction.confidence, std::get<Rle>(annotation.shape));
  return annotations;
}

}  // namespace maskmill::learn
