// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "dataset/dataset.h"
#include "dataset/masks.h"
#include "learn/classes.h"
#include "learn/predict.h"

namespace maskmill::learn {

/// One item, its picture, and what a network says of it.
struct PredictedItem {
  Item item;
  Size size;        ///< of the picture
  cv::Mat picture;  ///< CV_8UC3, RGB; empty unless asked for
  cv::Mat truth;    ///< CV_16UC1 class numbers or kIgnored; empty unless asked for
  Prediction prediction;
};

/// Items that were not predicted; each is a finding.
struct LeftOut {
  std::size_t unreadable = 0;
  std::size_t not_annotated = 0;  ///< only where a truth was asked for
  std::set<std::string>
      without_picture{};  ///< ids of the unreadable ones of which the picture cannot be read
};

/// Reads and decodes on all threads of the current Jobs while the network works, in batches of at most
/// `batch_size` pictures and some 32 million pixels, and visits in the items' order, one at a time.
/// `with_pictures` decodes each at its whole size too. With `truth`, masks are read by that map, and items
/// that nobody annotated are left out.
LeftOut predict_items(Predictor& predictor, Source& source, int batch_size, bool with_pictures,
                      const ClassMap* truth, Findings& findings,
                      const std::function<void(PredictedItem&&)>& visit);

/// The prediction as annotations: a detector's objects, or each 8-connected region of a class other than the
/// background, exact, with the mean of its pixels' confidence as score.
std::vector<Annotation> annotations_of(const Prediction& prediction, const LabelMap& classes,
                                       const InstanceSettings& settings);

}  // namespace maskmill::learn
