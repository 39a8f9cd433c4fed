// SPDX-License-Identifier: Apache-2.0
#include "learn/train.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cmath>
#include <functional>
#include <opencv2/core.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "catch.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "image/image.h"
#include "learn/predict.h"
#include "metrics/confusion.h"
#include "support/drawn_shapes.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::tests;

namespace {

constexpr Size kSize{32, 32};

TrainSettings small_settings() {
  TrainSettings settings;
  settings.model.init_features = 4;
  settings.input.width = kSize.width;
  settings.input.height = kSize.height;
  settings.epochs = 2;
  settings.seed = 5;
  settings.threads = 1;  // the test runs beside others, and idle threads would wait for each other
  settings.device = Device::cpu;
  return settings;
}

struct Trained {
  RunFolder run;
  TrainResult result;
  Findings findings;
  std::vector<EpochReport> epochs;
  std::string weights() const { return read_file(run.file("model.pth")); }
};

Trained trained(const TrainSettings& settings, Source& data, const Path& folder) {
  Trained made{RunFolder::create(folder, Overwrite::no), {}, Findings(), {}};
  made.result = train(settings, data, made.run, {}, made.findings,
                      [&](const EpochReport& epoch) { made.epochs.push_back(epoch); });
  return made;
}

/// The items' masks taken away, and the boxes around their shapes given as polygons.
std::vector<Item> with_polygons(std::vector<Item> items) {
  for (Item& item : items) {
    const cv::Mat labels = drawn_shape(kSize, std::stoull(item.id)).labels;
    for (const int label : {1, 2}) {
      const Rle pixels = rle_from_value(labels, label);
      if (area(pixels) == 0) continue;
      const Box box = bounding_box(pixels);
      const double right = box.x + box.width, bottom = box.y + box.height;
      Annotation annotation;
      annotation.label = label;
      annotation.shape = Polygon{{{{{box.x, box.y}, {right, box.y}, {right, bottom}, {box.x, bottom}}, {}}}};
      item.annotations.push_back(annotation);
    }
    item.semantic.reset();
  }
  return items;
}

double dice_of(const EpochReport& epoch) {
  for (const auto& [name, value] : epoch.val_scores)
    if (name == "mean_dice") return value;
  throw std::runtime_error("an epoch without mean Dice");
}

}  // namespace

TEST_CASE("a network learns drawn shapes within seconds, and its run says how") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 48, 12, kSize));
  TrainSettings settings = small_settings();
  settings.model.init_features = 8;
  settings.epochs = 20;
  settings.optimizer.learning_rate = 0.01;
  settings.schedule.name = ScheduleKind::one_cycle;
  settings.loss.terms = {"ce", "dice"};
  const Trained made = trained(settings, *data, scratch / "run");
  CHECK(made.result.best_score > 0.95);
  CHECK(made.result.left_out == 0);
  CHECK(made.result.device == "cpu");
  CHECK(made.result.images_per_second > 0);
  CHECK(made.findings.empty());

  REQUIRE(made.epochs.size() == 20);
  const EpochReport& best = made.epochs.at(static_cast<std::size_t>(made.result.best_epoch) - 1);
  CHECK(best.best);
  CHECK(dice_of(best) == made.result.best_score);
  CHECK(std::all_of(made.epochs.begin(), made.epochs.end(), [&](const EpochReport& epoch) {
    return dice_of(epoch) <= dice_of(best) && epoch.waiting_share >= 0 && epoch.waiting_share <= 1;
  }));
  CHECK(made.epochs.back().train_loss < made.epochs.front().train_loss);

  CHECK(made.run.metrics().size() == 20);
  CHECK(made.run.settings().epochs == 20);
  CHECK(made.run.card().classes.size() == 3);
  CHECK_FALSE(made.run.card().independent);
  CHECK_THAT(read_file(made.run.file("environment.json")), contains("libtorch"));
  CHECK(read_file(made.run.file("labels.txt")) == "background\ndisc\nbox\n");

  // The weights kept are the best epoch's: they score what that epoch scored.
  const auto predictor = Predictor::open(made.run.path(), {.device = Device::cpu});
  ConfusionMatrix matrix(3);
  for (std::uint64_t i = 48; i < 60; ++i) {
    const DrawnShape drawn = drawn_shape(kSize, i);
    cv::Mat truth = drawn.labels.clone();
    truth.setTo(kUnlabelled, truth == 3);
    matrix.add(predictor->predict_pictures({drawn.picture}).front().labels, truth);
  }
  CHECK_THAT(*scores_of(matrix).mean_dice, WithinAbs(dice_of(best), 2e-3));
}

