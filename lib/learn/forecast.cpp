// SPDX-License-Identifier: Apache-2.0
#include "learn/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <functional>
#include <set>

#include "base/text.h"
#include "learn/classes.h"
#include "learn/detector.h"
#include "learn/model_card.h"
#include "learn/training_items.h"

namespace maskmill::learn {
namespace {

constexpr int kColours = 3;
constexpr double kMuchDistorted = 1.5, kMuchEnlarged = 2;

int optimizer_copies(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      return 2;
    case OptimizerKind::sgd:
    case OptimizerKind::rmsprop:
      return 1;
  }
  return 0;
}

bool is_size_known(const Item& item) {
  return item.size && item.size->width > 0 && item.size->height > 0;
}

void add_reduction(double reduction, Forecast& forecast) {
  forecast.least_reduction = std::min(forecast.least_reduction.value_or(reduction), reduction);
  forecast.greatest_reduction = std::max(forecast.greatest_reduction.value_or(reduction), reduction);
}

class Pictures {
 public:
  Pictures(const TrainSettings& settings, Forecast& forecast)
      : width_(settings.input.width), height_(settings.input.height), forecast_(forecast) {}

  void add(const Item& item, bool in_training) {
    if (!is_size_known(item)) return;
    const double across = item.size->width / width_, down = item.size->height / height_;
    add_reduction(std::max(across, down), forecast_);
    forecast_.greatest_distortion =
        std::max(forecast_.greatest_distortion, std::max(across / down, down / across));
    if (in_training) count_objects(item, across, down);
  }

 private:
  void count_objects(const Item& item, double across, double down) {
    for (const Annotation& annotation : item.annotations) {
      const std::optional<Box> box = bounding_box(annotation.shape);
      if (!box || !has_area(annotation.shape)) continue;
      ++forecast_.objects;
      if (std::min(box->width / across, box->height / down) < Forecast::kLeastSide) ++forecast_.vanishing;
    }
  }

