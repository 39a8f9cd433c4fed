// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/path.h"
#include "dataset/labels.h"
#include "learn/sample.h"

namespace maskmill::learn {

struct CaptionedSample {
  std::string caption;
  Sample sample;  ///< its mask holds class numbers
};

/// The sample's picture with what is to be learned of it: its mask's classes mixed in or, where it has no
/// mask, its objects, each in a colour of its own, named, with its box.
cv::Mat drawn_sample(const Sample& sample, const LabelMap& classes);

/// One PNG of samples as a network meets them, drawn as drawn_sample() does; it replaces `target`. Throws
/// Error(write_failed).
void write_sample_sheet(const Path& target, const std::string& title, const std::string& subtitle,
                        std::vector<CaptionedSample> samples, const LabelMap& classes);

/// Two pictures side by side, CV_8UC3: the sample, and what is predicted of it, a sample without an image.
cv::Mat beside_truth(const Sample& sample, Sample predicted, const LabelMap& classes);

}  // namespace maskmill::learn
