// SPDX-License-Identifier: Apache-2.0
#include "metrics/confusion.h"

#include <algorithm>
#include <array>

#include "base/random.h"
#include "catch.h"
#include "dataset/masks.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

template <class Value>
cv::Mat mask_of(int width, int height, Value&& value) {
  cv::Mat mask(height, width, CV_16UC1);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) mask.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(value(x, y));
  return mask;
}

// The pair that scikit-learn was given too; label 5 is ignored and label 6 never occurs.
cv::Mat golden_truth() {
  return mask_of(37, 23, [](int x, int y) { return (x * x + 3 * y) / 5 % 6; });
}
cv::Mat golden_prediction() {
  return mask_of(37, 23, [](int x, int y) { return (x * x + 3 * y + x * y % 11) / 5 % 6; });
}
constexpr std::array kIgnore{5};

cv::Mat noise(Random& random, cv::Size size, int labels, double unlabelled) {
  return mask_of(size.width, size.height, [&](int, int) {
    return random.chance(unlabelled) ? kUnlabelled
                                     : static_cast<int>(random.below(static_cast<std::uint64_t>(labels)));
  });
}

Label label_of(std::string name, int id, Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.id = id;
  label.role = role;
  return label;
}

}  // namespace

TEST_CASE("scores equal scikit-learn's, with ignored truth left out and ignored predictions a miss") {
  ConfusionMatrix matrix(7);
  matrix.add(golden_prediction(), golden_truth(), kIgnore);
  CHECK(matrix.ignored() == 136);
  CHECK(matrix.count(1, 3) == 26);
  CHECK(matrix.missed(3) == 48);
  CHECK(matrix.count(4, 0) == 26);

  // scikit-learn 1.x: jaccard_score, f1_score, precision_score and recall_score with average=None and
  // "macro".
  const SemanticScores scores = scores_of(matrix);
  const std::array iou{0.292929292929, 0.261780104712, 0.243362831858, 0.230769230769, 0.209523809524};
  const std::array dice{0.453125, 0.414937759336, 0.391459074733, 0.375, 0.346456692913};
  const std::array precision{0.690476190476, 0.416666666667, 0.381944444444, 0.422222222222, 0.318840579710};
  const std::array recall{0.337209302326, 0.413223140496, 0.401459854015, 0.337278106509, 0.379310344828};
  for (std::size_t i = 0; i < iou.size(); ++i) {
    CHECK_THAT(scores.labels[i].iou.value(), WithinAbs(iou[i], 1e-11));
    CHECK_THAT(scores.labels[i].dice.value(), WithinAbs(dice[i], 1e-11));
    CHECK_THAT(scores.labels[i].precision.value(), WithinAbs(precision[i], 1e-11));
    CHECK_THAT(scores.labels[i].recall.value(), WithinAbs(recall[i], 1e-11));
  }
  CHECK_THAT(scores.mean_iou.value(), WithinAbs(0.247673053959, 1e-11));
  CHECK_THAT(scores.mean_dice.value(), WithinAbs(0.396195705397, 1e-11));
  CHECK_THAT(scores.pixel_accuracy.value(), WithinAbs(0.369230769231, 1e-11));
}

TEST_CASE("a label in neither mask is undefined and outside the mean; one only predicted counts as zero") {
  ConfusionMatrix matrix(4);
  const cv::Mat truth = mask_of(4, 1, [](int x, int) { return x == 3 ? 1 : 0; });
  const cv::Mat prediction = mask_of(4, 1, [](int x, int) { return x == 3 ? 1 : x == 2 ? 2 : 0; });
  matrix.add(prediction, truth);
  const SemanticScores scores = scores_of(matrix);
  CHECK_FALSE(scores.labels[3].iou);
  CHECK_FALSE(scores.labels[3].dice);
  CHECK(scores.labels[2].iou == 0.0);
  CHECK_FALSE(scores.labels[2].recall);
  CHECK_THAT(scores.mean_iou.value(), WithinAbs(5.0 / 9, 1e-12));  // scikit-learn's macro: (2/3 + 1 + 0) / 3
}

TEST_CASE("with nothing to score, everything is undefined rather than 0 or 1") {
  ConfusionMatrix matrix(3);
  matrix.add(mask_of(5, 5, [](int, int) { return 1; }), mask_of(5, 5, [](int, int) { return kUnlabelled; }));
  matrix.add(cv::Mat(0, 0, CV_16UC1), cv::Mat(0, 0, CV_16UC1));
  const SemanticScores scores = scores_of(matrix);
  CHECK(matrix.ignored() == 25);
  CHECK_FALSE(scores.mean_iou);
  CHECK_FALSE(scores.mean_dice);
  CHECK_FALSE(scores.pixel_accuracy);
}

