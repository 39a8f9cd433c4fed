// SPDX-License-Identifier: Apache-2.0
// What an evaluation says beside its numbers: images, kinds of errors, intervals, comparisons.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/parallel.h"
#include "base/random.h"
#include "catch.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "metrics/comparison.h"
#include "metrics/evaluate.h"
#include "metrics/outcomes.h"
#include "metrics/weighted_coco.h"
#include "objects.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

EvaluationReport evaluated_things(std::vector<Item> truth, std::vector<Item> predictions,
                                  EvaluationSettings settings) {
  if (settings.metrics.empty()) settings.metrics = {Metric::bbox};
  const auto a = make_source(labels_called({"cat", "dog"}, LabelKind::thing), std::move(truth));
  const auto b = make_source(labels_called({"cat", "dog"}, LabelKind::thing), std::move(predictions));
  Findings findings;
  return evaluate(*a, *b, settings, findings);
}

EvaluationSettings with_errors() {
  EvaluationSettings settings;
  settings.errors = true;
  return settings;
}

EvaluationSettings with_images(std::set<Metric> metrics = {Metric::bbox}) {
  EvaluationSettings settings;
  settings.metrics = std::move(metrics);
  settings.keep_images = true;
  return settings;
}

struct Drawn {
  std::vector<Item> truth, found;
};

/// Boxes that are found more or less well, all scores different.
Drawn drawn_items(int images, std::uint64_t seed) {
  Drawn drawn;
  Random random(seed);
  for (int i = 0; i < images; ++i) {
    std::vector<Annotation> truth, found;
    const auto count = random.below(5);
    for (std::uint64_t k = 0; k < count; ++k) {
      const Box box{random.uniform(0, 90), random.uniform(0, 60), random.uniform(8, 100),
                    random.uniform(8, 80)};
      const int label = static_cast<int>(random.below(2));
      truth.push_back(object_of(label, box));
      for (int copy = 0; copy < 2; ++copy)
        if (random.chance(.6))
          found.push_back(
              object_of(random.chance(.8) ? label : 1 - label,
                        {box.x + random.uniform(-8, 8), box.y + random.uniform(-6, 6), box.width, box.height},
                        random.uniform()));
    }
    drawn.truth.push_back(image_of(std::to_string(i), truth));
    drawn.found.push_back(image_of(std::to_string(i), found));
  }
  return drawn;
}

std::string table_of(const EvaluationReport& report, std::optional<double> least_score = std::nullopt) {
  std::string text;
  write_image_table(*report.images, least_score, [&](std::string_view bytes) { text += bytes; });
  return text;
}

std::size_t count(const EvaluationReport& report, DetectionError error) {
  return report.coco.at(0).errors->errors[static_cast<std::size_t>(error)].count;
}
double cost(const EvaluationReport& report, DetectionError error) {
  return *report.coco.at(0).errors->errors[static_cast<std::size_t>(error)].d_ap;
}

}  // namespace

TEST_CASE("each wrong detection is of the kind that TIDE's definition gives it") {
  using enum DetectionError;
  const Box cat{10, 10, 40, 40}, dog{100, 10, 40, 40}, unseen{100, 90, 40, 40};
  const auto report = evaluated_things(
      {image_of("a", {object_of(0, cat), object_of(1, dog), object_of(0, unseen)})},
      {image_of("a", {object_of(0, cat, .9), object_of(0, {12, 10, 40, 40}, .8),  // found, and once more
                      object_of(0, dog, .7),                                      // a cat where the dog is
                      object_of(1, {118, 10, 40, 40}, .6),                        // the dog, half beside it
                      object_of(1, {40, 10, 40, 40}, .5),      // a dog that touches the cat
                      object_of(0, {10, 100, 20, 20}, .4)})},  // nothing is there
      with_errors());
  CHECK(count(report, dupe) == 1);
  CHECK(count(report, cls) == 1);
  CHECK(count(report, loc) == 1);
  CHECK(count(report, both) == 1);
  CHECK(count(report, bkg) == 1);
  CHECK(count(report, miss) == 1);  // the dog would be found if cls or loc were right
  const ErrorScores& errors = *report.coco[0].errors;
  CHECK(errors.false_positives.count == 5);
  CHECK(errors.false_negatives.count == 2);
  CHECK_THAT(*errors.ap50, WithinAbs(51. / 101 / 2, 1e-12));  // cats: one of two; dogs: none
  // The dog is found by the cat of .7, its best detection, so that the dog of .6 can only go: 1 of 1 right
  // among dogs once cls is right, and then only that one.
  CHECK_THAT(cost(report, cls), WithinAbs(.5, 1e-12));
  CHECK_THAT(cost(report, loc), WithinAbs(0, 1e-12));
  CHECK_THAT(cost(report, miss), WithinAbs((1 - 51. / 101) / 2, 1e-12));
  CHECK_THAT(*errors.false_negatives.d_ap, WithinAbs(1 - 51. / 101 / 2, 1e-12));  // no dog is left to find
}

