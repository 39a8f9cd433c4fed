// SPDX-License-Identifier: Apache-2.0
// What becomes of a sample's objects on their way to the losses.
#include <opencv2/core.hpp>

#include "base/random.h"
#include "dataset/rle.h"
#include "detection_support.h"
#include "learn/torch/detection/objects.h"
#include "learn/torch/operators/roi_align.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::learn::tests;

namespace {

Polygon rectangle(const Box& box) {
  const double right = box.x + box.width, bottom = box.y + box.height;
  return {{{{{box.x, box.y}, {right, box.y}, {right, bottom}, {box.x, bottom}}, {}}}};
}

Box box_inside(Random& random, Size picture) {
  const double x = random.uniform(0, picture.width - 4), y = random.uniform(0, picture.height - 4);
  return {x, y, random.uniform(2, picture.width - x), random.uniform(2, picture.height - y)};
}

cv::Mat plane(const ObjectTargets& targets, std::int64_t i) {
  const Tensor mask = targets.masks[i];
  return cv::Mat(static_cast<int>(mask.size(0)), static_cast<int>(mask.size(1)), CV_8UC1, mask.data_ptr());
}

bool same_pixels(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

/// A sample with objects of every kind, and those of them that count, in their order.
struct RandomSample {
  Sample sample;
  std::vector<SampleObject> kept;

  explicit RandomSample(std::uint64_t seed) {
    Random random({seed, 1});
    const Size size{static_cast<int>(20 + random.below(60)), static_cast<int>(20 + random.below(60))};
    sample.image = cv::Mat(size.height, size.width, CV_8UC3, cv::Scalar::all(0));
    for (std::uint64_t i = random.below(9); i-- > 0;) add(random, size);
  }

 private:
  void add(Random& random, Size size) {
    SampleObject object{static_cast<int>(1 + random.below(3)), box_inside(random, size), {}, false};
    bool counts = true;
    switch (random.below(5)) {
      case 0:  // the box alone is known
        break;
      case 1:
        object.crowd = true;
        object.polygon = rectangle(object.box);
        counts = false;
        break;
      case 2:
        (random.chance(0.5) ? object.box.width : object.box.height) = 0;
        counts = false;
        break;
      case 3:  // between the pixels' centres
        object.polygon = rectangle({object.box.x, object.box.y, 1e-3, 1e-3});
        counts = area(rasterise(object.polygon, size)) > 0;
        break;
      default:
        object.polygon = rectangle(object.box);
    }
    sample.objects.push_back(object);
    if (counts) kept.push_back(object);
  }
};

/// Regions of some pictures, and what they are of.
struct RandomRegions {
  RegionSamples samples;
  std::vector<ObjectTargets> targets;

  explicit RandomRegions(std::uint64_t seed) {
    Random random({seed, 2});
    for (std::uint64_t pictures = 1 + random.below(3); pictures-- > 0;) {
      const auto regions = static_cast<std::int64_t>(random.below(20));
      const auto objects = static_cast<std::int64_t>(random.below(5));
      Tensor object = torch::zeros({regions}, torch::kInt64), label = torch::zeros({regions}, torch::kInt64);
      for (std::int64_t i = 0; i < regions && objects > 0; ++i) {
        object[i] = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(objects)));
        label[i] = static_cast<std::int64_t>(random.below(4));
      }
      samples.boxes.push_back(noise(static_cast<int>(seed), regions * 4).view({regions, 4}));
      samples.objects.push_back(object);
      samples.labels.push_back(label);
      ObjectTargets own;
      own.labels = torch::ones({objects}, torch::kInt64);
      if (random.chance(0.7)) {
        own.has_mask = torch::zeros({objects}, torch::kBool);
        for (std::int64_t i = 0; i < objects; ++i) own.has_mask[i] = random.chance(0.5);
      }
      targets.push_back(std::move(own));
    }
  }
};

}  // namespace

