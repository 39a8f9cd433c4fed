// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "dataset/dataset.h"
#include "support/scratch.h"

namespace maskmill::tests {

/// A picture and what it shows.
struct DrawnShape {
  cv::Mat picture;  ///< CV_8UC3
  cv::Mat labels;   ///< CV_16UC1: 0 background, 1 disc, 2 box; 3 void
};

/// A reddish disc or a bluish box somewhere on a dark ground; the two rows at the top are void, and noise.
DrawnShape drawn_shape(Size size, std::uint64_t number);

/// Labels "background" (id 0), "disc" (1), "box" (2) and "void" (255, ignored).
LabelMap shape_labels();

/// Items 0..train-1 of subset train and then `val` of subset val, with pictures and index masks in the
/// scratch folder.
std::vector<Item> drawn_items(const Scratch& scratch, int train, int val, Size size);

std::unique_ptr<Source> source_of(std::vector<Item> items);

}  // namespace maskmill::tests