TEST_CASE("what lies on a crowd is no error, and without an image's truth all is background") {
  auto crowd = object_of(0, {0, 0, 100, 100});
  crowd.flags.crowd = true;
  const auto report =
      evaluated_things({image_of("a", {crowd}), image_of("b", {object_of(0, {0, 0, 50, 50})})},
                       {image_of("a", {object_of(0, {10, 10, 30, 30}, .9), object_of(1, {0, 0, 90, 90}, .5)}),
                        image_of("b", {object_of(0, {0, 0, 50, 50}, .8)})},
                       with_errors());
  CHECK(count(report, DetectionError::bkg) == 1);
  CHECK(report.coco[0].errors->false_positives.count == 1);
  CHECK_THAT(*report.coco[0].errors->ap50, WithinAbs(1, 1e-12));
}

TEST_CASE("errors are held against the AP50 that is reported, whatever the data") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Drawn drawn = drawn_items(40, seed);
    EvaluationSettings settings = with_errors();
    settings.metrics = {Metric::bbox, Metric::segm};
    const auto report = evaluated_things(drawn.truth, drawn.found, settings);
    for (const auto& coco : report.coco) {
      CHECK_THAT(*coco.errors->ap50, WithinAbs(*coco.scores.overall[1].second, 1e-12));
      // Together they are all that is wrong.
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < 5; ++i) wrong += coco.errors->errors[i].count;
      CHECK(wrong == coco.errors->false_positives.count);
      CHECK(*coco.errors->false_positives.d_ap >= coco.errors->errors[4].d_ap);
    }
    settings.errors = false;
    const auto plain = evaluated_things(drawn.truth, drawn.found, settings);
    CHECK(to_json(plain)["coco"]["bbox"]["AP"] == to_json(report)["coco"]["bbox"]["AP"]);
  }
}

TEST_CASE("images that count as often as their weights say give what so many copies of them give") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const Drawn drawn = drawn_items(30, 100 + seed);
    Random random(seed);
    std::vector<std::uint32_t> weights;
    Drawn copied;
    for (std::size_t i = 0; i < drawn.truth.size(); ++i) {
      weights.push_back(static_cast<std::uint32_t>(seed == 0 ? 1 : random.below(4)));
      for (std::uint32_t k = 0; k < weights.back(); ++k) {
        copied.truth.push_back(drawn.truth[i]), copied.found.push_back(drawn.found[i]);
        copied.truth.back().id = copied.found.back().id = std::to_string(i) + "-" + std::to_string(k);
      }
    }
    const std::set<Metric> metrics{Metric::bbox, Metric::segm, Metric::semantic, Metric::panoptic};
    const auto once = evaluated_things(drawn.truth, drawn.found, with_images(metrics));
    const auto copies = evaluated_things(copied.truth, copied.found, with_images(metrics));
    for (const auto& group : once.images->groups()) {
      INFO(group.name << ", seed " << seed);
      const std::vector<double> values = group.scores->values(weights);
      std::vector<std::optional<double>> expected;
      if (group.name == "semantic") {
        const SemanticScores& scores = copies.semantic->scores;
        expected = {scores.mean_iou, scores.mean_dice, scores.pixel_accuracy, scores.mean_boundary_iou};
        for (const LabelScores& label : scores.labels) expected.push_back(label.iou);
      } else if (group.name == "panoptic") {
        const PanopticQuality& quality = copies.panoptic->quality;
        for (const PanopticScore* score : {&quality.all, &quality.things, &quality.stuff})
          expected.insert(expected.end(), {score->pq, score->sq, score->rq});
        for (const PanopticScore& label : quality.labels) expected.push_back(label.pq);
      } else {
        const CocoScores& scores = copies.coco[group.name == "segm"].scores;
        for (const auto& [name, value] : scores.overall) expected.push_back(value);
        for (const auto& label : scores.labels) expected.push_back(label.scores[0].second);
      }
      REQUIRE(values.size() == expected.size());
      REQUIRE(group.scores->names().size() == values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        INFO(i);
        REQUIRE(std::isnan(values[i]) == !expected[i].has_value());
        if (expected[i]) CHECK_THAT(values[i], WithinAbs(*expected[i], 1e-12));
      }
    }
  }
}