TEST_CASE("targets are the sample's objects in their order, without crowds and what has no extent or pixel") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    auto [sample, kept] = RandomSample(seed);
    const Size size{sample.image.cols, sample.image.rows};
    const ObjectTargets targets = targets_of(sample, true);
    REQUIRE(sample.objects.size() == kept.size());
    const auto count = static_cast<std::int64_t>(kept.size());
    REQUIRE(targets.boxes.sizes() == at::IntArrayRef{count, 4});
    REQUIRE(targets.masks.sizes() == at::IntArrayRef{count, size.height, size.width});
    const std::vector<Annotation> annotations = annotations_of(targets, size);
    const std::vector<SampleObject> again = sample_objects(annotations);
    for (std::int64_t i = 0; i < count; ++i) {
      const SampleObject& object = kept[static_cast<std::size_t>(i)];
      const Box& box = object.box;
      CHECK(torch::equal(targets.boxes[i],
                         torch::tensor({box.x, box.y, box.x + box.width, box.y + box.height}, torch::kFloat64)
                             .to(torch::kFloat32)));
      CHECK(targets.labels[i].item<std::int64_t>() == object.label);
      const bool has_mask = !object.polygon.parts.empty();
      CHECK(targets.has_mask[i].item<bool>() == has_mask);
      const cv::Mat expected = has_mask ? mask_from_rle(rasterise(object.polygon, size))
                                        : cv::Mat::zeros(size.height, size.width, CV_8UC1);
      CHECK(same_pixels(plane(targets, i), expected));
      // And back, for scores and pictures.
      const Annotation& annotation = annotations[static_cast<std::size_t>(i)];
      CHECK(annotation.label == object.label);
      CHECK(std::holds_alternative<Rle>(annotation.shape) == has_mask);
      CHECK_THAT(annotation.box->width, WithinAbs(box.width, 1e-4));
      CHECK(again[static_cast<std::size_t>(i)].polygon.parts.empty() == !has_mask);
    }
  }
}

TEST_CASE("what is said of the nearest anchor without torch is the greatest overlap with all anchors") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random({seed, 3});
    const Size picture{static_cast<int>(1 + random.below(300)), static_cast<int>(1 + random.below(300))};
    const Size padded = padded_size({picture});
    std::vector<Extent> levels{{padded.height / 4, padded.width / 4}};
    while (levels.size() < learn::detector::kLevels.size())
      levels.push_back({(levels.back().height + 1) / 2, (levels.back().width + 1) / 2});
    std::vector<Box> boxes;
    std::vector<double> corners;
    for (int i = 0; i < 20; ++i) {
      const double x = random.uniform(0, picture.width), y = random.uniform(0, picture.height);
      boxes.push_back({x, y, random.uniform(0.01, 1) * (picture.width - x),
                       random.uniform(0.01, 1) * (picture.height - y)});
      corners.insert(corners.end(), {x, y, x + boxes.back().width, y + boxes.back().height});
    }
    const Tensor best =
        std::get<0>(box_iou(torch::tensor(corners, torch::kFloat64).view({-1, 4}),
                            anchors_for(levels, {padded.height, padded.width}, torch::kFloat64))
                        .max(1));
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      INFO("seed " << seed << ", box " << i);
      CHECK_THAT(learn::detector::best_anchor_iou(boxes[i], picture),
                 WithinAbs(best[static_cast<std::int64_t>(i)].item<double>(), 1e-12));
    }
  }
}

TEST_CASE("a target's mask is 1 on the pixels of its object") {
  Sample sample;
  sample.image = cv::Mat(10, 12, CV_8UC3, cv::Scalar::all(0));
  sample.objects = {{2, {3, 4, 5, 2}, rectangle({3, 4, 5, 2}), false}};
  cv::Mat expected = cv::Mat::zeros(10, 12, CV_8UC1);
  expected(cv::Rect(3, 4, 5, 2)).setTo(1);
  CHECK(same_pixels(plane(targets_of(sample, true), 0), expected));
}

TEST_CASE("crowds are apart from the targets, and among the annotations that scores are held against") {
  Sample sample;
  sample.image = cv::Mat(10, 12, CV_8UC3, cv::Scalar::all(0));
  sample.objects = {{2, {3, 4, 5, 2}, rectangle({3, 4, 5, 2}), false},
                    {1, {0, 0, 6, 6}, rectangle({0, 0, 6, 6}), true},
                    {3, {1, 1, 4, 4}, {}, true}};
  const ObjectTargets targets = targets_of(sample, true);
  CHECK(targets.boxes.size(0) == 1);
  const std::vector<Annotation> annotations = annotations_of(targets, {12, 10});
  REQUIRE(annotations.size() == 3);
  CHECK(annotations[0].flags.crowd != true);
  for (const std::size_t crowd : {1, 2}) CHECK(annotations[crowd].flags.crowd == true);
  CHECK(annotations[1].label == 1);
  CHECK(area(rasterise(std::get<Polygon>(annotations[1].shape), {12, 10})) == 36);
  CHECK(std::get<Box>(annotations[2].shape) == Box{1, 1, 4, 4});
}