  double width_, height_;
  Forecast& forecast_;
};

std::size_t take_out_unannotated(std::vector<Item>& items) {
  return std::erase_if(items, [](const Item& item) { return !item.annotated; });
}

void remark_on_subsets(const TrainSettings& settings, Forecast& forecast) {
  const auto add = [&](std::string words) { forecast.remarks.push_back(std::move(words)); };
  if (forecast.train_items == 0)
    add(in_quotes(settings.train_subset) + " has no annotated item to learn from");
  if (forecast.val_items == 0)
    add(in_quotes(settings.val_subset) + " has no annotated item to choose the best weights by");
  if (forecast.train_items > 0 &&
      forecast.train_items < static_cast<std::size_t>(settings.batch_size * settings.gradients.accumulate))
    add(fmt::format("a step takes {} samples and there are {}: each epoch is one step",
                    settings.batch_size * settings.gradients.accumulate, forecast.train_items));
}

void remark_on_sizes(const TrainSettings& settings, Forecast& forecast) {
  const auto add = [&](std::string words) { forecast.remarks.push_back(std::move(words)); };
  const std::string size = fmt::format("{}x{}", settings.input.width, settings.input.height);
  if (forecast.greatest_distortion > kMuchDistorted)
    add(fmt::format(
        "resized to {}, some pictures are distorted: one side shrinks {:.1f} times as much as the "
        "other; transform cuts tiles instead",
        size, forecast.greatest_distortion));
  if (forecast.least_reduction && *forecast.least_reduction * kMuchEnlarged < 1)
    add(fmt::format("some pictures are enlarged {:.1f} times to {}: the network sees no more for it",
                    1 / *forecast.least_reduction, size));
  if (forecast.vanishing > 0)
    add(fmt::format(
        "{} of {} have a side below {} pixels at {}: they all but vanish; larger input.width and "
        "input.height, or tiles, keep them",
        with_thousands(forecast.vanishing), counted(forecast.objects, "object"), Forecast::kLeastSide, size));
}

/// What the run that training begins from tells apart.
void remark_on_former_classes(const TrainSettings& settings, Forecast& forecast) {
  if (!settings.init) return;
  const Path card_file = Path(*settings.init) / "model.json";
  if (boost::system::error_code failure; !fs::is_regular_file(card_file, failure)) return;
  const ModelCard card = read_model_card(card_file);
  std::vector<std::string> former;
  for (const Label& label : card.classes) former.push_back(label.name);
  if (card.model.name != settings.model.name)
    forecast.remarks.push_back(fmt::format("init has the weights of {}, and the network is {}",
                                           card.model.name, settings.model.name));
  else if (former.size() != forecast.classes.size())
    forecast.remarks.push_back(fmt::format("init tells {} apart and the data has {}: the head is drawn anew",
                                           fmt::format("{} classes", former.size()),
                                           forecast.classes.size()));
  else if (former != forecast.classes)
    forecast.remarks.push_back(
        fmt::format("init was trained for {}, and the classes here are {}: its head says "
                    "other things",
                    joined(former, ", "), joined(forecast.classes, ", ")));
}

constexpr std::int64_t kFloat = 4;

/// What layers keep of a step for its gradient, and the most that one of them hands on.
struct Kept {
  std::int64_t bytes = 0, largest = 0;
};

/// `times`: how often, in a step, what is made of an input is made. Layers that are never trained keep
/// nothing.
Kept kept_of(const Graph& graph, Extent input, const std::function<std::int64_t(int input)>& times) {
  constexpr std::int64_t kIndex = 8;
  const std::vector<Extent> all = extents(graph, input);
  const auto values = [](int channels, Extent extent) {
    return static_cast<std::int64_t>(channels) * extent.height * extent.width;
  };
  // bf16 keeps most of what convolutions take in two bytes, but not all; the larger number is said.
  Kept kept;
  std::set<int> inputs_seen{kInput};
  std::vector<int> made_of;
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    const int first = node.inputs.front();
    made_of.push_back(first < 0 ? first : made_of[static_cast<std::size_t>(first)]);
    inputs_seen.insert(made_of.back());
    const int number = static_cast<int>(i);
    if (writes_over_input(graph, number) || number < graph.frozen()) continue;
    const std::int64_t count = values(graph.channels(number), all[i]) * times(made_of.back());
    kept.bytes += count * kFloat;
    if (std::holds_alternative<MaxPool2d>(node.layer)) kept.bytes += count * kIndex;
    kept.largest = std::max(kept.largest, count * kFloat);
  }
  for (const int from : inputs_seen) {
    if (from == detector::kLevelInput) continue;  // what the backbone hands on
    const std::int64_t count =
        values(graph.channels(from), from == kInput ? input : graph.input_extent(from)) * times(from);
    kept.bytes += count * kFloat;
    kept.largest = std::max(kept.largest, count * kFloat);
  }
  return kept;
}

/// Of weights, gradients and what the optimizer remembers.
std::int64_t weight_bytes(const Graph& graph, const TrainSettings& settings) {
  std::set<std::string> frozen;
  for (int i = 0; i < graph.frozen(); ++i) frozen.insert(graph.nodes()[static_cast<std::size_t>(i)].name);
  std::int64_t kept = 0, trained = 0;
  for (const TensorSpec& spec : state_of(graph)) {
    if (!spec.trained) continue;
    std::int64_t numbers = 1;
    for (const std::int64_t side : spec.shape) numbers *= side;
    (frozen.contains(spec.name.substr(0, spec.name.rfind('.'))) ? kept : trained) += numbers;
  }
  return (kept + trained * (2 + optimizer_copies(settings.optimizer.name))) * kFloat;
}

