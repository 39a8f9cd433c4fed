// SPDX-License-Identifier: Apache-2.0
#include "learn/sample_reader.h"

#include "learn/models.h"
#include "learn/read_objects.h"
#include "learn/read_sample.h"

namespace maskmill::learn {

Sample MaskSampleReader::read(const Item& item, std::vector<Finding>& findings) const {
  return read_sample(item, classes(), size_, findings);
}

Sample MaskSampleReader::read_again(const Item& item) const {
  return read_sample_again(item, classes(), size_);
}

Sample ObjectSampleReader::read(const Item& item, std::vector<Finding>& findings) const {
  return read_objects(item, classes(), bounds_, findings).sample;
}

Sample ObjectSampleReader::read_again(const Item& item) const {
  std::vector<Finding> known;
  return read(item, known);
}

std::unique_ptr<SampleReader> make_sample_reader(const TrainSettings& settings, const ClassMap& classes,
                                                 bool training) {
  const InputSettings& input = settings.input;
  if (!detector_of(settings.model))
    return std::make_unique<MaskSampleReader>(classes, Size{input.width, input.height});
  const DetectorSize network = bounds_of(input);
  const bool larger = training && input.presize && settings.augment.enabled;
  return std::make_unique<ObjectSampleReader>(
      classes, larger ? DetectorSize{*input.presize, *input.presize} : network, network);
}

}  // namespace maskmill::learn