TEST_CASE("a detector of boxes alone gets no masks, and no box that float32 makes empty is a target") {
  Sample sample;
  sample.image = cv::Mat(10, 1400, CV_8UC3, cv::Scalar::all(0));
  sample.objects = {{2, {3, 4, 5, 2}, rectangle({3, 4, 5, 2}), false}, {1, {1100, 1, 0.00005, 5}, {}, false}};
  const ObjectTargets targets = targets_of(sample, false);
  CHECK_FALSE(targets.masks.defined());
  CHECK(targets.labels.size(0) == 1);
  const std::vector<Annotation> annotations = annotations_of(targets, {1400, 10});
  REQUIRE(annotations.size() == 1);
  CHECK(std::get<Box>(annotations[0].shape) == Box{3, 4, 5, 2});
}

TEST_CASE("the loss of masks takes the regions that are objects with a mask, in their order") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    const auto [samples, targets] = RandomRegions(seed);
    const RegionSamples masked = only_masked(samples, targets);
    REQUIRE(masked.boxes.size() == targets.size());
    for (std::size_t picture = 0; picture < targets.size(); ++picture) {
      std::vector<std::int64_t> kept;
      for (std::int64_t i = 0; i < samples.labels[picture].size(0); ++i) {
        if (samples.labels[picture][i].item<std::int64_t>() == 0) continue;
        const Tensor& has_mask = targets[picture].has_mask;
        if (!has_mask.defined() || has_mask[samples.objects[picture][i].item<std::int64_t>()].item<bool>())
          kept.push_back(i);
      }
      const auto rows = [&](const Tensor& all) {
        return all.index_select(0, torch::tensor(kept, torch::kInt64));
      };
      CHECK(torch::equal(masked.boxes[picture], rows(samples.boxes[picture])));
      CHECK(torch::equal(masked.objects[picture], rows(samples.objects[picture])));
      CHECK(torch::equal(masked.labels[picture], rows(samples.labels[picture])));
    }
  }
}

TEST_CASE("a crowded picture's masks are taken a few at a time, and no bit of the loss differs for it") {
  constexpr std::int64_t kSide = 1024, kObjects = 21, kRegions = 60, kMask = 28;
  constexpr Size kPicture{kSide, kSide};
  Random random(5);
  std::vector<ObjectTargets> targets(3);
  RegionSamples objects;
  for (ObjectTargets& of_picture : targets) {
    const bool is_empty = &of_picture == &targets[1];
    of_picture.masks = torch::zeros({kObjects, kSide, kSide}, torch::kUInt8);
    for (std::int64_t i = 0; i < kObjects; ++i) {
      const Box box = box_inside(random, kPicture);
      cv::Mat mask = plane(of_picture, i);
      mask(cv::Rect(static_cast<int>(box.x), static_cast<int>(box.y), static_cast<int>(box.width),
                    static_cast<int>(box.height)))
          .setTo(1);
    }
    std::vector<float> corners;
    std::vector<std::int64_t> object;
    for (std::int64_t i = 0; i < (is_empty ? 0 : kRegions); ++i) {
      const Box box = box_inside(random, kPicture);
      for (const double corner : {box.x, box.y, box.x + box.width, box.y + box.height})
        corners.push_back(static_cast<float>(corner));
      object.push_back(static_cast<std::int64_t>(random.below(kObjects)));
    }
    const auto count = static_cast<std::int64_t>(object.size());
    objects.boxes.push_back(torch::tensor(corners).view({count, 4}));
    objects.objects.push_back(torch::tensor(object, torch::kInt64));
    objects.labels.push_back(torch::ones({count}, torch::kInt64));
  }
  const Tensor logits =
      noise(9, 2 * kRegions * 2 * kMask * kMask).view({2 * kRegions, 2, kMask, kMask}).to(torch::kFloat32);

  std::vector<Tensor> wanted;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Tensor regions =
        torch::cat({objects.objects[i].to(torch::kFloat32).unsqueeze(1), objects.boxes[i]}, 1);
    wanted.push_back(roi_align(targets[i].masks.unsqueeze(1).to(torch::kFloat32), regions, 1, kMask, kMask,
                               -1,
                               /*aligned=*/false)
                         .squeeze(1));
  }
  const Tensor expected = torch::binary_cross_entropy_with_logits(logits.select(1, 1), torch::cat(wanted));
  CHECK(torch::equal(mask_loss(logits, objects, targets), expected));
}