TEST_CASE("the same settings give the same weights, whatever the loader's threads and cache") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 11, 3, kSize));
  TrainSettings settings = small_settings();
  settings.augment.rotation = 20;
  const std::string weights = trained(settings, *data, scratch / "a").weights();
  CHECK(trained(settings, *data, scratch / "b").weights() == weights);
  {
    const Jobs one_thread(1);
    CHECK(trained(settings, *data, scratch / "c").weights() == weights);
  }
  settings.loader.cache_mb = 0;
  settings.loader.ahead = 1;
  CHECK(trained(settings, *data, scratch / "d").weights() == weights);
  settings.seed = 6;
  CHECK(trained(settings, *data, scratch / "e").weights() != weights);
}

TEST_CASE("annotations are painted where there are no masks, over a class of their own") {
  const Scratch scratch;
  const auto items = with_polygons(drawn_items(scratch, 8, 4, kSize));
  Metadata metadata;
  metadata.subsets = {"train", "val"};
  for (const char* name : {"nothing of these", "disc", "box"}) {
    Label label;
    label.name = name;
    metadata.labels.add(label);
  }
  const auto data = make_source(metadata, items);
  const Trained made = trained(small_settings(), *data, scratch / "run");
  CHECK(made.run.card().classes.size() == 4);
  CHECK(made.run.card().classes[0].role == Role::background);
}

TEST_CASE("a broken picture costs itself, and the run says so") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 12, 3, kSize));
  scratch.write("images/4.png", "broken");
  const Trained made = trained(small_settings(), *data, scratch / "run");
  CHECK(made.result.left_out == 1);
  CHECK(made.findings.by_rule().at("unreadable-sample") == 1);
}

TEST_CASE("bf16 and a sigmoid each class train too, and the card says which") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 8, 4, kSize));
  TrainSettings settings = small_settings();
  settings.precision = Precision::bf16;
  settings.loss.terms = {"bce"};
  const Trained made = trained(settings, *data, scratch / "run");
  CHECK(made.run.card().independent);
  CHECK(made.epochs.back().train_loss > 0);
}

TEST_CASE("a number of samples that leaves one over trains even where the network shrinks to one pixel") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 5, 2, kSize));
  TrainSettings settings = small_settings();
  settings.input.width = settings.input.height = 16;
  settings.batch_size = 4;
  CHECK(trained(settings, *data, scratch / "a").epochs.size() == 2);
  settings.batch_size = 2;
  CHECK(trained(settings, *data, scratch / "b").epochs.size() == 2);
  settings.gradients.accumulate = 2;
  CHECK(trained(settings, *data, scratch / "c").epochs.size() == 2);
  settings.batch_size = 1;
  const Error error = thrown_by([&] { trained(settings, *data, scratch / "d"); });
  CHECK(error.code() == Code::usage);
  CHECK(error.place().field == "batch-size");
}

TEST_CASE("a subset that is not there is named with those that are") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 4, 2, kSize));
  TrainSettings settings = small_settings();
  settings.val_subset = "valid";
  const Error error = thrown_by([&] { trained(settings, *data, scratch / "run"); });
  CHECK(error.code() == Code::usage);
  CHECK(error.place().field == "val-subset");
  CHECK_THAT(error.what(), contains("\"valid\"") && contains("train, val"));
}

TEST_CASE("a subset of which there is nothing to score is refused before an epoch is spent") {
  const Scratch scratch;
  const auto require_refused = [&](std::vector<Item> of, const TrainSettings& settings, const char* lack) {
    bool trained_any = false;
    const Error error = thrown_by([&] {
      Findings findings;
      const auto data = source_of(std::move(of));
      train(settings, *data, RunFolder::create(scratch / "run", Overwrite::no), {}, findings,
            [&](const EpochReport&) { trained_any = true; });
    });
    CHECK(error.code() == Code::bad_value);
    CHECK_THAT(error.what(), contains(lack) && contains("\"val\""));
    CHECK_FALSE(trained_any);
  };
  TrainSettings settings = small_settings();
  settings.model.name = "maskrcnn_resnet50_fpn";
  settings.input.min_size = settings.input.max_size = 64;
  std::vector<Item> boxes_alone = with_polygons(drawn_items(scratch, 4, 2, kSize));
  for (Item& item : boxes_alone)
    for (Annotation& annotation : item.annotations)
      if (item.subset == "val") annotation.shape = *bounding_box(annotation.shape);
  require_refused(boxes_alone, settings, "no object of subset \"val\" has a mask");
  for (Item& item : boxes_alone)
    if (item.subset == "val") item.annotations.clear();
  settings.model.name = "fasterrcnn_resnet50_fpn";
  require_refused(boxes_alone, settings, "no object of subset \"val\" has a box");
}

