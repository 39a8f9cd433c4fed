// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include <numeric>
#include <opencv2/core.hpp>

#include "base/parallel.h"
#include "catch.h"
#include "image/image.h"
#include "learn/network_picture.h"
#include "learn/torch/input.h"
#include "learn/torch/loader.h"
#include "learn/torch/losses.h"
#include "support/drawn_shapes.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using namespace maskmill::tests;

namespace {

constexpr Size kPicture{32, 24};
constexpr std::size_t kPlenty = 1 << 24;

const ClassMap& shape_classes() {
  static const ClassMap classes(shape_labels(), false);
  return classes;
}

SampleStore store_of(std::vector<Item> items, std::size_t cache_bytes, Findings& findings) {
  static const MaskSampleReader reader(shape_classes(), kPicture);
  return SampleStore("train", std::move(items), reader, cache_bytes, findings);
}

SampleStore store_of(std::vector<Item> items, std::size_t cache_bytes = kPlenty) {
  Findings findings;
  SampleStore store = store_of(std::move(items), cache_bytes, findings);
  CHECK(findings.empty());
  return store;
}

LoaderOptions strongly_augmented() {
  LoaderOptions options;
  options.augment.rotation = 30;
  options.augment.brightness = 0.3;
  options.augment.scale_low = 0.7;
  options.seed = 3;
  return options;
}

/// All batches of an epoch, joined.
Batch epoch_of(const SampleStore& store, const LoaderOptions& options, int epoch = 1) {
  std::vector<std::size_t> order(store.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Loader loader(store, options);
  loader.start(in_batches(order, 4), epoch);
  std::vector<torch::Tensor> images, classes;
  while (const auto batch = loader.next()) {
    images.push_back(batch->images);
    classes.push_back(batch->classes);
  }
  return {torch::cat(images), {}, torch::cat(classes), {}};
}

bool same(const Batch& a, const Batch& b) {
  return torch::equal(a.images, b.images) && torch::equal(a.classes, b.classes);
}

}  // namespace

TEST_CASE("batches differ in size by one at most, and none is a lone sample") {
  for (const std::size_t count : {1U, 2U, 7U, 8U, 9U, 16U, 17U, 100U}) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<std::size_t> joined;
    std::size_t least = count, most = 0;
    for (const auto& batch : in_batches(order, 8)) {
      least = std::min(least, batch.size());
      most = std::max(most, batch.size());
      joined.insert(joined.end(), batch.begin(), batch.end());
    }
    CHECK(joined == order);
    CHECK(most <= 8);
    CHECK(most - least <= 1);
    CHECK((least > 1 || count == 1));
  }
}

TEST_CASE("a batch holds the pictures' pixels and class numbers, void as ignored") {
  const Scratch scratch;
  const SampleStore store = store_of(drawn_items(scratch, 5, 0, kPicture));
  LoaderOptions options;
  options.augment.enabled = false;
  const Batch all = epoch_of(store, options);
  REQUIRE(all.size() == 5);
  for (int i = 0; i < 5; ++i) {
    const DrawnShape drawn = drawn_shape(kPicture, static_cast<std::uint64_t>(i));
    const cv::Mat picture(kPicture.height, kPicture.width, CV_8UC3, all.images[i].data_ptr());
    CHECK(cv::norm(picture, drawn.picture, cv::NORM_INF) == 0);
    const cv::Mat classes(kPicture.height, kPicture.width, CV_16SC1, all.classes[i].data_ptr());
    cv::Mat expected;
    drawn.labels.convertTo(expected, CV_16S);
    expected.setTo(kIgnoredClass, expected == 3);
    CHECK(cv::norm(classes, expected, cv::NORM_INF) == 0);
  }
}

TEST_CASE(
    "what a batch holds depends neither on threads, nor on the cache, nor on how far ahead it is made") {
  const Scratch scratch;
  const std::vector<Item> items = drawn_items(scratch, 13, 0, {48, 40});
  const SampleStore cached = store_of(items), decoded = store_of(items, 0),
                    half = store_of(items, 6 * 32 * 24 * 4);
  CHECK(cached.cached_bytes() == 13 * 32 * 24 * 4);
  CHECK(half.cached_bytes() == 6 * 32 * 24 * 4);
  CHECK(decoded.cached_bytes() == 0);
  const Batch expected = epoch_of(cached, strongly_augmented());
  CHECK(same(epoch_of(decoded, strongly_augmented()), expected));
  CHECK(same(epoch_of(half, strongly_augmented()), expected));
  LoaderOptions barely_ahead = strongly_augmented();
  barely_ahead.ahead = 1;
  CHECK(same(epoch_of(cached, barely_ahead), expected));
  const Jobs one_thread(1);
  CHECK(same(epoch_of(cached, strongly_augmented()), expected));
}

