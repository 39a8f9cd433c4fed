// SPDX-License-Identifier: Apache-2.0
#include "learn/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <set>

#include "base/text.h"
#include "learn/classes.h"
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

/// A ReLU that alone reads its input writes over it, and keeps nothing besides.
bool writes_over_input(const Graph& graph, std::size_t node) {
  const auto& nodes = graph.nodes();
  if (!std::holds_alternative<Relu>(nodes[node].layer)) return false;
  const int input = nodes[node].inputs.front();
  return input != kInput && std::ranges::count_if(nodes, [&](const Node& other) {
                              return std::ranges::find(other.inputs, input) != other.inputs.end();
                            }) == 1;
}

class Pictures {
 public:
  Pictures(const TrainSettings& settings, Forecast& forecast)
      : width_(settings.input.width), height_(settings.input.height), forecast_(forecast) {}

  void add(const Item& item, bool in_training) {
    if (!item.size || item.size->width <= 0 || item.size->height <= 0) return;
    const double across = item.size->width / width_, down = item.size->height / height_;
    const double reduction = std::max(across, down);
    forecast_.least_reduction = std::min(forecast_.least_reduction.value_or(reduction), reduction);
    forecast_.greatest_reduction = std::max(forecast_.greatest_reduction.value_or(reduction), reduction);
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

std::string megabytes(std::int64_t bytes) {
  return fmt::format("{} MB", with_thousands(static_cast<std::size_t>((bytes + 500'000) / 1'000'000)));
}

}  // namespace

std::int64_t training_memory(const Graph& graph, const TrainSettings& settings) {
  constexpr std::int64_t kFloat = 4, kIndex = 8;
  const auto values = [](int channels, Extent extent) {
    return static_cast<std::int64_t>(channels) * extent.height * extent.width;
  };
  const Extent input{settings.input.height, settings.input.width};
  const std::vector<Extent> all = extents(graph, input);
  // bf16 keeps most of what convolutions take in two bytes, but not all; the larger number is said.
  std::int64_t kept = values(graph.in_channels(), input) * kFloat, largest = kept;
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    if (writes_over_input(graph, i)) continue;
    const std::int64_t count = values(graph.channels(static_cast<int>(i)), all[i]);
    kept += count * kFloat;
    if (std::holds_alternative<MaxPool2d>(graph.nodes()[i].layer)) kept += count * kIndex;
    largest = std::max(largest, count * kFloat);
  }
  const std::int64_t weights = parameter_count(graph) * kFloat;
  // Going back, the gradients of a layer's input and output live at once.
  return weights * (2 + optimizer_copies(settings.optimizer.name)) +
         settings.batch_size * (kept + 2 * largest);
}

Forecast forecast(Source& source, const TrainSettings& settings, Findings& findings) {
  validate(settings);
  if (detector_of(settings.model))
    throw Error(Code::unsupported, "what training a detector would do is not foretold")
        .at_field("model.name")
        .hint("maskmill show DATA -o FILE.png --augment SETTINGS shows what it would see");
  Provenance::Input unused;
  TrainingItems items = collect_items(source, settings, unused, findings);
  const ClassMap classes(source.metadata().labels, items.painted());
  Forecast result;
  for (const Label& label : classes.labels()) result.classes.push_back(label.name);
  result.unannotated = take_out_unannotated(items.train) + take_out_unannotated(items.val);
  result.train_items = items.train.size(), result.val_items = items.val.size();
  Pictures pictures(settings, result);
  for (const Item& item : items.train) pictures.add(item, true);
  for (const Item& item : items.val) pictures.add(item, false);

  const auto a_step = static_cast<std::int64_t>(settings.batch_size) * settings.gradients.accumulate;
  result.steps_per_epoch = (static_cast<std::int64_t>(result.train_items) + a_step - 1) / a_step;
  result.steps = result.steps_per_epoch * settings.epochs;
  const Graph graph = build(settings.model, kColours, classes.size());
  result.parameters = parameter_count(graph);
  result.memory_bytes = training_memory(graph, settings);
  constexpr std::int64_t kBytesAPixel = 3 + 2;  // colours, and a 16-bit class
  result.sample_bytes = static_cast<std::int64_t>(result.train_items + result.val_items) * kBytesAPixel *
                        settings.input.width * settings.input.height;
  remark_on_subsets(settings, result);
  remark_on_sizes(settings, result);
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
  if (forecast.greatest_reduction)
    line(fmt::format("resize pictures to {}x{}, from {:.2g} to {:.2g} times that size", settings.input.width,
                     settings.input.height, *forecast.least_reduction, *forecast.greatest_reduction));
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
  return {{"train_items", forecast.train_items},
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
}

}  // namespace maskmill::learn
