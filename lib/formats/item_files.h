// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/output.h"
#include "dataset/dataset.h"
#include "image/image.h"

namespace maskmill {

/// Reads the headers of an item's image, of its semantic mask, and of its annotations' mask files, those that
/// it has, and fills in the item's size, without an image that of the first mask. Nothing is decoded. As
/// `look` says, nothing is opened, or the masks' bytes stay with the item, those of its instance mask too.
/// False: the item must be left out, and a finding of severity error says why: "unreadable-image",
/// "unreadable-mask", "size-differs" or "exif-rotation" (the mask has the size of the image as it is stored).
/// What can be gone on from is a warning: "wrong-extension", "lossy-mask".
bool check_files(Item& item, Look look, std::vector<Finding>& findings);

/// The header of a mask's file. Throws Error as probe_image, naming the file.
ImageInfo probe_mask(const MaskRef& mask);
/// The same; with Look::masks the file's bytes are read and stay with the mask, where they do not lie there
/// yet.
ImageInfo probe_mask(MaskRef& mask, Look look);

/// Throws Error(bad_value) for an item after whose id no file can be named, or only one that would be hidden,
/// and for a subset after which no folder or file can be named. An empty subset is none.
void require_file_names(const Item& item);
void require_file_name(const std::string& subset);

/// Makes a folder in an output that may get no file. Throws Error(write_failed).
void make_folder(const OutputFolder& output, const std::string& name);

/// Label indices (CV_16UC1, as SemanticMask has them) as the values of a mask file: `values` holds one a
/// label, below 0 for a label that cannot be stored, and `unlabelled` stands for kUnlabelled. CV_8UC1, or
/// CV_16UC1 where a value of this mask exceeds 255. Throws Error(bad_value) for the first pixel that cannot
/// be stored, with its x and y.
cv::Mat to_stored_values(const cv::Mat& labels, const std::vector<int>& values,
                         std::optional<int> unlabelled);

}  // namespace maskmill