TEST_CASE("percentiles are numpy's") {
  std::vector<double> values(101);
  std::iota(values.begin(), values.end(), 0.);
  std::ranges::reverse(values);
  CHECK(interval_of(values) == Interval{2.5, 97.5});
  CHECK(interval_of({3, 1})->low == Approx(1.05));  // numpy.percentile([3, 1], 2.5)
  CHECK_FALSE(interval_of({1}));
  CHECK(interval_of({std::nan(""), 2, 2}) == Interval{2, 2});
}

TEST_CASE("intervals hold their number, do not depend on the threads, and narrow with more images") {
  const auto measured = [](int images, int threads) {
    const Jobs jobs(threads);
    const Drawn drawn = drawn_items(images, 7);
    EvaluationSettings settings;
    settings.metrics = {Metric::bbox, Metric::semantic, Metric::panoptic};
    settings.bootstrap = {200, 5};
    return evaluated_things(drawn.truth, drawn.found, settings);
  };
  const auto report = measured(60, 1);
  REQUIRE(report.intervals.size() == 3);
  CHECK(to_json(report) == to_json(measured(60, 4)));
  const auto& ap = report.intervals[1].overall[0];
  CHECK(ap.first == "AP");
  CHECK(ap.second->low < *report.coco[0].scores.overall[0].second);
  CHECK(ap.second->high > *report.coco[0].scores.overall[0].second);
  const auto more = measured(600, 4).intervals[1].overall[0].second;
  CHECK(more->high - more->low < .6 * (ap.second->high - ap.second->low));
}

TEST_CASE("a comparison is made on the images of both, and the better one is told from the same draws") {
  Drawn drawn = drawn_items(80, 11);
  std::vector<Item> worse = drawn.found;
  for (Item& item : worse)
    if (!item.annotations.empty()) item.annotations.pop_back();
  const auto settings = with_images({Metric::bbox, Metric::semantic});
  const auto a = evaluated_things(drawn.truth, drawn.found, settings);
  const auto same = compare(*a.images, *a.images, {100, 0});
  REQUIRE(same.metrics.size() == 2);
  for (const auto& metric : same.metrics) {
    CHECK(metric.won + metric.lost == 0);
    for (const auto& number : metric.overall) {
      CHECK(number.difference.value_or(0) == 0);
      CHECK(number.share_above_0.value_or(0) == 0);
    }
  }
  const auto b = evaluated_things(drawn.truth, worse, settings);
  const auto compared = compare(*a.images, *b.images, {300, 0}, 0);
  const auto& boxes = compared.metrics[1];
  CHECK(boxes.name == "bbox");
  CHECK(boxes.images == 80);
  CHECK(boxes.won > boxes.lost);
  const auto recall = std::ranges::find(boxes.overall, "AR100", &Comparison::Number::name);
  CHECK(*recall->difference > 0);
  CHECK(recall->interval->low > 0);
  CHECK(recall->share_above_0 == 1);
  CHECK(boxes.labels.size() == 2);

  // Of the images that one of them lacks, nothing is said about either.
  std::vector<Item> half(drawn.found.begin(), drawn.found.begin() + 40);
  const auto c = evaluated_things(drawn.truth, half, settings);
  const auto some = compare(*a.images, *c.images, {});
  CHECK(some.metrics[0].images == 40);
  CHECK(*some.metrics[0].overall[0].difference == 0);
  CHECK(some.metrics[1].images ==
        80);  // of detections, an image without a prediction is one in which nothing is found
}

