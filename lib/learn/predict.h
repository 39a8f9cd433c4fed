// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "dataset/item.h"
#include "learn/network_picture.h"
#include "learn/run.h"

namespace maskmill::learn {

/// What a network says of one picture, at the picture's own size: of networks that label pixels the masks, of
/// detectors the objects.
struct Prediction {
  cv::Mat labels;                      ///< CV_16UC1: indices into card().classes
  cv::Mat confidence;                  ///< CV_32FC1, 0..1: the chosen class's probability
  std::vector<cv::Mat> probabilities;  ///< CV_32FC1 a class; empty unless asked for
  /// Boxes, or RLE with boxes, with scores, the best first; labels are indices into card().classes.
  std::vector<Annotation> objects;
};

struct PredictSettings {
  Device device = Device::automatic;
  Precision precision = Precision::float32;
  int threads = 0;
  int batch_size = 8;
  bool probabilities = false;
  /// Each picture is also predicted mirrored left to right, and the two are averaged as scores, before
  /// softmax or sigmoid: a little more exact for twice the time.
  bool mirror = false;
  /// Of detectors: objects of a lower score are left out.
  double least_score = 0;
};

class Predictor {
 public:
  /// A run directory. Throws Error where it is none or its weights do not fit its model, naming the first
  /// tensor that differs.
  static std::unique_ptr<Predictor> open(const Path& run, const PredictSettings& settings);
  virtual ~Predictor() = default;

  virtual const ModelCard& card() const = 0;
  virtual std::string device() const = 0;
  /// The one that was chosen, never automatic.
  virtual Precision precision() const = 0;

  /// As picture() makes them. Scores are upsampled bilinearly to each picture's own size before the class is
  /// chosen. One caller at a time.
  virtual std::vector<Prediction> predict(const std::vector<NetworkPicture>& pictures) = 0;
  /// Pictures are CV_8UC3 RGB of any sizes.
  std::vector<Prediction> predict_pictures(const std::vector<cv::Mat>& pictures);
  /// True of a detector.
  bool finds_objects() const { return detector_of(card().model) != nullptr; }
  /// A picture as the network takes it, on any thread: from a file's bytes, which throws as decode_image, or
  /// from CV_8UC3 RGB pixels.
  NetworkPicture picture(std::string_view bytes) const { return picture_for(bytes); }
  NetworkPicture picture(const cv::Mat& pixels) const { return picture_for(pixels); }

 private:
  template <class From>
  NetworkPicture picture_for(const From& from) const {
    const InputSettings& input = card().input;
    return finds_objects() ? detector_picture(from, bounds_of(input))
                           : network_picture(from, Size{input.width, input.height});
  }
};

}  // namespace maskmill::learn