TEST_CASE("epochs and seeds change the augmentation, and switched off it changes nothing") {
  const Scratch scratch;
  const SampleStore store = store_of(drawn_items(scratch, 6, 0, kPicture));
  LoaderOptions options = strongly_augmented();
  const Batch first = epoch_of(store, options, 1);
  CHECK_FALSE(same(epoch_of(store, options, 2), first));
  options.seed = 4;
  CHECK_FALSE(same(epoch_of(store, options, 1), first));
  options.augment.enabled = false;
  CHECK(same(epoch_of(store, options, 1), epoch_of(store, options, 2)));
}

TEST_CASE("a loader let go in the middle of an epoch stops its work") {
  const Scratch scratch;
  const SampleStore store = store_of(drawn_items(scratch, 12, 0, kPicture), 0);
  Loader loader(store, strongly_augmented());
  loader.start({{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}, {10, 11}}, 1);
  CHECK(loader.next()->size() == 2);
}

TEST_CASE("a sample that has become unreadable since ends the epoch with its name") {
  const Scratch scratch;
  const std::vector<Item> items = drawn_items(scratch, 4, 0, kPicture);
  const SampleStore store = store_of(items, 0);
  scratch.write("images/2.png", "no longer");
  const Error error = thrown_by([&] { epoch_of(store, {}); });
  CHECK_THAT(error.what(), contains("2.png"));
}

TEST_CASE("what cannot be read is left out with a finding, up to one in ten") {
  const Scratch scratch;
  std::vector<Item> items = drawn_items(scratch, 12, 0, kPicture);
  scratch.write("images/3.png", "this is no picture");
  items[5].annotated = false;
  {
    Findings findings;
    const SampleStore store = store_of(items, kPlenty, findings);
    CHECK(store.size() == 10);
    CHECK(store.broken() == 1);
    CHECK(findings.by_rule().at("unreadable-sample") == 1);
    CHECK(findings.by_rule().at("not-annotated") == 1);
    findings.for_each([](const Finding& finding) {
      if (finding.rule == "unreadable-sample") CHECK_THAT(finding.place.file, contains("3.png"));
    });
  }
  scratch.write("images/7.png", "nor this");
  scratch.write("masks/8.png", encode_index_png(cv::Mat(9, 9, CV_8UC1, cv::Scalar(1))));
  Findings findings;
  const Error error = thrown_by([&] { store_of(items, kPlenty, findings); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.what(), contains("3 of the 12 items"));
  CHECK(findings.by_rule().at("unreadable-sample") == 3);
  bool size_named = false;
  findings.for_each([&](const Finding& finding) {
    size_named = size_named || finding.message.find("9x9") != std::string::npos;
  });
  CHECK(size_named);
}

TEST_CASE("values without a label are ignored and found") {
  const Scratch scratch;
  std::vector<Item> items = drawn_items(scratch, 2, 0, kPicture);
  cv::Mat mask(kPicture.height, kPicture.width, CV_8UC1, cv::Scalar(1));
  mask.at<std::uint8_t>(10, 10) = 77;
  scratch.write("masks/0.png", encode_index_png(mask));
  Findings findings;
  const SampleStore store = store_of(items, kPlenty, findings);
  CHECK(findings.by_rule().at("value-outside-labels") == 1);
  findings.for_each([](const Finding& finding) { CHECK_THAT(finding.message, contains("77")); });
  CHECK(store.load(0).mask.at<std::uint16_t>(10, 10) == kIgnored);
  CHECK(store.load(0).mask.at<std::uint16_t>(10, 11) == 1);
}

TEST_CASE("a picture that is decoded at a fraction of its size meets its whole mask") {
  const Scratch scratch;
  std::vector<Item> items = drawn_items(scratch, 1, 0, {128, 96});
  items[0].image = scratch.write("images/0.jpg", encode_jpeg(drawn_shape({128, 96}, 0).picture));
  Findings findings;
  const SampleStore store = store_of(items, kPlenty, findings);
  const Sample sample = store.load(0);
  CHECK(sample.image.size() == cv::Size(32, 24));
  CHECK(sample.mask.size() == cv::Size(32, 24));
  // What prediction makes of the file is the same, pixel by pixel.
  const NetworkPicture predicted = network_picture(read_file(items[0].image), {32, 24});
  CHECK(predicted.size == Size{128, 96});
  CHECK(cv::norm(sample.image, predicted.pixels, cv::NORM_INF) == 0);
}

TEST_CASE("the network's input is (value / 255 - mean) / std, channels-last") {
  InputSettings settings;
  settings.width = 5;
  settings.height = 3;
  torch::manual_seed(1);
  const torch::Tensor images = torch::randint(0, 256, {2, 3, 5, 3}, torch::kUInt8);
  const torch::Tensor input = NetworkInput(settings, torch::kCPU)(images);
  const torch::Tensor mean = torch::tensor(settings.mean).to(torch::kFloat32).view({1, 3, 1, 1});
  const torch::Tensor std = torch::tensor(settings.std).to(torch::kFloat32).view({1, 3, 1, 1});
  const torch::Tensor expected = (images.permute({0, 3, 1, 2}).to(torch::kFloat32) / 255 - mean) / std;
  CHECK(torch::allclose(input, expected, 1e-5, 1e-5));
  CHECK(input.is_contiguous(torch::MemoryFormat::ChannelsLast));
}
