// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/sample_store.h"

#include <opencv2/core.hpp>
#include <optional>

#include "base/parallel.h"
#include "base/progress.h"
#include "base/text.h"
#include "image/image.h"
#include "learn/read_sample.h"

namespace maskmill::learn {
namespace {

constexpr int kCompactIgnored = 255;

std::size_t bytes_of(const Sample& sample) {
  std::size_t bytes =
      sample.image.total() * sample.image.elemSize() + sample.mask.total() * sample.mask.elemSize();
  for (const SampleObject& object : sample.objects) {
    bytes += sizeof(SampleObject);
    for (const PolygonPart& part : object.polygon.parts) {
      bytes += sizeof(PolygonPart) + part.exterior.size() * sizeof(Point);
      for (const Ring& hole : part.holes) bytes += sizeof(Ring) + hole.size() * sizeof(Point);
    }
  }
  return bytes;
}

}  // namespace

/// What became of one item: a sample, or findings of which the last says why there is none.
struct SampleStore::Reading {
  Item item;
  std::optional<Sample> sample;  ///< compact
  Size size{};
  bool broken = false;
  ClassPixels class_pixels;
  std::vector<Finding> findings;
};

SampleStore::SampleStore(const std::string& subset, std::vector<Item> items, const SampleReader& reader,
                         std::size_t cache_bytes, Findings& findings)
    : reader_(reader) {
  const std::size_t count = items.size();
  Progress progress("reading " + subset, count);
  std::string first_cause;
  bool cache_full = false;
  std::size_t next = 0;
  ordered_pipeline(
      [&]() -> std::optional<Item> {
        if (next == count) return std::nullopt;
        return std::move(items[next++]);
      },
      [&](Item&& item) { return try_read(std::move(item)); },
      [&](Reading&& reading) {
        progress.advance();
        if (reading.broken) {
          ++broken_;
          if (first_cause.empty()) first_cause = reading.findings.back().message;
        }
        findings.add(std::move(reading.findings));
        if (!reading.sample) return;
        class_pixels_.add(reading.class_pixels);
        for (const SampleObject& object : reading.sample->objects) {
          if (object.crowd) continue;
          ++objects_;
          if (!object.polygon.parts.empty()) ++objects_with_mask_;
        }
        items_.push_back(std::move(reading.item));
        sizes_.push_back(reading.size);
        cache_full = cache_full || cached_bytes_ + bytes_of(*reading.sample) > cache_bytes;
        if (cache_full) return;
        cached_bytes_ += bytes_of(*reading.sample);
        cache_.push_back(std::move(*reading.sample));
      });
  if (broken_ > (count + 9) / 10)
    throw Error(Code::bad_value, std::to_string(broken_) + " of the " + counted(count, "item") +
                                     " of subset " + in_quotes(subset) +
                                     " cannot be read, the first because: " + first_cause)
        .hint("maskmill check names them all");
  if (items_.empty())
    throw Error(Code::bad_value, "subset " + in_quotes(subset) + " holds no annotated item that can be read");
}

SampleStore::Reading SampleStore::try_read(Item item) const {
  Reading reading;
  if (!item.annotated) {
    reading.findings.push_back(finding_about(item, "not-annotated", Severity::warning,
                                             "nobody annotated it, so it is left out of training"));
  } else {
    try {
      Sample sample = reader_.read(item, reading.findings);
      reading.size = {sample.image.cols, sample.image.rows};
      if (!sample.mask.empty())
        reading.class_pixels.add(sample.mask, static_cast<std::size_t>(reader_.classes().size()));
      reading.sample = compact(std::move(sample));
    } catch (Error& error) {
      if (error.code() == Code::interrupted || error.code() == Code::bug) throw;
      reading.broken = true;
      reading.findings.push_back(
          to_finding(has_image(item) ? error.at_file(image_file(item)) : error, "unreadable-sample"));
    }
  }
  reading.item = std::move(item);
  return reading;
}

Sample SampleStore::compact(Sample sample) const {
  if (!sample.mask.empty() && reader_.classes().size() < kCompactIgnored) {
    cv::Mat small;
    sample.mask.convertTo(small, CV_8U);  // saturation turns kIgnored into 255
    sample.mask = small;
  }
  return sample;
}

Size SampleStore::network_size(std::size_t index) const {
  const std::optional<DetectorSize> bounds = network_bounds();
  return bounds ? detector_size(sizes_.at(index), *bounds) : sizes_.at(index);
}

Sample SampleStore::load(std::size_t index) const {
  if (index >= cache_.size()) return reader_.read_again(items_.at(index));
  Sample sample = cache_[index];
  sample.image = sample.image.clone();
  if (sample.mask.empty()) return sample;
  const cv::Mat kept = sample.mask;
  sample.mask = cv::Mat();
  kept.convertTo(sample.mask, CV_16U);
  if (kept.depth() == CV_8U) sample.mask.setTo(kIgnored, kept == kCompactIgnored);
  return sample;
}

}  // namespace maskmill::learn
