// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>
#include <torch/torch.h>

#include <numeric>
#include <opencv2/core.hpp>

#include "base/parallel.h"
#include "base/random.h"
#include "catch.h"
#include "image/image.h"
#include "learn/network_picture.h"
#include "learn/sampler.h"
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

using Batches = std::vector<std::vector<std::size_t>>;

std::vector<std::size_t> joined(const Batches& batches) {
  std::vector<std::size_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

/// Wide and tall pictures of shapes, for a detector.
struct WideAndTall {
  Scratch wide, tall;
  ClassMap classes = ClassMap::of_objects(shape_labels());
  DetectorSize bounds{32, 48};
  ObjectSampleReader reader{classes, bounds, bounds};
  std::vector<Item> items;

  WideAndTall() : items(drawn_items(wide, 5, 0, {64, 40})) {
    for (Item& item : drawn_items(tall, 4, 0, {40, 70})) items.push_back(std::move(item));
  }

  SampleStore store(std::size_t cache_bytes = kPlenty) const {
    Findings findings;
    return SampleStore("train", items, reader, cache_bytes, findings);
  }
};

std::vector<Batch> batches_of(const SampleStore& store, LoaderOptions options, int epoch = 1) {
  options.kind = BatchKind::objects;
  Loader loader(store, options);
  loader.start({{0, 5, 1}, {8, 2, 7}, {6, 3, 4}}, epoch);
  std::vector<Batch> batches;
  while (std::optional<Batch> batch = loader.next()) batches.push_back(std::move(*batch));
  return batches;
}

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  return std::ranges::equal(a, b, [](const Batch& one, const Batch& other) {
    return torch::equal(one.images, other.images) && one.sizes == other.sizes &&
           std::ranges::equal(one.objects, other.objects, [](const ObjectTargets& x, const ObjectTargets& y) {
             return torch::equal(x.boxes, y.boxes) && torch::equal(x.labels, y.labels) &&
                    torch::equal(x.masks, y.masks) && torch::equal(x.has_mask, y.has_mask);
           });
  });
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

TEST_CASE(
    "batches of one shape: each sample once, whole batches of each shape first, as many as without shapes") {
  CHECK(rc::check([] {
    const auto shapes = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 3));
    const int batch_size = *rc::gen::inRange(1, 9);
    std::vector<std::size_t> order(shapes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random({*rc::gen::arbitrary<std::uint64_t>()});
    random.shuffle(std::span(order));
    const Batches batches = in_batches_of_shape(order, shapes, batch_size);
    const auto most = static_cast<std::size_t>(batch_size);

    RC_ASSERT(batches.size() == in_batches(order, batch_size).size());
    std::vector<std::size_t> sorted = joined(batches);
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i) RC_ASSERT(sorted[i] == i);
    RC_ASSERT(sorted.size() == order.size());
    for (const auto& batch : batches) RC_ASSERT(!batch.empty() && batch.size() <= most);
    if (most > 2 && order.size() > 1)
      for (const auto& batch : batches) RC_ASSERT(batch.size() > 1);

    // Of each shape its samples in their order, as far as whole batches go; the last one keeps a single
    // sample company.
    std::size_t whole = 0, in_whole_batches = 0;
    for (int shape = 0; shape < 3; ++shape) {
      std::vector<std::size_t> own, in_whole;
      std::ranges::copy_if(order, std::back_inserter(own), [&](std::size_t i) { return shapes[i] == shape; });
      if (own.size() == order.size()) {
        RC_ASSERT(batches == in_batches(order, batch_size));
        return;
      }
      whole += own.size() / most;
      for (const auto& batch : batches)
        if (batch.size() == most &&
            std::ranges::all_of(batch, [&](std::size_t i) { return shapes[i] == shape; }))
          in_whole.insert(in_whole.end(), batch.begin(), batch.end());
      RC_ASSERT(in_whole.size() <= own.size() &&
                std::ranges::equal(in_whole, std::span(own).first(in_whole.size())));
      in_whole_batches += in_whole.size() / most;
    }
    if (most > 2 && order.size() - whole * most == 1) --whole;
    RC_ASSERT(in_whole_batches == whole);
    // What is left comes last, in batches that differ by one at most.
    for (std::size_t i = whole; i < batches.size(); ++i)
      RC_ASSERT(batches[i].size() + 1 >= batches.back().size() &&
                batches[i].size() <= batches.back().size() + 1);
  }));
}

TEST_CASE("batches of one shape follow the epoch's order, and so the seed") {
  std::vector<int> shapes(40);
  for (std::size_t i = 0; i < shapes.size(); ++i) shapes[i] = i % 3 == 0 ? 1 : 0;
  const auto batches = [&](std::uint64_t seed, int epoch) {
    return in_batches_of_shape(Sampler(shapes.size(), seed).order(epoch), shapes, 4);
  };
  CHECK(batches(1, 1) == batches(1, 1));
  CHECK(batches(1, 1) != batches(1, 2));
  CHECK(batches(1, 1) != batches(2, 1));
}

TEST_CASE("a detector's batch has its pictures at the top left of sides of 32, and their objects") {
  const WideAndTall data;
  const SampleStore store = data.store();
  LoaderOptions options;
  options.augment.enabled = false;
  const std::vector<Batch> batches = batches_of(store, options);
  REQUIRE(batches.size() == 3);
  const Batch& first = batches.front();  // samples 0, 5 and 1
  CHECK((first.sizes == std::vector<Size>{{48, 30}, {27, 48}, {48, 30}}));
  CHECK(first.images.sizes() == at::IntArrayRef{3, 64, 64, 3});
  CHECK(!first.classes.defined());
  REQUIRE(first.objects.size() == 3);
  for (std::int64_t i = 0; i < 3; ++i) {
    const Size size = first.sizes[static_cast<std::size_t>(i)];
    const Sample sample = store.load(std::array<std::size_t, 3>{0, 5, 1}[static_cast<std::size_t>(i)]);
    const torch::Tensor own = first.images[i];
    const torch::Tensor inside = own.slice(0, 0, size.height).slice(1, 0, size.width).contiguous();
    const cv::Mat picture(size.height, size.width, CV_8UC3, inside.data_ptr());
    CHECK(cv::norm(picture, sample.image, cv::NORM_INF) == 0);
    CHECK(own.slice(0, size.height).sum().item<std::int64_t>() == 0);
    CHECK(own.slice(1, size.width).sum().item<std::int64_t>() == 0);
    const ObjectTargets& objects = first.objects[static_cast<std::size_t>(i)];
    REQUIRE(objects.labels.size(0) == 1);
    CHECK(objects.masks.sizes() == at::IntArrayRef{1, size.height, size.width});
    CHECK(objects.labels[0].item<std::int64_t>() == sample.objects.front().label);
  }
}

TEST_CASE(
    "what a detector's batch holds depends neither on threads, nor on the cache, nor on how far ahead it is made") {
  const WideAndTall data;
  const SampleStore cached = data.store(), decoded = data.store(0);
  const std::vector<Batch> expected = batches_of(cached, strongly_augmented());
  CHECK(same(batches_of(decoded, strongly_augmented()), expected));
  LoaderOptions barely_ahead = strongly_augmented();
  barely_ahead.ahead = 1;
  CHECK(same(batches_of(cached, barely_ahead), expected));
  CHECK_FALSE(same(batches_of(cached, strongly_augmented(), 2), expected));
  const Jobs one_thread(1);
  CHECK(same(batches_of(cached, strongly_augmented()), expected));
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
