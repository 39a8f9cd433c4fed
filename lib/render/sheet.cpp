// SPDX-License-Identifier: Apache-2.0
#include "render/sheet.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/text.h"
#include "render/sheet_pages.h"

namespace maskmill {
namespace {

/// A side that is not 0 however long and thin the picture is.
int scaled_side(int side, int longer_px, int longer) {
  return std::max(1, static_cast<int>((std::int64_t{side} * longer_px + longer / 2) / longer));
}

}  // namespace

std::unique_ptr<Sheet> make_sheet(const Path& target, Overwrite overwrite, SheetHeading heading,
                                  LabelMap labels, const SheetSettings& settings) {
  const std::string extension = lower_extension(target);
  if (extension == "png")
    return make_png_sheet(target, overwrite, std::move(heading), std::move(labels), settings);
  if (extension == "html" || extension == "htm")
    return make_html_sheet(target, overwrite, std::move(heading), std::move(labels), settings);
  throw Error(Code::usage, "a sheet is a .html or a .png file; found the extension " + in_quotes(extension))
      .at_file(target);
}

cv::Mat reduced(const cv::Mat& rgb, int longer_px) {
  const int longer = std::max(rgb.cols, rgb.rows);
  if (longer <= longer_px) return rgb;
  cv::Mat small;
  cv::resize(rgb, small, {scaled_side(rgb.cols, longer_px, longer), scaled_side(rgb.rows, longer_px, longer)},
             0, 0, cv::INTER_AREA);
  return small;
}

cv::Mat read_reduced(const Path& path, int longer_px) {
  const Size full = probe_image(path).size();
  const int longer = std::max(full.width, full.height);
  if (longer <= longer_px) return read_image(path);
  const Size wanted{scaled_side(full.width, longer_px, longer), scaled_side(full.height, longer_px, longer)};
  return reduced(read_image(path, {.at_least = wanted}), longer_px);
}

}  // namespace maskmill
