// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/registry.h"

namespace maskmill::formats {

/// open() of what was predicted for the data set at `truth`. COCO results whose settings name no ground truth
/// take their images and categories from there, where it is COCO and ground_truth_in() finds the file.
Opened open_predictions(const Path& path, std::string_view format_name, std::vector<std::string> settings,
                        const Path& truth);

}  // namespace maskmill::formats
