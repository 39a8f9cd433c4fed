// SPDX-License-Identifier: Apache-2.0
#include "learn/forecast.h"

#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::tests;

namespace {

Item with_boxes(const std::string& id, const std::string& subset, Size size, std::vector<Box> boxes) {
  Item item;
  item.id = id;
  item.subset = subset;
  item.size = size;
  for (const Box& box : boxes) {
    Annotation annotation;
    annotation.label = 1;
    const double right = box.x + box.width, below = box.y + box.height;
    annotation.shape = Polygon{{{{{box.x, box.y}, {right, box.y}, {right, below}, {box.x, below}}, {}}}};
    item.annotations.push_back(annotation);
  }
  return item;
}

Forecast of(std::vector<Item> items, const TrainSettings& settings) {
  Metadata metadata;
  Label background, car;
  background.name = "background", background.role = Role::background;
  car.name = "car";
  metadata.labels = LabelMap({background, car});
  metadata.subsets = {"train", "val"};
  const auto source = make_source(metadata, std::move(items));
  Findings findings;
  return forecast(*source, settings, findings);
}

bool remarks(const Forecast& forecast, const std::string& words) {
  for (const std::string& remark : forecast.remarks)
    if (remark.find(words) != remark.npos) return true;
  return false;
}

TrainSettings small_settings() {
  TrainSettings settings;
  settings.input.width = 64, settings.input.height = 32;
  settings.batch_size = 2;
  settings.gradients.accumulate = 2;
  settings.epochs = 10;
  return settings;
}

}  // namespace

TEST_CASE("samples, classes and steps are those of the training") {
  std::vector<Item> items;
  for (int i = 0; i < 9; ++i)
    items.push_back(with_boxes("t" + std::to_string(i), "train", {128, 64}, {{0, 0, 20, 20}}));
  items.push_back(with_boxes("v", "val", {64, 32}, {}));
  items[8].annotations.clear();
  items[8].annotated = false;
  const Forecast forecast = of(items, small_settings());
  CHECK(forecast.train_items == 8);
  CHECK(forecast.val_items == 1);
  CHECK(forecast.unannotated == 1);
  CHECK(forecast.classes == std::vector<std::string>{"background", "car"});
  CHECK(forecast.steps_per_epoch == 2);
  CHECK(forecast.steps == 20);
  CHECK(*forecast.least_reduction == 1);
  CHECK(*forecast.greatest_reduction == 2);
  CHECK(forecast.greatest_distortion == 1);
  CHECK(forecast.objects == 8);
  CHECK(forecast.vanishing == 0);
  CHECK(forecast.sample_bytes == 9 * 64 * 32 * 5);
  CHECK(forecast.remarks.empty());
}

TEST_CASE("what resizing destroys is said") {
  const Item far = with_boxes("far", "train", {640, 320}, {{0, 0, 19, 200}, {0, 0, 20, 20}});
  const Item wide = with_boxes("wide", "val", {128, 32}, {});
  const Forecast forecast = of({far, far, far, far, wide}, small_settings());
  CHECK(forecast.vanishing == 4);
  CHECK(remarks(forecast, "4 of 8 objects have a side below 2 pixels at 64x32"));
  CHECK(forecast.greatest_distortion == 2);
  CHECK(remarks(forecast, "one side shrinks 2.0 times"));

  const Item tiny = with_boxes("tiny", "train", {16, 8}, {});
  CHECK(remarks(of({tiny, tiny, tiny, tiny, wide}, small_settings()), "enlarged 4.0 times"));
  CHECK(remarks(of({tiny, wide}, small_settings()), "a step takes 4 samples and there are 1"));
}

TEST_CASE("a subset without samples is said, and one that is not there ends it") {
  CHECK(remarks(of({with_boxes("a", "train", {64, 32}, {})}, small_settings()), "\"val\" has no annotated"));
  TrainSettings settings = small_settings();
  settings.val_subset = "test";
  CHECK(thrown_by([&] { of({with_boxes("a", "train", {64, 32}, {})}, settings); }).code() == Code::usage);
}

TEST_CASE("memory is that of weights and of what layers keep") {
  Graph graph(1, 1);
  const int conv =
      graph.add("conv", Conv2d{.in = 1, .out = 4, .padding = square(1), .bias = false}, {kInput});
  const int norm = graph.add("norm", BatchNorm2d{4}, {conv});
  const int relu = graph.add("relu", Relu{}, {norm});
  graph.output("out", relu);
  TrainSettings settings = small_settings();
  settings.optimizer.name = OptimizerKind::sgd;
  const std::int64_t weights = 4 * (4 * 9 + 8), pixels = 64 * 32;
  // The input, the convolution's and the norm's output, over which the ReLU writes; two gradients.
  CHECK(training_memory(graph, settings) == 3 * weights + 2 * 4 * pixels * (1 + 4 + 4 + 2 * 4));
  settings.optimizer.name = OptimizerKind::adam;
  settings.batch_size = 1;
  CHECK(training_memory(graph, settings) == 4 * weights + 4 * pixels * (1 + 4 + 4 + 2 * 4));
}

