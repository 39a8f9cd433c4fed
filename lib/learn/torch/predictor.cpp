// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <span>

#include "base/parallel.h"
#include "learn/predict.h"
#include "learn/tensor_file.h"
#include "learn/torch/device.h"
#include "learn/torch/input.h"
#include "learn/torch/module.h"
#include "learn/torch/predictors.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

/// For each of `to` pixels along a line, between which two of `from` it lies, and how far: torch's bilinear
/// upsampling with align_corners=False.
struct Interpolation {
  Tensor first, second, share;

  Interpolation(std::int64_t from, std::int64_t to, torch::Device device) {
    const double step = static_cast<double>(from) / static_cast<double>(to);
    const Tensor at = ((torch::arange(to, torch::kFloat64) + 0.5) * step - 0.5).clamp_min(0);
    first = at.floor().to(torch::kInt64).to(device);
    second = (first + 1).clamp_max(from - 1);
    share = (at - at.floor()).to(torch::kFloat32).to(device);
  }
};

cv::Mat to_mat(const Tensor& rows, int type) {
  const Tensor on_cpu = rows.cpu().contiguous();
  return cv::Mat(static_cast<int>(rows.size(0)), static_cast<int>(rows.size(1)), type, on_cpu.data_ptr())
      .clone();
}

/// Decides rows [top, bottom) of a picture from their scores (classes, rows, width).
void decide(const Tensor& scores, bool independent, int top, bool probabilities, Prediction& prediction) {
  const Tensor chances = independent ? scores.sigmoid() : scores.softmax(0);
  const auto [confidence, chosen] = chances.max(0);
  const cv::Range rows(top, top + static_cast<int>(scores.size(1)));
  to_mat(chosen.to(torch::kInt16), CV_16UC1).copyTo(prediction.labels.rowRange(rows));
  to_mat(confidence, CV_32FC1).copyTo(prediction.confidence.rowRange(rows));
  if (!probabilities) return;
  for (std::size_t i = 0; i < prediction.probabilities.size(); ++i)
    to_mat(chances[static_cast<std::int64_t>(i)], CV_32FC1)
        .copyTo(prediction.probabilities[i].rowRange(rows));
}

/// From scores (classes, height, width) at the network's size. A strip of rows at a time: the scores of a
/// 24-megapixel picture with 23 classes would take 2 GB.
Prediction at_size(const Tensor& scores, cv::Size size, bool independent, bool probabilities) {
  const std::int64_t classes = scores.size(0);
  Prediction prediction;
  prediction.labels.create(size, CV_16UC1);
  prediction.confidence.create(size, CV_32FC1);
  if (probabilities)
    for (std::int64_t i = 0; i < classes; ++i) prediction.probabilities.emplace_back(size, CV_32FC1);

  const Interpolation along_x(scores.size(2), size.width, scores.device());
  const Interpolation along_y(scores.size(1), size.height, scores.device());
  const Tensor wide = torch::lerp(scores.index_select(2, along_x.first),
                                  scores.index_select(2, along_x.second), along_x.share);
  constexpr std::int64_t kStripNumbers = 1 << 23;
  const auto strip = static_cast<int>(std::max<std::int64_t>(1, kStripNumbers / (classes * size.width)));
  for (int top = 0; top < size.height; top += strip) {
    const auto rows = torch::indexing::Slice(top, std::min(top + strip, size.height));
    const Tensor tall = torch::lerp(wide.index_select(1, along_y.first.index({rows})),
                                    wide.index_select(1, along_y.second.index({rows})),
                                    along_y.share.index({rows}).unsqueeze(1));
    decide(tall, independent, top, probabilities, prediction);
  }
  return prediction;
}

class TorchPredictor final : public Predictor {
 public:
  TorchPredictor(const RunFolder& run, const PredictSettings& settings)
      : settings_(settings),
        card_(run.card()),
        device_(choose_device(settings.device)),
        precision_(choose_precision(settings.precision, device_)),
        input_(card_.input, device_),
        network_(predicting_network(run, card_, device_, precision_)) {}

