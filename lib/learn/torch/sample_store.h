// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "learn/class_weights.h"
#include "learn/classes.h"
#include "learn/sample.h"

namespace maskmill::learn {

/// The samples of one subset at the network's size, decoded once and kept as far as memory was granted.
class SampleStore {
 public:
  /// Reads every item once, on all threads of the current Jobs, so that broken data are known before hours of
  /// training. An item that nobody annotated, or whose picture or mask cannot be read or do not fit each
  /// other, is left out with a finding; one whose mask holds values without a label stays, with a finding,
  /// those pixels ignored. The first samples are kept in at most `cache_bytes`, 4 bytes a pixel or 5 with 255
  /// classes and more; the others are decoded again each time. `classes` must outlive the store.
  /// Throws Error(bad_value) if more than one in ten (rounded up) cannot be read, or none is left.
  SampleStore(const std::string& subset, std::vector<Item> items, const ClassMap& classes, Size size,
              std::size_t cache_bytes, Findings& findings);

  /// Samples that can be read.
  std::size_t size() const { return items_.size(); }
  Size sample_size() const { return size_; }
  /// Of the item.
  const std::string& id(std::size_t index) const { return items_.at(index).id; }
  /// Items left out because they could not be read.
  std::size_t broken() const { return broken_; }
  std::size_t cached_bytes() const { return cached_bytes_; }
  /// Of the samples at the network's size.
  const ClassPixels& class_pixels() const { return class_pixels_; }

  /// Of the network's size, the caller's own copy; on any thread. Throws Error where a file has become
  /// unreadable since.
  Sample load(std::size_t index) const;

 private:
  struct Compact {
    cv::Mat image, mask;  ///< CV_8UC3; CV_8UC1 with 255 for ignored, or CV_16UC1
    std::size_t bytes() const;
  };
  struct Reading;

  Reading try_read(Item item) const;
  Compact compact(Sample sample) const;

  const ClassMap& classes_;
  Size size_;
  std::vector<Item> items_;
  std::vector<Compact> cache_;  ///< of the first items
  std::size_t broken_ = 0;
  std::size_t cached_bytes_ = 0;
  ClassPixels class_pixels_;
};

}  // namespace maskmill::learn
