// SPDX-License-Identifier: Apache-2.0
#include "metrics/coco_evaluation.h"

#include <algorithm>
#include <array>

#include "base/parallel.h"
#include "base/random.h"
#include "catch.h"
#include "dataset/rle.h"
#include "metrics/evaluate.h"
#include "objects.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

EvaluationReport evaluated(std::vector<Item> truth, std::vector<Item> predictions,
                           EvaluationSettings settings = {}, Findings* findings = nullptr,
                           const std::vector<std::string>& labels = {"cat", "dog"}) {
  if (settings.metrics.empty()) settings.metrics = {Metric::bbox, Metric::segm};
  const auto a = make_source(labels_called(labels), std::move(truth));
  const auto b = make_source(labels_called(labels), std::move(predictions));
  Findings own;
  return evaluate(*a, *b, settings, findings ? *findings : own);
}

std::optional<double> score(const EvaluationReport& report, std::string_view name, std::size_t kind = 0) {
  const auto& all = report.coco.at(kind).scores.overall;
  return std::ranges::find(all, name, &CocoScores::Score::first)->second;
}

/// The objects of tests/parity/evaluate_goldens.py: truth and detections.
std::pair<std::vector<Item>, std::vector<Item>> golden_items() {
  std::pair<std::vector<Item>, std::vector<Item>> items;
  for (int i = 0; i < 40; ++i) {
    std::vector<Annotation> truth, found;
    for (int k = 0; k < i % 6; ++k) {
      const Box box{double((i * 37 + k * 53) % 140), double((i * 29 + k * 31) % 90),
                    double(8 + (i * k * 7) % 110), double(8 + (i * 5 + k * 11) % 90)};
      const int label = (i + k) % 3;
      truth.push_back(object_of(label, box));
      truth.back().area = box.area();
      truth.back().flags.crowd = i * k % 11 == 5;
      for (int copy = 0; copy < 1 + (i + k) % 2; ++copy) {
        const int shift = (i + 3 * k + 5 * copy) % 9;
        const int other = copy ? (label + 1 + (i * k) % 13 / 12) % 3 : label;
        found.push_back(object_of(other, {box.x + shift, box.y + shift / 2, box.width, box.height},
                                  (i * 13 + k * 17 + copy * 7) % 20 / 20.));
      }
    }
    items.first.push_back(image_of(std::to_string(i), truth));
    items.second.push_back(image_of(std::to_string(i), found));
  }
  return items;
}

}  // namespace

TEST_CASE("what is found exactly has a precision and a recall of 1, and what is not there is undefined") {
  const auto report = evaluated({image_of("a", {object_of(0, {10, 10, 20, 20})})},
                                {image_of("a", {object_of(0, {10, 10, 20, 20}, .3)})});
  for (const std::size_t kind : {0U, 1U}) {
    for (const char* name : {"AP", "AP50", "AP75", "APs", "AR1", "AR10", "AR100", "ARs"})
      CHECK_THAT(*score(report, name, kind), WithinAbs(1, 1e-12));
    for (const char* name : {"APm", "APl", "ARm", "ARl"}) CHECK_FALSE(score(report, name, kind));
  }
  REQUIRE(report.coco[0].scores.labels.size() == 1);
  CHECK(report.coco[0].scores.labels[0].truths == 1);
  CHECK(to_json(report)["coco"]["bbox"]["APm"].is_null());
}

TEST_CASE("the twelve numbers are those of pycocotools 2.0.11 to the last bit") {
  const auto [truth, found] = golden_items();
  const auto report = evaluated(truth, found, {}, nullptr, {"1", "2", "3"});
  const std::array<std::array<double, 12>, 2> golden{
      {{0.18537270711282172, 0.40012656055770274, 0.15130653199003283, 0.08658198202952037,
        0.3538607834570926, 0.7174917491749173, 0.2475985663082437, 0.44283154121863794, 0.44283154121863794,
        0.22006410256410255, 0.6371794871794871, 0.8},
       {0.18900499609581248, 0.40012656055770274, 0.15130653199003283, 0.08658198202952037,
        0.3610206968735311, 0.7674917491749174, 0.25089605734767023, 0.44942652329749105, 0.44942652329749105,
        0.22006410256410255, 0.6475961538461538, 0.85}}};
  for (const std::size_t kind : {0U, 1U})
    for (std::size_t i = 0; i < 12; ++i) {
      const auto& [name, value] = report.coco[kind].scores.overall[i];
      INFO(name);
      CHECK(value == golden[kind][i]);
    }
}

TEST_CASE("the precision at each recall is the best from there on") {
  // Right, wrong, right: 1 up to a recall of 1/2, which 51 of the 101 levels ask for; from there 2 of 3.
  const auto report =
      evaluated({image_of("a", {object_of(0, {0, 0, 20, 20}), object_of(0, {50, 0, 20, 20})})},
                {image_of("a", {object_of(0, {50, 0, 20, 20}, .7), object_of(0, {0, 0, 20, 20}, .9),
                                object_of(0, {100, 100, 20, 20}, .8)})});
  CHECK_THAT(*score(report, "AP"), WithinAbs((51 + 50 * 2. / 3) / 101, 1e-12));
  CHECK_THAT(*score(report, "AR1"), WithinAbs(.5, 1e-12));
  const CocoCurves& curves = report.coco[0].curves;
  CHECK(curves.scores[curves.sample_at(0, 50, 0, 0, 2)] == .9);
  CHECK(curves.scores[curves.sample_at(0, 51, 0, 0, 2)] == .7);
  CHECK(curves.precision[curves.sample_at(0, 0, 1, 0, 2)] == -1);  // there is no dog
}

