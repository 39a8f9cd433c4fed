// SPDX-License-Identifier: Apache-2.0
// object_samples PICTURE...: CPU milliseconds to bring a picture to a detector's 800x1333, and to read it
// with 100 objects, as outlines of 60 points, as RLE and as an instance mask; to augment what was read at 512
// to 384, and to draw its masks. object_samples sheet DATA OUT.png [COUNT]: a data set's samples, augmented.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <functional>
#include <numbers>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "base/output.h"
#include "base/random.h"
#include "dataset/dataset.h"
#include "dataset/masks.h"
#include "formats/registry.h"
#include "learn/augment.h"
#include "learn/network_picture.h"
#include "learn/object_masks.h"
#include "learn/read_objects.h"
#include "learn/sample_sheet.h"

using namespace maskmill;
using namespace maskmill::learn;

namespace {

/// The least of several, which is disturbed the least.
double milliseconds(const std::function<void()>& action) {
  double least = 1e9;
  for (int i = 0; i < 5; ++i) {
    const std::clock_t start = std::clock();
    action();
    least = std::min(least, 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return least;
}

/// IceVision's aug_tfms.
AugmentSettings instance_augmentation() {
  AugmentSettings settings;
  settings.rotation = 10, settings.translation = 0.0625, settings.scale_low = 0.9, settings.scale_high = 1.1;
  settings.rgb_shift = 0.08, settings.brightness = settings.contrast = 0.2, settings.blur = 0.5;
  settings.safe_crop = 0.5;
  return settings;
}

Polygon star(Point centre, double radius, Random& random) {
  Ring ring;
  for (int i = 0; i < 60; ++i) {
    const double angle = 2 * std::numbers::pi * i / 60, reach = radius * random.uniform(0.7, 1);
    ring.push_back({centre.x + reach * std::cos(angle), centre.y + reach * std::sin(angle)});
  }
  return {{{ring, {}}}};
}

Item with_outlines(const Path& picture, Size size) {
  Item item;
  item.id = picture.stem().string();
  item.image = picture;
  item.size = size;
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    Annotation annotation;
    annotation.label = 0;
    annotation.shape = star({(i % 10 + 0.5) * size.width / 10, (i / 10 + 0.5) * size.height / 10},
                            std::min(size.width, size.height) * random.uniform(0.02, 0.12), random);
    item.annotations.push_back(std::move(annotation));
  }
  return item;
}

Item with_rle(Item item) {
  for (Annotation& annotation : item.annotations) annotation.shape = rasterise(annotation.shape, *item.size);
  return item;
}

Item with_masks(Item item, const LabelMap& labels) {
  const PaintedMask painted = mask_from_instances(item.annotations, *item.size, labels);
  const auto made = [&](const cv::Mat& pixels, std::shared_ptr<const MaskCoding> coding) {
    MaskRef mask;
    mask.coding = std::move(coding);
    mask.made = std::make_shared<const MadeMask>(MadeMask{[pixels] {
                                                            return RawImage{pixels, {}, 16};
                                                          },
                                                          {item.image}});
    return mask;
  };
  item.semantic = made(painted.labels, index_coding(labels.size()));
  item.instances = made(painted.instances, number_coding());
  item.annotations.clear();
  return item;
}

void time_picture(const Path& path) {
  const Size size = probe_image(path).size();
  const std::string bytes = read_file(path);
  Label star;
  star.name = "star";
  const LabelMap labels({star});
  const ClassMap classes = ClassMap::of_objects(labels);
  const DetectorSize bounds{800, 1333};
  std::vector<Finding> findings;
  fmt::print("{} {}\n", path.filename().string(), to_string(size));
  fmt::print("  picture alone        {:8.1f} ms\n", milliseconds([&] { detector_picture(bytes, bounds); }));
  const Item outlines = with_outlines(path, size);
  for (const auto& [name, item] :
       {std::pair("100 outlines", outlines), std::pair("100 RLE", with_rle(outlines)),
        std::pair("an instance mask", with_masks(outlines, labels))}) {
    ObjectSample read;
    fmt::print("  with {:<16}{:8.1f} ms", name,
               milliseconds([&] { read = read_objects(item, classes, bounds, findings); }));
    std::size_t points = 0;
    for (const SampleObject& object : read.sample.objects)
      for (const PolygonPart& part : object.polygon.parts) points += part.exterior.size();
    std::vector<std::uint8_t> memory(read.sample.objects.size() * read.sample.image.total());
    const double masks = milliseconds([&] {
      const std::vector<Rle> pixels = object_pixels(read.sample);
      for (std::size_t i = 0; i < pixels.size(); ++i)
        write_mask(pixels[i],
                   cv::Mat(read.sample.image.size(), CV_8UC1, memory.data() + i * read.sample.image.total()));
    });
    const Sample presized = read_objects(item, classes, {512, 512}, findings).sample;
    const double augmentation = milliseconds([&] {
      Sample sample = presized;
      augment(sample, instance_augmentation(), 1, 1, 1, DetectorSize{384, 384});
    });
    fmt::print("; {} objects of {} points; masks {:.1f} ms; 512 augmented to 384 {:.1f} ms\n",
               read.sample.objects.size(), points, masks, augmentation);
  }
}

void draw_sheet(const Path& data, const Path& target, std::size_t count) {
  const formats::Opened opened = formats::open(data);
  const ClassMap classes = ClassMap::of_objects(opened.source->metadata().labels);
  std::vector<CaptionedSample> samples;
  Findings read;
  std::size_t objects = 0, items = 0;
  for_each_item(*opened.source, read, [&](Item&& item) {
    if (!item.annotated) return;
    std::vector<Finding> findings;
    Sample sample = read_objects(item, classes, {512, 512}, findings).sample;
    for (const Finding& finding : findings) fmt::print("{}: {} {}\n", item.id, finding.rule, finding.message);
    objects += sample.objects.size();
    ++items;
    if (samples.size() < count) {
      Sample plain = sample;
      augment(plain, {.enabled = false}, 1, 1, items, DetectorSize{384, 384});
      samples.push_back({item.id, std::move(plain)});
      for (int epoch = 1; epoch <= 3; ++epoch) {
        Sample changed = sample;
        augment(changed, instance_augmentation(), 1, epoch, items, DetectorSize{384, 384});
        samples.push_back({item.id + " in epoch " + std::to_string(epoch), std::move(changed)});
      }
    }
  });
  fmt::print("{} objects of {} items\n", objects, items);
  write_sample_sheet(target, "samples", "as a detector meets them", std::move(samples), classes.labels());
}

}  // namespace

int main(int count, char** arguments) {
  if (count >= 4 && std::strcmp(arguments[1], "sheet") == 0)
    draw_sheet(arguments[2], arguments[3], count > 4 ? std::stoul(arguments[4]) : 16);
  else
    for (int i = 1; i < count; ++i) time_picture(arguments[i]);
}
