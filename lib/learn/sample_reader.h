// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "learn/classes.h"
#include "learn/detector_size.h"
#include "learn/sample.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// How a training's samples come from items: one for networks that label pixels, one for detectors.
/// Thread-safe.
class SampleReader {
 public:
  virtual ~SampleReader() = default;
  SampleReader(const SampleReader&) = delete;
  SampleReader& operator=(const SampleReader&) = delete;

  /// Throws Error for a picture or annotations that cannot be read, or that do not fit each other.
  virtual Sample read(const Item& item, std::vector<Finding>& findings) const = 0;
  /// The same of an item that was read before, as fast as may be.
  virtual Sample read_again(const Item& item) const = 0;
  /// Within which samples come to the network; none: as they are read.
  virtual std::optional<DetectorSize> network_bounds() const { return std::nullopt; }

  const ClassMap& classes() const { return classes_; }

 protected:
  explicit SampleReader(const ClassMap& classes) : classes_(classes) {}

 private:
  const ClassMap& classes_;
};

/// read_sample.h's: pictures and masks of one size.
class MaskSampleReader final : public SampleReader {
 public:
  /// `classes` must outlive it.
  MaskSampleReader(const ClassMap& classes, Size size) : SampleReader(classes), size_(size) {}
  Sample read(const Item& item, std::vector<Finding>& findings) const override;
  Sample read_again(const Item& item) const override;

 private:
  Size size_;
};

/// read_objects.h's: pictures in the proportions they have, and the objects on them.
class ObjectSampleReader final : public SampleReader {
 public:
  /// `bounds`: of the samples; `network`: in which they come to the network. `classes` must outlive it.
  ObjectSampleReader(const ClassMap& classes, const DetectorSize& bounds, const DetectorSize& network)
      : SampleReader(classes), bounds_(bounds), network_(network) {}
  Sample read(const Item& item, std::vector<Finding>& findings) const override;
  Sample read_again(const Item& item) const override;
  std::optional<DetectorSize> network_bounds() const override { return network_; }

 private:
  DetectorSize bounds_, network_;
};

/// Of the settings' network. In training a detector's samples may be larger than the network takes them, so
/// that augmentation loses nothing. `classes` must outlive it.
std::unique_ptr<SampleReader> make_sample_reader(const TrainSettings& settings, const ClassMap& classes,
                                                 bool training);

}  // namespace maskmill::learn
