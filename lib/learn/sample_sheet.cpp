// SPDX-License-Identifier: Apache-2.0
#include "learn/sample_sheet.h"

#include <opencv2/core.hpp>

#include "render/overlay.h"
#include "render/sheet.h"

namespace maskmill::learn {

void write_sample_sheet(const Path& target, const std::string& title, const std::string& subtitle,
                        std::vector<CaptionedSample> samples, const LabelMap& classes) {
  SheetSettings settings;
  const auto columns = static_cast<std::size_t>(settings.columns);
  settings.rows = static_cast<int>((samples.size() + columns - 1) / columns);  // one page
  const auto sheet = make_sheet(target, Overwrite::yes, {title, subtitle}, classes, settings);
  for (CaptionedSample& each : samples) {
    SheetEntry entry;
    entry.caption = std::move(each.caption);
    entry.pictures = {each.sample.image, overlay_mask(each.sample.image, each.sample.mask, classes)};
    sheet->encode(std::move(entry))();
  }
  sheet->close();
}

cv::Mat beside_truth(const Sample& sample, const cv::Mat& predicted, const LabelMap& classes) {
  cv::Mat both;
  cv::hconcat(overlay_mask(sample.image, sample.mask, classes),
              overlay_mask(sample.image, predicted, classes), both);
  return both;
}

}  // namespace maskmill::learn
