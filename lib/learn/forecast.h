// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "dataset/dataset.h"
#include "learn/forecast_objects.h"
#include "learn/graph.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// What a training would do with a data set, without training.
struct Forecast {
  std::size_t train_items = 0, val_items = 0;  ///< annotated, so that they are samples
  std::size_t unannotated = 0;                 ///< of both subsets; left out
  std::vector<std::string> classes;            ///< what the network tells apart, in its order
  std::int64_t steps_per_epoch = 0, steps = 0;
  std::int64_t parameters = 0;
  std::int64_t memory_bytes = 0;  ///< see training_memory
  std::int64_t sample_bytes = 0;  ///< of all decoded samples, were they all kept
  /// By how much pictures shrink along the side that shrinks most; below 1 they grow. Nothing where no size
  /// is known.
  std::optional<double> least_reduction, greatest_reduction;
  double greatest_distortion = 1;  ///< how much more one side of a picture shrinks than the other, at least 1
  std::size_t objects = 0;         ///< annotations whose box is known, of the training subset
  std::size_t vanishing = 0;       ///< of these, with a side below kLeastSide pixels for the network
  static constexpr double kLeastSide = 2;
  /// Of a detector; its objects and vanishing ones are those above, too.
  std::optional<ObjectForecast> detector;
  std::vector<std::string> remarks;  ///< what is likely to be a mistake, a sentence each without a full stop
};

/// Reads the data set's annotations and the sizes of its images, no pixels. Throws as collect_items, ClassMap
/// and read_model_card.
Forecast forecast(Source& source, const TrainSettings& settings, Findings& findings);

/// About the bytes that one step of training takes: weights, gradients, what the optimizer remembers, and
/// what each layer keeps of a batch for its gradient. What kernels take besides is not in it.
std::int64_t training_memory(const Graph& graph, const TrainSettings& settings);
/// The same of a detector, for pictures of this size with so many objects each: with their masks, and the
/// overlaps of objects and anchors.
std::int64_t detector_memory(const Graph& graph, const TrainSettings& settings, Size padded,
                             std::size_t objects);

std::string to_text(const Forecast& forecast, const TrainSettings& settings);
/// {train_items, val_items, unannotated, classes, steps_per_epoch, steps, parameters, memory_bytes,
/// sample_bytes, least_reduction, greatest_reduction, greatest_distortion, objects, vanishing, remarks,
/// detector?: {items_without_objects, items_of_masks, most_objects, crowds, lost, boxes_alone, unmatched,
/// too_small}}
Json to_json(const Forecast& forecast);

}  // namespace maskmill::learn