TEST_CASE("the table of images is in the truth's order, and counts from the best F1's score on") {
  const Box here{10, 10, 40, 40}, there{100, 10, 40, 40};
  const std::vector<Item> truth{image_of("b", {object_of(0, here), object_of(1, there)}),
                                image_of("a, \"x\"", {object_of(0, here)}), image_of("none", {})};
  // In another order, so that the pairs come in another.
  const std::vector<Item> found{image_of("none", {object_of(0, here, .1)}),
                                image_of("b", {object_of(0, here, .9)}),
                                image_of("a, \"x\"", {object_of(1, here, .2), object_of(0, here, .8)})};
  const auto report = evaluated_things(truth, found, with_images());
  CHECK(table_of(report) ==
        "id,bbox_found,bbox_wrong,bbox_missed\nb,1,0,1\n\"a, \"\"x\"\"\",1,0,0\nnone,0,0,0\n");
  CHECK(table_of(report, 0) ==
        "id,bbox_found,bbox_wrong,bbox_missed\nb,1,0,1\n\"a, \"\"x\"\"\",1,1,0\nnone,0,1,0\n");
  const auto best = report.images->coco[0].evaluation.best_f1();
  REQUIRE(best);
  CHECK(best->least_score == .8);
  CHECK(best->counts.found == 2);
  CHECK(best->counts.missed == 1);
  const auto scores = scores_of_images(*report.images, "bbox", std::nullopt);
  CHECK(std::ranges::min(scores) == Approx(2. / 3));
}

TEST_CASE("masks and segments of an image have scores of their own") {
  const auto report = evaluated_things(
      {image_of("a", {object_of(0, {0, 0, 100, 150})}), image_of("b", {object_of(1, {0, 0, 200, 150})})},
      {image_of("a", {object_of(0, {0, 0, 50, 150})}), image_of("b", {object_of(1, {0, 0, 200, 150})})},
      with_images({Metric::semantic, Metric::panoptic}));
  // a: half of the cat is found, and of the background 100 of 150 columns are right; PQ misses it, as .5 is
  // not above .5.
  CHECK(
      table_of(report) ==
      "id,semantic_mean_iou,semantic_pixel_accuracy,panoptic_pq,panoptic_matches,panoptic_wrong,panoptic_missed\n"
      "a,0.583333,0.750000,0.000000,0,1,1\nb,1.000000,1.000000,1.000000,1,0,0\n");
}

TEST_CASE("outcomes name the annotations that were found, missed and wrong") {
  auto crowd = object_of(0, {150, 100, 40, 40});
  crowd.flags.crowd = true;
  const Item truth = image_of("a", {object_of(1, {100, 10, 40, 40}), crowd, object_of(0, {10, 10, 40, 40})});
  const Item found = image_of("a", {object_of(0, {60, 60, 30, 30}, .5), object_of(0, {10, 10, 40, 40}, .4),
                                    object_of(1, {0, 0, 9, 9}, .1)});
  const OverlapMeter meter(labels_called({"cat", "dog"}, LabelKind::thing).labels, {0, 1}, {});
  std::vector<Finding> findings;
  const std::array kinds{OverlapKind::segm};
  const auto outcomes =
      detection_outcomes(meter.measure(truth, &found, kinds, findings)[0], truth, &found, .3);
  CHECK(outcomes.truth == std::vector{Outcome::missed, Outcome::uncounted, Outcome::found});
  CHECK(outcomes.prediction == std::vector{Outcome::wrong, Outcome::found, Outcome::uncounted});
  const auto segments =
      segment_outcomes(truth, &found, labels_called({"cat", "dog"}, LabelKind::thing).labels, {0, 1});
  CHECK(segments.truth == outcomes.truth);
  // What lies where the truth says nothing is no error.
  CHECK(segments.prediction == std::vector{Outcome::uncounted, Outcome::found, Outcome::uncounted});
}
