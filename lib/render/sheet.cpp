// SPDX-License-Identifier: Apache-2.0
#include "render/sheet.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/text.h"
#include "render/sheet_pages.h"

namespace maskmill {

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

Size reduced(Size size, int longer_px) {
  const int longer = std::max(size.width, size.height);
  if (longer <= longer_px) return size;
  const auto scaled = [&](int side) {
    return std::max(1, static_cast<int>((std::int64_t{side} * longer_px + longer / 2) / longer));
  };
  return {scaled(size.width), scaled(size.height)};
}

cv::Mat reduced(const cv::Mat& rgb, int longer_px) {
  const Size size = reduced(Size{rgb.cols, rgb.rows}, longer_px);
  if (size == Size{rgb.cols, rgb.rows}) return rgb;
  cv::Mat small;
  cv::resize(rgb, small, {size.width, size.height}, 0, 0, cv::INTER_AREA);
  return small;
}

cv::Mat read_reduced(const Path& path, int longer_px) {
  const Size full = probe_image(path).size(), wanted = reduced(full, longer_px);
  if (wanted == full) return read_image(path);
  return reduced(read_image(path, {.at_least = wanted}), longer_px);
}

}  // namespace maskmill