TEST_CASE("a loss that is no number ends the training with a way out, and its batch is drawn") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 8, 2, kSize));
  TrainSettings settings = small_settings();
  settings.epochs = 5;
  settings.optimizer.learning_rate = 1e30;
  const Error error = thrown_by([&] { trained(settings, *data, scratch / "run"); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.what(), contains("learning-rate"));
  CHECK(error.place().file == (scratch / "run/lost_batch.png").string());
  CHECK(probe_image(scratch / "run/lost_batch.png").size().width > 4 * kSize.width);
}

TEST_CASE("training stops early, and keeps what it was told to keep") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 8, 4, kSize));
  TrainSettings settings = small_settings();
  settings.epochs = 9;
  settings.optimizer.learning_rate = 0;  // what it scores cannot improve, but for running statistics
  settings.stop = {.patience = 2, .min_delta = 1};
  settings.checkpoint.every = 2;
  const Trained made = trained(settings, *data, scratch / "run");
  CHECK(made.result.epochs == 3);
  CHECK(made.epochs.size() == 3);
  CHECK(made.run.metrics().size() == 3);
  for (const char* name : {"epoch_2.pth", "last.pth", "checkpoint.pt"})
    CHECK(fs::exists(made.run.file(name)));
  for (const char* name : {"epoch_1.pth", "epoch_3.pth"}) CHECK_FALSE(fs::exists(made.run.file(name)));
}

TEST_CASE("the monitored score chooses the weights") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 12, 4, kSize));
  TrainSettings settings = small_settings();
  settings.epochs = 6;
  settings.optimizer.learning_rate = 0.05;
  settings.monitor = Monitor::loss;
  const Trained made = trained(settings, *data, scratch / "run");
  const auto lowest =
      std::min_element(made.epochs.begin(), made.epochs.end(),
                       [](const EpochReport& a, const EpochReport& b) { return a.val_loss < b.val_loss; });
  CHECK(made.result.best_epoch == lowest->epoch);
  CHECK(made.result.best_score == lowest->val_loss);
}

TEST_CASE("every loss, optimizer and balance learns drawn shapes") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 24, 6, kSize));
  struct Way {
    const char* name;
    std::function<void(TrainSettings&)> set;
  };
  const std::vector<Way> ways{
      {"jaccard",
       [](auto& s) {
         s.loss.terms = {"ce", "jaccard"};
       }},
      {"focal", [](auto& s) { s.loss.terms = {"focal"}; }},
      {"balance", [](auto& s) { s.loss.balance = ClassBalance::median; }},
      {"adamw", [](auto& s) { s.optimizer.name = OptimizerKind::adamw; }},
      {"sgd",
       [](auto& s) { s.optimizer = {.name = OptimizerKind::sgd, .learning_rate = 0.1, .momentum = 0.9}; }},
      {"rmsprop", [](auto& s) { s.optimizer = {.name = OptimizerKind::rmsprop, .learning_rate = 0.005}; }},
      {"accumulated", [](auto& s) { s.batch_size = 4, s.gradients = {.clip_norm = 1.0, .accumulate = 2}; }},
  };
  for (const Way& way : ways) {
    INFO(way.name);
    TrainSettings settings = small_settings();
    settings.epochs = 12;
    settings.optimizer.learning_rate = 0.01;
    way.set(settings);
    const Trained made = trained(settings, *data, scratch / way.name);
    CHECK(made.result.best_score > 0.75);
  }
}

TEST_CASE("training begins with another run's weights, and a head of other classes is new") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 24, 6, kSize));
  TrainSettings settings = small_settings();
  settings.epochs = 12;
  settings.optimizer.learning_rate = 0.01;
  const double before = trained(settings, *data, scratch / "a").result.best_score;
  settings.epochs = 1;
  settings.optimizer.learning_rate = 1e-5;
  settings.init = (scratch / "a").string();
  CHECK(trained(settings, *data, scratch / "b").result.best_score > before - 0.05);
  settings.init = (scratch / "a/last.pth").string();
  settings.loss.terms = {"bce"};
  CHECK(trained(settings, *data, scratch / "c").result.best_score > 0.5);
  settings.init = (scratch / "absent.pth").string();
  CHECK(thrown_by([&] { trained(settings, *data, scratch / "d"); }).code() == Code::not_found);
}

TEST_CASE("training that cannot begin leaves the old run as it was") {
  const Scratch scratch;
  const auto data = source_of(drawn_items(scratch, 8, 4, kSize));
  const std::string before = trained(small_settings(), *data, scratch / "run").weights();
  TrainSettings wrong = small_settings();
  wrong.train_subset = "trian";
  const RunFolder run = RunFolder::create(scratch / "run", Overwrite::yes);
  Findings findings;
  data->rewind();
  CHECK(thrown_by([&] { train(wrong, *data, run, {}, findings, {}); }).code() == Code::usage);
  CHECK(read_file(run.file("model.pth")) == before);
  CHECK(run.metrics().size() == 2);
}