std::string megabytes(std::int64_t bytes) {
  return fmt::format("{} MB", with_thousands(static_cast<std::size_t>((bytes + 500'000) / 1'000'000)));
}

/// What there is to say of a detector's pictures and objects.
void foretell_objects(const TrainingItems& items, const ClassMap& classes, const Graph& graph,
                      const TrainSettings& settings, Forecast& result) {
  const InputSettings& input = settings.input;
  const DetectorSize network = bounds_of(input);
  const bool is_presized = input.presize && settings.augment.enabled;
  const DetectorSize training = is_presized ? DetectorSize{*input.presize, *input.presize} : network;
  Size largest;
  for (const auto* subset : {&items.train, &items.val})
    for (const Item& item : *subset) {
      constexpr std::int64_t kBytesAPixel = 3;
      const DetectorSize& kept = subset == &items.train ? training : network;
      if (!is_size_known(item)) {
        result.sample_bytes += kBytesAPixel * kept.max_size * std::min(kept.min_size, kept.max_size);
        continue;
      }
      result.sample_bytes += kBytesAPixel * detector_size(*item.size, kept).area();
      const Size seen = detector_size(*item.size, network);
      add_reduction(std::max(static_cast<double>(item.size->width) / seen.width,
                             static_cast<double>(item.size->height) / seen.height),
                    result);
      const Size padded = padded_size({seen});
      if (padded.area() > largest.area()) largest = padded;
    }
  if (largest.area() <= 0)
    largest = padded_size({{network.max_size, std::min(network.min_size, network.max_size)}});
  result.detector = forecast_objects(items.train, classes, input);
  result.objects = result.detector->objects;
  result.vanishing = result.detector->vanishing;
  result.memory_bytes = detector_memory(graph, settings, largest, result.detector->most_objects);
}

std::string in_words(const ObjectForecast& objects) {
  std::string text = "learn from " + counted(objects.objects, "object");
  if (objects.objects > 0)
    text +=
        fmt::format(", of which an anchor overlaps {:.1f} % by an IoU of {} or more",
                    100 - 100 * static_cast<double>(objects.unmatched) / static_cast<double>(objects.objects),
                    ObjectForecast::kLeastAnchorIou);
  if (objects.items_of_masks > 0)
    text += fmt::format(", and those in the masks of {}", counted(objects.items_of_masks, "item"));
  if (objects.items_without > 0)
    text += fmt::format("; take {} without objects for background", counted(objects.items_without, "item"));
  if (objects.crowds > 0) text += fmt::format("; leave out {}", counted(objects.crowds, "crowd"));
  return text;
}

}  // namespace

std::int64_t training_memory(const Graph& graph, const TrainSettings& settings) {
  const Extent input{settings.input.height, settings.input.width};
  const Kept kept = kept_of(graph, input, [&](int) { return std::int64_t{settings.batch_size}; });
  return weight_bytes(graph, settings) + kept.bytes + 2 * kept.largest;
}

std::int64_t detector_memory(const Graph& graph, const TrainSettings& settings, Size padded,
                             std::size_t objects) {
  const DetectorSettings& heads = settings.model.detector;
  const Extent input{padded.height, padded.width};
  const std::vector<Extent> all = extents(graph, input);
  std::int64_t places = 0;  // of all levels
  for (const auto& [name, node] : graph.outputs())
    if (std::ranges::find(detector::kLevels, name) != detector::kLevels.end()) {
      const Extent& level = all[static_cast<std::size_t>(node)];
      places += static_cast<std::int64_t>(level.height) * level.width;
    }
  const std::int64_t batch = settings.batch_size, regions = heads.box_batch_size_per_image;
  const Kept kept = kept_of(graph, input, [&](int from) {
    switch (from) {
      case detector::kLevelInput:
        return batch * places;
      case detector::kBoxInput:
        return batch * regions;
      case detector::kMaskInput:
        return batch * static_cast<std::int64_t>(static_cast<double>(regions) * heads.box_positive_fraction);
      default:
        return batch;
    }
  });
  constexpr std::int64_t kOverlapsAtOnce = 3;  // box_iou's
  const auto in_a_picture = static_cast<std::int64_t>(objects);
  const std::int64_t anchors = places * static_cast<std::int64_t>(detector::kAnchorRatios.size());
  const std::int64_t masks = detector_of(settings.model)->masks ? batch * in_a_picture * padded.area() : 0;
  return weight_bytes(graph, settings) + kept.bytes + masks +
         std::max(2 * kept.largest, kOverlapsAtOnce * in_a_picture * anchors * kFloat);
}

Forecast forecast(Source& source, const TrainSettings& as_given, Findings& findings) {
  validate(as_given);
  const TrainSettings settings = resolved(as_given);
  const DetectorArchitecture* detector = detector_of(settings.model);
  Provenance::Input unused;
  TrainingItems items = collect_items(source, settings, unused, findings);
  const LabelMap& labels = source.metadata().labels;
  const ClassMap classes = detector ? ClassMap::of_objects(labels) : ClassMap(labels, items.painted());
  Forecast result;
  for (const Label& label : classes.labels()) result.classes.push_back(label.name);
  result.unannotated = take_out_unannotated(items.train) + take_out_unannotated(items.val);
  result.train_items = items.train.size(), result.val_items = items.val.size();

  const auto a_step = static_cast<std::int64_t>(settings.batch_size) * settings.gradients.accumulate;
  result.steps_per_epoch = (static_cast<std::int64_t>(result.train_items) + a_step - 1) / a_step;
  result.steps = result.steps_per_epoch * settings.epochs;
  const Graph graph = build(settings.model, kColours, classes.size());
  result.parameters = parameter_count(graph);
  remark_on_subsets(settings, result);
  if (detector) {
    foretell_objects(items, classes, graph, settings, result);
    for (std::string& remark : remarks_on(*result.detector, detector->masks))
      result.remarks.push_back(std::move(remark));
  } else {
    Pictures pictures(settings, result);
    for (const Item& item : items.train) pictures.add(item, true);
    for (const Item& item : items.val) pictures.add(item, false);
    result.memory_bytes = training_memory(graph, settings);
    constexpr std::int64_t kBytesAPixel = 3 + 2;  // colours, and a 16-bit class
    result.sample_bytes = static_cast<std::int64_t>(result.train_items + result.val_items) * kBytesAPixel *
                          settings.input.width * settings.input.height;
    remark_on_sizes(settings, result);
  }
  remark_on_former_classes(settings, result);
  return result;
}

std::string to_text(const Forecast& forecast, const TrainSettings& settings) {
  std::string text = "training with these settings would\n";
  const auto line = [&](const std::string& words) { text += "  " + printable(words) + "\n"; };
  line(fmt::format(
      "learn from {} of {} and choose the best weights by {} of {}{}", counted(forecast.train_items, "item"),
      settings.train_subset, forecast.val_items, settings.val_subset,
      forecast.unannotated > 0 ? fmt::format(" ({} not annotated and left out)", forecast.unannotated) : ""));
  line(fmt::format("tell {} classes apart: {}", forecast.classes.size(), joined(forecast.classes, ", ")));
  line(fmt::format("take {} an epoch, {} in {}",
                   counted(static_cast<std::size_t>(forecast.steps_per_epoch), "step"),
                   with_thousands(static_cast<std::size_t>(forecast.steps)),
                   counted(static_cast<std::size_t>(settings.epochs), "epoch")));
  const InputSettings& input = settings.input;
  if (forecast.greatest_reduction)
    line(fmt::format("{}, from {:.2g} to {:.2g} times that size",
                     forecast.detector
                         ? fmt::format("bring pictures' shorter side to {} pixels, the longer to {} at most",
                                       input.min_size, input.max_size)
                         : fmt::format("resize pictures to {}x{}", input.width, input.height),
                     *forecast.least_reduction, *forecast.greatest_reduction));
  if (forecast.detector) line(in_words(*forecast.detector));
  line(fmt::format("train {} with {} weights; a batch of {} takes {}, and kernels up to half as much besides",
                   settings.model.name, with_thousands(static_cast<std::size_t>(forecast.parameters)),
                   settings.batch_size, megabytes(forecast.memory_bytes)));
  line(fmt::format("hold decoded samples of {}, of which loader.cache-mb keeps up to {} MB",
                   megabytes(forecast.sample_bytes),
                   with_thousands(static_cast<std::size_t>(settings.loader.cache_mb))));
  for (const std::string& remark : forecast.remarks) text += "  but: " + printable(remark) + "\n";
  return text;
}

Json to_json(const Forecast& forecast) {
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  Json document{{"train_items", forecast.train_items},
                {"val_items", forecast.val_items},
                {"unannotated", forecast.unannotated},
                {"classes", forecast.classes},
                {"steps_per_epoch", forecast.steps_per_epoch},
                {"steps", forecast.steps},
                {"parameters", forecast.parameters},
                {"memory_bytes", forecast.memory_bytes},
                {"sample_bytes", forecast.sample_bytes},
                {"least_reduction", number(forecast.least_reduction)},
                {"greatest_reduction", number(forecast.greatest_reduction)},
                {"greatest_distortion", forecast.greatest_distortion},
                {"objects", forecast.objects},
                {"vanishing", forecast.vanishing},
                {"remarks", forecast.remarks}};
  if (const std::optional<ObjectForecast>& objects = forecast.detector)
    document["detector"] = {{"items_without_objects", objects->items_without},
                            {"items_of_masks", objects->items_of_masks},
                            {"most_objects", objects->most_objects},
                            {"crowds", objects->crowds},
                            {"lost", objects->lost},
                            {"boxes_alone", objects->boxes_alone},
                            {"unmatched", objects->unmatched},
                            {"too_small", objects->too_small}};
  return document;
}

}  // namespace maskmill::learn