TEST_CASE("counting strips and adding the matrices gives the matrix of the whole") {
  Random random(7);
  for (const int labels : {1, 3, 21, 400}) {
    const cv::Size size(61, 40);
    const cv::Mat truth = noise(random, size, labels, 0.1), prediction = noise(random, size, labels, 0.05);
    ConfusionMatrix whole(labels), sum(labels);
    whole.add(prediction, truth, kIgnore);
    for (int y = 0; y < size.height; y += 8) {
      ConfusionMatrix strip(labels);
      strip.add(prediction.rowRange(y, y + 8), truth.rowRange(y, y + 8), kIgnore);
      sum.add(strip);
    }
    CHECK(sum == whole);

    std::int64_t counted = whole.ignored();
    for (int t = 0; t < labels; ++t) {
      counted += whole.missed(t);
      for (int p = 0; p < labels; ++p) counted += whole.count(t, p);
    }
    CHECK(counted == size.area());
  }
}

TEST_CASE("a part of a larger mask is counted row by row") {
  Random random(11);
  const cv::Mat truth = noise(random, {30, 20}, 5, 0), prediction = noise(random, {30, 20}, 5, 0);
  const cv::Rect part(3, 2, 17, 11);
  ConfusionMatrix of_view(5), of_copy(5);
  of_view.add(prediction(part), truth(part));
  of_copy.add(prediction(part).clone(), truth(part).clone());
  CHECK(of_view == of_copy);
}

TEST_CASE("masks that do not fit together are refused and add nothing") {
  ConfusionMatrix matrix(3);
  const ConfusionMatrix empty = matrix;
  const cv::Mat zeros = cv::Mat::zeros(4, 4, CV_16UC1);
  CHECK(thrown_by([&] { matrix.add(zeros, cv::Mat::zeros(4, 5, CV_16UC1)); }).code() == Code::bad_value);
  CHECK(thrown_by([&] { matrix.add(zeros, cv::Mat::zeros(4, 4, CV_8UC1)); }).code() == Code::bad_value);
  CHECK(thrown_by([&] { matrix.add(ConfusionMatrix(4)); }).code() == Code::bad_value);
  CHECK(thrown_by([] { ConfusionMatrix(0); }).code() == Code::bad_value);

  cv::Mat wrong = zeros.clone();
  wrong.at<std::uint16_t>(2, 1) = 3;
  CHECK_THAT(thrown_by([&] { matrix.add(zeros, wrong); }).message(),
             contains("the truth has the value 3 at x 1, y 2"));
  CHECK_THAT(thrown_by([&] { matrix.add(wrong, zeros); }).message(),
             contains("the prediction has the value 3"));
  CHECK(matrix == empty);
}

TEST_CASE("the JSON document and the table name each label but the ignored ones, and say undefined") {
  const LabelMap labels({label_of("background", 0, Role::background), label_of("Käse", 1), label_of("sky", 2),
                         label_of("void", 255, Role::ignore)});
  ConfusionMatrix matrix(labels.size());
  const std::array ignore{3};
  matrix.add(mask_of(4, 1, [](int x, int) { return x / 2; }),
             mask_of(4, 1, [](int x, int) { return x == 3 ? 3 : x / 2; }), ignore);
  const SemanticScores scores = scores_of(matrix);

  const Json semantic = to_json(scores, labels).at("semantic");
  CHECK(semantic.at("mean_iou") == 1.0);
  CHECK(semantic.at("mean_dice") == 1.0);
  CHECK(semantic.at("pixel_accuracy") == 1.0);
  REQUIRE(semantic.at("classes").size() == 3);
  CHECK(
      semantic["classes"][1] ==
      Json{
          {"name", "Käse"}, {"iou", 1.0}, {"dice", 1.0}, {"precision", 1.0}, {"recall", 1.0}, {"pixels", 1}});
  CHECK(semantic["classes"][2]["iou"].is_null());

  CHECK(to_table(scores, labels) ==
        "class               IoU     Dice  precision   recall           pixels\n"
        "background       1.0000   1.0000     1.0000   1.0000                2\n"
        "Käse             1.0000   1.0000     1.0000   1.0000                1\n"
        "sky                   -        -          -        -                0\n"
        "mean             1.0000   1.0000\n"
        "pixel accuracy   1.0000\n");
}