  const ModelCard& card() const override { return card_; }
  std::string device() const override { return device_name(device_); }
  Precision precision() const override { return precision_; }

  std::vector<Prediction> predict(const std::vector<NetworkPicture>& pictures) override {
    return in_batches_of(pictures, settings_.batch_size, [&](std::span<const NetworkPicture> some) {
      std::vector<Prediction> predictions;
      const Tensor scores = scores_of(some);
      for (std::size_t i = 0; i < some.size(); ++i)
        predictions.push_back(at_size(scores[static_cast<std::int64_t>(i)],
                                      {some[i].size.width, some[i].size.height}, card_.independent,
                                      settings_.probabilities));
      return predictions;
    });
  }

 private:
  /// (batch, classes, height, width) float32 at the network's size.
  Tensor scores_of(std::span<const NetworkPicture> pictures) {
    const torch::NoGradGuard no_grad;
    const Size size{card_.input.width, card_.input.height};
    const Tensor images =
        torch::empty({static_cast<std::int64_t>(pictures.size()), size.height, size.width, 3}, torch::kUInt8);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      cv::Mat to(size.height, size.width, CV_8UC3, images[static_cast<std::int64_t>(i)].data_ptr());
      if (pictures[i].pixels.size() != to.size() || pictures[i].pixels.type() != to.type())
        throw Error(Code::bug, "pictures to predict are CV_8UC3 of the network's size");
      pictures[i].pixels.copyTo(to);
    }
    const Tensor input = input_(images);
    if (!settings_.mirror) return scores_of(input);
    constexpr std::int64_t kAlongX = 3;
    return (scores_of(input) + scores_of(input.flip(kAlongX)).flip(kAlongX)) / 2;
  }

  Tensor scores_of(const Tensor& input) {
    const Autocast autocast(device_, precision_);
    return network_->forward(input).at("out").to(torch::kFloat32);
  }

  PredictSettings settings_;
  ModelCard card_;
  torch::Device device_;
  Precision precision_;
  NetworkInput input_;
  Network network_;
};

}  // namespace

std::vector<Prediction> in_batches_of(
    const std::vector<NetworkPicture>& pictures, int batch_size,
    const std::function<std::vector<Prediction>(std::span<const NetworkPicture>)>& predict) {
  return guarded([&] {
    std::vector<Prediction> all;
    const auto batch = static_cast<std::size_t>(std::max(1, batch_size));
    for (std::size_t first = 0; first < pictures.size(); first += batch) {
      throw_if_interrupted();
      const std::size_t count = std::min(batch, pictures.size() - first);
      for (Prediction& one : predict(std::span(pictures).subspan(first, count)))
        all.push_back(std::move(one));
    }
    return all;
  });
}

Network trained_network(const RunFolder& run, const ModelCard& card, torch::Device device) {
  Network network(build(card.model, 3, card.classes.size()));
  const Path weights = run.file("model.pth");
  try {
    load_state_dict(network, read_pth(weights));
  } catch (Error& error) {
    throw std::move(error.at_file(weights));
  }
  network->place(device);
  network->eval();
  return network;
}

Network predicting_network(const RunFolder& run, const ModelCard& card, torch::Device device,
                           Precision precision) {
  Network network = trained_network(run, card, device);
  network->prepare_for_inference(precision);
  return network;
}

std::vector<Prediction> Predictor::predict_pictures(const std::vector<cv::Mat>& pictures) {
  std::vector<NetworkPicture> ready(pictures.size());
  parallel_for(pictures.size(), [&](std::size_t i) { ready[i] = picture(pictures[i]); });
  return predict(ready);
}

std::unique_ptr<Predictor> Predictor::open(const Path& run, const PredictSettings& settings) {
  return guarded([&] {
    prepare_process(settings.threads);
    const RunFolder folder = RunFolder::open(run);
    return detector_of(folder.card().model) ? make_object_predictor(folder, settings)
                                            : std::make_unique<TorchPredictor>(folder, settings);
  });
}

}  // namespace maskmill::learn