namespace {

TrainSettings detector_settings(const std::string& name) {
  TrainSettings settings;
  settings.model.name = name;
  settings.input.min_size = 400, settings.input.max_size = 600;
  settings.batch_size = 2;
  return settings;
}

Annotation box_alone(const Box& box) {
  Annotation annotation;
  annotation.label = 1;
  annotation.shape = box;
  return annotation;
}

Forecast detector_forecast(std::vector<Item> items, const TrainSettings& settings) {
  items.push_back(with_boxes("v", "val", {300, 200}, {{0, 0, 100, 100}}));
  return of(std::move(items), settings);
}

}  // namespace

TEST_CASE("of a detector it is said which objects it learns from, and which are left out") {
  // At twice their size: a side of 3 becomes 6, one of 1.5 becomes 3; a crumb becomes less than a pixel.
  Item item =
      with_boxes("a", "train", {300, 200},
                 {{10, 10, 100, 80}, {20, 20, 60, 60}, {5, 5, 3, 3}, {40, 50, 1.5, 30}, {7, 7, .4, .4}});
  item.annotations.push_back(box_alone({30, 30, 64, 64}));
  item.annotations.push_back(box_alone({30, 30, 0, 64}));
  item.annotations.push_back(box_alone({310, 30, 20, 20}));  // outside
  item.annotations.push_back(box_alone({30, 30, 64, 64}));
  item.annotations.back().flags.crowd = true;
  item.annotations.push_back(box_alone({30, 30, 64, 64}));
  item.annotations.back().label = 0;  // the background
  const Item empty = with_boxes("b", "train", {200, 300}, {});
  const Forecast forecast = detector_forecast({item, empty}, detector_settings("maskrcnn_resnet50_fpn"));
  CHECK(forecast.classes == std::vector<std::string>{"background", "car"});
  CHECK(forecast.objects == 5);
  CHECK(forecast.vanishing == 1);
  CHECK(forecast.greatest_distortion == 1);
  CHECK(*forecast.least_reduction == 0.5);
  CHECK(*forecast.greatest_reduction == 0.5);
  CHECK(forecast.sample_bytes == 3 * 3 * 600 * 400);
  REQUIRE(forecast.detector);
  const ObjectForecast& objects = *forecast.detector;
  CHECK(objects.most_objects == 5);
  CHECK(objects.lost == 3);
  CHECK(objects.crowds == 1);
  CHECK(objects.boxes_alone == 1);
  CHECK(objects.items_without == 1);
  CHECK(objects.items_of_masks == 0);
  CHECK(objects.unmatched == 2);  // the small one, and the line
  CHECK(objects.too_small == 2);
  CHECK(remarks(forecast, "3 objects of no extent"));
  CHECK(remarks(forecast, "1 of 5 objects have a box alone"));
  CHECK(remarks(forecast, "1 of 5 objects have a side below 4 pixels"));
  CHECK(remarks(forecast, "2 of 5 objects are smaller than the smallest anchor's 32 pixels"));
  CHECK_FALSE(remarks(detector_forecast({item}, detector_settings("fasterrcnn_resnet50_fpn")), "box alone"));
  const std::string text = to_text(forecast, detector_settings("maskrcnn_resnet50_fpn"));
  CHECK_THAT(text, contains("shorter side to 400 pixels, the longer to 600 at most"));
  CHECK_THAT(text, contains("learn from 5 objects, of which an anchor overlaps 60.0 %"));
  CHECK_THAT(text, contains("take 1 item without objects for background; leave out 1 crowd"));
}

TEST_CASE("a detector without masks or without objects to learn from is said") {
  Item item = with_boxes("a", "train", {300, 200}, {});
  CHECK(remarks(detector_forecast({item}, detector_settings("fasterrcnn_resnet50_fpn")),
                "no object to learn from"));
  item.annotations = {box_alone({10, 10, 90, 90})};
  CHECK(
      remarks(detector_forecast({item}, detector_settings("maskrcnn_resnet50_fpn")), "no object has a mask"));
  CHECK(detector_forecast({item}, detector_settings("fasterrcnn_resnet50_fpn")).remarks.size() ==
        1);  // of the batch
}

TEST_CASE(
    "a detector's memory grows with its pictures, objects and regions, and shrinks with what is frozen") {
  const Size small{320, 256}, large{640, 512};
  const auto memory = [&](const TrainSettings& given, Size padded, std::size_t objects) {
    const TrainSettings settings = resolved(given);
    return detector_memory(build(settings.model, 3, 3), settings, padded, objects);
  };
  const TrainSettings settings = detector_settings("maskrcnn_resnet50_fpn");
  const std::int64_t base = memory(settings, small, 10);
  CHECK(memory(settings, large, 10) > base);
  CHECK(memory(settings, small, 1000) - memory(settings, small, 900) >= 2 * 100 * 320 * 256);
  TrainSettings fewer = settings;
  fewer.model.detector.box_batch_size_per_image = 128;
  CHECK(memory(fewer, small, 10) < base);
  TrainSettings frozen = settings;
  frozen.model.detector.trainable_layers = 0;
  CHECK(memory(frozen, small, 10) < base);
  CHECK(memory(detector_settings("fasterrcnn_resnet50_fpn"), small, 10) < base);
}
