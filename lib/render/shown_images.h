// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <utility>
#include <vector>

#include "render/html.h"

namespace maskmill {

/// Images that a page shows because a model is wrong in them.
struct ShownImages {
  struct Image {
    std::string caption, detail;
    std::vector<std::pair<std::string, cv::Mat>> pictures;  ///< what each shows, and CV_8UC3 RGB
  };
  std::string introduction;
  std::vector<Image> images;  ///< worst first
};

/// The section "Worst images", pictures reduced to 640 pixels; nothing where there are none.
void write_worst_images(html::Page& page, const ShownImages& worst);

}  // namespace maskmill
