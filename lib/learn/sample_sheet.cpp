// SPDX-License-Identifier: Apache-2.0
#include "learn/sample_sheet.h"

#include <opencv2/core.hpp>
#include <utility>

#include "render/overlay.h"
#include "render/sheet.h"

namespace maskmill::learn {

cv::Mat drawn_sample(const Sample& sample, const LabelMap& classes) {
  if (!sample.mask.empty()) return overlay_mask(sample.image, sample.mask, classes);
  Item item;
  item.size = Size{sample.image.cols, sample.image.rows};
  for (const SampleObject& object : sample.objects) {
    Annotation annotation;
    annotation.label = object.label;
    if (object.polygon.parts.empty())
      annotation.shape = object.box;
    else
      annotation.shape = object.polygon;
    annotation.box = object.box;
    annotation.flags.crowd = object.crowd;
    item.annotations.push_back(std::move(annotation));
  }
  OverlaySettings settings;
  settings.colour_by = ColourBy::instance;
  settings.boxes = true;
  return overlay(sample.image, item, classes, settings);
}

void write_sample_sheet(const Path& target, const std::string& title, const std::string& subtitle,
                        std::vector<CaptionedSample> samples, const LabelMap& classes) {
  constexpr std::size_t pictures = 2;  // of each sample: as it is, and drawn
  SheetSettings settings;
  const std::size_t in_a_row = static_cast<std::size_t>(settings.columns) / pictures;
  settings.rows = static_cast<int>((samples.size() + in_a_row - 1) / in_a_row);  // one page
  const auto sheet = make_sheet(target, Overwrite::yes, {title, subtitle}, classes, settings);
  for (CaptionedSample& each : samples) {
    SheetEntry entry;
    entry.caption = std::move(each.caption);
    entry.pictures = {each.sample.image, drawn_sample(each.sample, classes)};
    sheet->encode(std::move(entry))();
  }
  sheet->close();
}

cv::Mat beside_truth(const Sample& sample, Sample predicted, const LabelMap& classes) {
  predicted.image = sample.image;
  cv::Mat both;
  cv::hconcat(drawn_sample(sample, classes), drawn_sample(predicted, classes), both);
  return both;
}

}  // namespace maskmill::learn