TEST_CASE("a shifted box counts up to the threshold that its overlap reaches") {
  // 20x20 against the same moved by 4: 16 * 20 of 24 * 20, an IoU of 2/3, so that .5, .55, .6 and .65 count.
  const auto report = evaluated({image_of("a", {object_of(0, {0, 0, 20, 20})})},
                                {image_of("a", {object_of(0, {4, 0, 20, 20}, 1)})});
  for (const std::size_t kind : {0U, 1U}) {
    CHECK_THAT(*score(report, "AP", kind), WithinAbs(.4, 1e-12));
    CHECK(score(report, "AP75", kind) == 0);
  }
}

TEST_CASE("what lies in a crowd is neither right nor wrong, however much of it there is") {
  Annotation crowd = object_of(0, {50, 50, 100, 100});
  crowd.flags.crowd = true;
  const auto report =
      evaluated({image_of("a", {object_of(0, {0, 0, 20, 20}), crowd})},
                {image_of("a", {object_of(0, {60, 60, 20, 20}, .9), object_of(0, {90, 90, 20, 20}, .8),
                                object_of(0, {0, 0, 20, 20}, .7)})});
  CHECK_THAT(*score(report, "AP"), WithinAbs(1, 1e-12));
  CHECK(report.coco[0].scores.labels[0].truths == 1);
}

TEST_CASE("an object is found once: the second detection of it is wrong") {
  const auto report =
      evaluated({image_of("a", {object_of(0, {0, 0, 20, 20}), object_of(0, {100, 100, 20, 20})})},
                {image_of("a", {object_of(0, {0, 0, 20, 20}, .9), object_of(0, {0, 0, 20, 20}, .8),
                                object_of(0, {100, 100, 20, 20}, .7)})});
  CHECK_THAT(*score(report, "AP"), WithinAbs((51 + 50 * 2. / 3) / 101, 1e-12));
}

TEST_CASE("the boundary IoU of a large object is below that of its pixels") {
  // In an image of 200x150 a boundary is 5 pixels deep (2 % of 250). 100x100 against the same moved by 3:
  // 97 * 100 of 103 * 100 pixels. Frames have 100 * 100 - 90 * 90 = 1900 pixels. Both have, of the upper and
  // lower bands, 97 * 10, and of the sides 90 rows of those columns in which both have one: 2 at either side.
  EvaluationSettings settings;
  settings.metrics = {Metric::segm, Metric::boundary};
  const auto report = evaluated({image_of("a", {object_of(0, {20, 20, 100, 100})})},
                                {image_of("a", {object_of(0, {23, 20, 100, 100}, 1)})}, settings);
  CHECK_THAT(*score(report, "AP", 0), WithinAbs(.9, 1e-12));  // 97 of 103 is .94
  const double common = 97 * 10 + 90 * 4, iou = common / (2 * 1900 - common);
  CHECK(iou > .5);
  CHECK(iou < .55);
  CHECK_THAT(*score(report, "AP", 1), WithinAbs(.1, 1e-12));
}

TEST_CASE("items meet by id and labels by name, and what only one side has is said") {
  Findings findings;
  const auto truth = make_source(labels_called({"cat", "dog"}),
                                 {image_of("a", {object_of(0, {0, 0, 20, 20})}),
                                  image_of("b", {object_of(1, {30, 0, 20, 20})}), image_of("c", {})});
  const auto predictions = make_source(
      labels_called({"cow", "dog", "cat"}),
      {image_of("z", {}), image_of("b", {object_of(1, {30, 0, 20, 20}, .5), object_of(0, {0, 0, 9, 9}, 1)}),
       image_of("a", {object_of(2, {0, 0, 20, 20}, .5)})});
  const EvaluationReport report = evaluate(*truth, *predictions, {}, findings);
  CHECK(report.items == 3);
  CHECK(report.not_predicted == 1);
  CHECK(report.unknown == 1);
  CHECK(report.coco.size() == 3);  // bbox, segm and boundary, since both have masks and scores
  CHECK_FALSE(report.semantic);
  CHECK_THAT(*score(report, "AP"), WithinAbs(1, 1e-12));
  CHECK(findings.by_rule() == std::map<std::string, std::size_t>{
                                  {"item-not-predicted", 1}, {"item-unknown", 1}, {"label-unknown", 1}});
}

