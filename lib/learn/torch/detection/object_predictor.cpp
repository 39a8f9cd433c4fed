// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <opencv2/core.hpp>
#include <span>

#include "base/error.h"
#include "learn/torch/detection/detector.h"
#include "learn/torch/detection/objects.h"
#include "learn/torch/predictors.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

class ObjectPredictor final : public Predictor {
 public:
  ObjectPredictor(const RunFolder& run, const PredictSettings& settings)
      : settings_(settings),
        card_(run.card()),
        device_(choose_device(settings.device)),
        precision_(choose_precision(settings.precision, device_)),
        detector_(predicting_network(run, card_, device_, precision_), wanted(card_.model.detector, settings),
                  detector_of(card_.model)->masks) {
    if (settings.probabilities || settings.mirror)
      throw Error(Code::usage, card_.model.name + " finds objects")
          .at_field(settings.mirror ? "mirror" : "probabilities")
          .hint("this goes with networks that label pixels");
  }

  const ModelCard& card() const override { return card_; }
  std::string device() const override { return device_name(device_); }
  Precision precision() const override { return precision_; }

  std::vector<Prediction> predict(const std::vector<NetworkPicture>& pictures) override {
    return in_batches_of(pictures, settings_.batch_size, [&](std::span<const NetworkPicture> some) {
      std::vector<Prediction> predictions;
      const std::vector<Detections> found = detector_.detect(batch_of(some), precision_);
      for (std::size_t i = 0; i < some.size(); ++i) {
        const Size seen{some[i].pixels.cols, some[i].pixels.rows};
        Prediction prediction;
        prediction.objects = annotations_of(found[i], seen, some[i].size, settings_.least_score);
        predictions.push_back(std::move(prediction));
      }
      return predictions;
    });
  }

 private:
  /// Suppression goes by falling score, so what falls short of the wanted score changes nothing above it: it
  /// need not be looked at, nor get a mask. The margin is for the rounding of a score to float32.
  static DetectorSettings wanted(DetectorSettings detector, const PredictSettings& settings) {
    constexpr double kMargin = 1e-6;
    detector.box_score_thresh = std::max(detector.box_score_thresh, settings.least_score - kMargin);
    return detector;
  }

  PictureBatch batch_of(std::span<const NetworkPicture> pictures) const {
    std::vector<Size> sizes;
    for (const NetworkPicture& picture : pictures)
      sizes.push_back({picture.pixels.cols, picture.pixels.rows});
    const Size size = padded_size(sizes);
    const Tensor images =
        torch::zeros({static_cast<std::int64_t>(pictures.size()), size.height, size.width, 3}, torch::kUInt8);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      if (pictures[i].pixels.type() != CV_8UC3) throw Error(Code::bug, "pictures to predict are CV_8UC3");
      cv::Mat to(size.height, size.width, CV_8UC3, images[static_cast<std::int64_t>(i)].data_ptr());
      pictures[i].pixels.copyTo(to(cv::Rect({0, 0}, pictures[i].pixels.size())));
    }
    return picture_batch(images.to(device_), sizes, card_.input);
  }

  PredictSettings settings_;
  ModelCard card_;
  torch::Device device_;
  Precision precision_;
  Detector detector_;
};

}  // namespace

std::unique_ptr<Predictor> make_object_predictor(const RunFolder& run, const PredictSettings& settings) {
  return std::make_unique<ObjectPredictor>(run, settings);
}

}  // namespace maskmill::learn
