// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "learn/class_weights.h"
#include "learn/sample_reader.h"

namespace maskmill::learn {

/// The samples of one subset, decoded once and kept as far as memory was granted.
class SampleStore {
 public:
  /// Reads every item once, on all threads of the current Jobs, so that broken data are known before hours of
  /// training. An item that nobody annotated, or whose picture or annotations cannot be read or do not fit
  /// each other, is left out with a finding; one whose mask holds values without a label stays, with a
  /// finding, those pixels ignored. The first samples are kept in at most `cache_bytes`: of a mask's sample 4
  /// bytes a pixel, or 5 with 255 classes and more, of others 3 and their outlines; the others are decoded
  /// again each time. `reader` must outlive the store. Throws Error(bad_value) if more than one in ten
  /// (rounded up) cannot be read, or none is left.
  SampleStore(const std::string& subset, std::vector<Item> items, const SampleReader& reader,
              std::size_t cache_bytes, Findings& findings);

  /// Samples that can be read.
  std::size_t size() const { return items_.size(); }
  /// In which the sample comes to the network.
  Size network_size(std::size_t index) const;
  /// Within which augmentation brings samples to that size.
  std::optional<DetectorSize> network_bounds() const { return reader_.network_bounds(); }
  /// Of the item.
  const std::string& id(std::size_t index) const { return items_.at(index).id; }
  /// Items left out because they could not be read.
  std::size_t broken() const { return broken_; }
  std::size_t cached_bytes() const { return cached_bytes_; }
  /// Of the samples' masks, as they are read.
  const ClassPixels& class_pixels() const { return class_pixels_; }
  /// Of the samples, without crowds; and those whose mask is known.
  std::size_t objects() const { return objects_; }
  std::size_t objects_with_mask() const { return objects_with_mask_; }

  /// As the reader gives it, the caller's own copy; on any thread. Throws Error where a file has become
  /// unreadable since.
  Sample load(std::size_t index) const;

 private:
  struct Reading;

  Reading try_read(Item item) const;
  /// With a mask of 8 bits, 255 for ignored, where that holds the classes.
  Sample compact(Sample sample) const;

  const SampleReader& reader_;
  std::vector<Item> items_;
  std::vector<Size> sizes_;    ///< of their samples
  std::vector<Sample> cache_;  ///< of the first items, compact
  std::size_t broken_ = 0;
  std::size_t cached_bytes_ = 0;
  std::size_t objects_ = 0, objects_with_mask_ = 0;
  ClassPixels class_pixels_;
};

}  // namespace maskmill::learn