TEST_CASE("a detection without a score is left out, or gets the one that is given") {
  Findings findings;
  const std::vector<Item> truth{image_of("a", {object_of(0, {0, 0, 20, 20})})};
  const std::vector<Item> found{image_of("a", {object_of(0, {0, 0, 20, 20})})};
  CHECK(score(evaluated(truth, found, {}, &findings), "AP") == 0);
  CHECK(findings.by_rule().at("no-score") == 1);
  EvaluationSettings settings;
  settings.overlaps.score = .5;
  CHECK_THAT(*score(evaluated(truth, found, settings), "AP"), WithinAbs(1, 1e-12));
}

TEST_CASE("a mask of another size is said, and overlaps nothing") {
  Annotation other = object_of(0, {0, 0, 20, 20}, .5);
  other.shape = rasterise(Box{0, 0, 20, 20}, {100, 100});
  Findings findings;
  EvaluationSettings settings;
  settings.metrics = {Metric::segm};
  const auto report = evaluated({image_of("a", {object_of(0, {0, 0, 20, 20})})}, {image_of("a", {other})},
                                settings, &findings);
  CHECK(score(report, "AP") == 0);
  CHECK(findings.by_rule().at("mask-not-compared") == 1);
}

TEST_CASE("images of two sizes are not compared") {
  Item small = image_of("a", {object_of(0, {0, 0, 20, 20}, .5)});
  small.size = Size{100, 100};
  Findings findings;
  const auto report = evaluated({image_of("a", {}), image_of("b", {object_of(0, {0, 0, 9, 9})})},
                                {small, image_of("b", {})}, {}, &findings);
  CHECK(report.items == 1);
  CHECK(report.left_out == 1);
  CHECK(findings.by_rule().at("not-compared") == 1);
}

TEST_CASE("boxes without scores cannot be compared, and what can be done is said") {
  Annotation box = object_of(0, {0, 0, 20, 20});
  box.shape = *box.box;
  const auto truth = make_source(labels_called({"cat"}), {image_of("a", {box})});
  const auto predictions = make_source(labels_called({"cat"}), {image_of("a", {box})});
  Findings findings;
  try {
    evaluate(*truth, *predictions, {}, findings);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == Code::bad_value);
    CHECK_THAT(error.hint_text(), contains("--score"));
  }
}

TEST_CASE("LVIS counts a label only where an image is annotated for it") {
  const auto with_lists = [](Item item, const char* negative, const char* not_exhaustive) {
    item.attributes = {{"neg_category_ids", JsonText{negative}},
                       {"not_exhaustive_category_ids", JsonText{not_exhaustive}}};
    return item;
  };
  const Annotation cat = object_of(0, {0, 0, 20, 20});
  const auto wrong = [](int label) { return object_of(label, {100, 100, 20, 20}, .9); };
  const Annotation right = object_of(0, {0, 0, 20, 20}, .5);
  EvaluationSettings settings;
  settings.metrics = {Metric::bbox};
  settings.overlaps.protocol = Protocol::lvis;
  const auto precision = [&](Item a, Item b, std::vector<Item> found) {
    return *score(evaluated({std::move(a), std::move(b)}, std::move(found), settings), "AP");
  };
  const Item seen = with_lists(image_of("a", {cat}), "[]", "[]");
  const std::vector<Item> found{image_of("a", {right}), image_of("b", {wrong(0)})};
  CHECK_THAT(precision(seen, with_lists(image_of("b", {}), "[1]", "[]"), found), WithinAbs(.5, 1e-12));
  CHECK_THAT(precision(seen, with_lists(image_of("b", {}), "[2]", "[]"), found), WithinAbs(1, 1e-12));
  CHECK_THAT(
      precision(with_lists(image_of("a", {cat}), "[]", "[1]"), with_lists(image_of("b", {}), "[]", "[]"),
                {image_of("a", {right, wrong(0)}), image_of("b", {})}),
      WithinAbs(1, 1e-12));
  Findings findings;
  CHECK_THROWS_AS(evaluated({image_of("a", {cat})}, {image_of("a", {right})}, settings, &findings), Error);
  CHECK(findings.by_rule().at("not-compared") == 1);
}

TEST_CASE("neither the threads nor the order of the predictions change a bit") {
  Random random(9);
  std::vector<Item> truth, predictions;
  for (int i = 0; i < 60; ++i) {
    std::vector<Annotation> objects, found;
    for (int k = static_cast<int>(random.below(6)); k > 0; --k) {
      const Box box{double(random.below(150)), double(random.below(100)), double(5 + random.below(60)),
                    double(5 + random.below(60))};
      const int label = static_cast<int>(random.below(2));
      objects.push_back(object_of(label, box));
      const Box moved{box.x + double(random.below(5)), box.y, box.width, box.height};
      found.push_back(object_of(label, moved, double(random.below(10)) / 10));  // with many ties
    }
    truth.push_back(image_of(std::to_string(i), objects));
    predictions.push_back(image_of(std::to_string(i), found));
  }
  const auto run = [&](int jobs, std::vector<Item> found) {
    const Jobs threads(jobs);
    return npz_of(evaluated(truth, std::move(found)));
  };
  const std::string alone = run(1, predictions);
  CHECK(run(4, predictions) == alone);
  std::ranges::reverse(predictions);
  CHECK(run(4, predictions) == alone);
}
