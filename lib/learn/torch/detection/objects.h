// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <vector>

#include "dataset/item.h"
#include "learn/sample.h"
#include "learn/settings.h"
#include "learn/torch/detection/detector.h"

namespace maskmill::learn {

/// Between samples and annotations, and the tensors that a detector takes and gives. A class number is an
/// index into the model card's labels.

/// The sample's objects, on CPU. Crowds, which torchvision's references leave out of training too, are apart;
/// they and what has no width, height or pixel are taken out of it.
ObjectTargets targets_of(Sample& sample, bool with_masks);
ObjectTargets on_device(const ObjectTargets& objects, torch::Device device);

/// Pictures that have the detector's size already: (N, height, width, 3) uint8 RGB, of which picture i fills
/// `sizes`[i] from the top left. What is outside becomes 0 after normalisation.
PictureBatch picture_batch(const torch::Tensor& images, const std::vector<Size>& sizes,
                           const InputSettings& input);

/// As annotations on a picture of this size, which is that of the masks; the crowds among them, marked.
std::vector<Annotation> annotations_of(const ObjectTargets& objects, Size picture);

/// Detections of at least this score on a picture that the detector saw in the size `seen`, by falling score:
/// with masks as RLE of the pixels whose chance is .5 or more and the box beside; else boxes.
std::vector<Annotation> annotations_of(const Detections& detections, Size seen, Size picture,
                                       double least_score);

/// For drawing.
std::vector<SampleObject> sample_objects(const std::vector<Annotation>& annotations);

}  // namespace maskmill::learn
