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

}  // namespace

std::size_t SampleStore::Compact::bytes() const {
  return image.total() * image.elemSize() + mask.total() * mask.elemSize();
}

/// What became of one item: a sample, or findings of which the last says why there is none.
struct SampleStore::Reading {
  Item item;
  std::optional<Compact> sample;
  bool broken = false;
  ClassPixels class_pixels;
  std::vector<Finding> findings;
};

SampleStore::SampleStore(const std::string& subset, std::vector<Item> items, const ClassMap& classes,
                         Size size, std::size_t cache_bytes, Findings& findings)
    : classes_(classes), size_(size) {
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
        items_.push_back(std::move(reading.item));
        cache_full = cache_full || cached_bytes_ + reading.sample->bytes() > cache_bytes;
        if (cache_full) return;
        cached_bytes_ += reading.sample->bytes();
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
      Sample sample = read_sample(item, classes_, size_, reading.findings);
      reading.class_pixels.add(sample.mask, static_cast<std::size_t>(classes_.size()));
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

SampleStore::Compact SampleStore::compact(Sample sample) const {
  Compact kept{sample.image, sample.mask};
  // Saturation turns kIgnored into 255.
  if (classes_.size() < kCompactIgnored) sample.mask.convertTo(kept.mask, CV_8U);
  return kept;
}

Sample SampleStore::load(std::size_t index) const {
  Sample sample;
  if (index >= cache_.size()) return read_sample_again(items_.at(index), classes_, size_);
  const Compact& kept = cache_[index];
  sample.image = kept.image.clone();
  kept.mask.convertTo(sample.mask, CV_16U);
  if (kept.mask.depth() == CV_8U) sample.mask.setTo(kIgnored, kept.mask == kCompactIgnored);
  return sample;
}

}  // namespace maskmill::learn
