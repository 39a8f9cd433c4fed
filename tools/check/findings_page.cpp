// SPDX-License-Identifier: Apache-2.0
#include "findings_page.h"

#include <algorithm>
#include <opencv2/core.hpp>

#include "base/text.h"
#include "data_options.h"
#include "formats/archives.h"
#include "image/image.h"
#include "prepare/check/descriptions.h"
#include "prepare/check/findings_document.h"
#include "render/overlay.h"
#include "render/sheet.h"

namespace maskmill::tools {
namespace {

constexpr int kPicturePx = 320;

/// A mask of few low values would be black: such values are drawn in VOC's colours.
cv::Mat visible(const Path& file) {
  constexpr int kLow = 64;
  cv::Mat samples = read_raw(file).pixels;
  double highest = 0;
  if (samples.channels() == 1) cv::minMaxLoc(samples, nullptr, &highest);
  if (samples.channels() != 1 || samples.depth() != CV_8U || highest >= kLow)
    return reduced(read_reduced(file, kPicturePx), kPicturePx);
  cv::Mat colours(samples.size(), CV_8UC3);
  for (int y = 0; y < samples.rows; ++y)
    for (int x = 0; x < samples.cols; ++x) {
      const Rgb colour = voc_colour(samples.at<std::uint8_t>(y, x));
      colours.at<cv::Vec3b>(y, x) = {colour.r, colour.g, colour.b};
    }
  return reduced(colours, kPicturePx);
}

/// Many places are no pictures, or broken ones: those are shown by their words alone.
cv::Mat picture_of(const Place& place) {
  if (!has_image_extension(place.file)) return {};
  const Path file = unpacked(place.file);
  try {
    return lower_extension(file) == "png" ? visible(file)
                                          : reduced(read_reduced(file, kPicturePx), kPicturePx);
  } catch (const Error&) {
    return {};
  }
}

/// The item's picture with what is annotated; nothing where it cannot be drawn.
cv::Mat drawn(const Item& item, const LabelMap& labels) {
  try {
    if (item.image.empty() || !item.size) return {};
    return overlay(read_reduced(item.image, kPicturePx), item, labels);
  } catch (const Error& error) {
    if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
    return {};
  }
}

using Examples = std::vector<FindingsReport::Example*>;

/// Items in which an example lies are drawn with their annotations; each example once.
void draw_items(Source& source, const Path& root, const Examples& examples) {
  PlacesInItems places;
  for (std::size_t i = 0; i < examples.size(); ++i) places.add(i, examples[i]->finding.place, root);
  struct Drawn {
    std::vector<std::size_t> examples;
    cv::Mat picture;
  };
  map_items(
      source,
      [&](ReadItem&& read) {
        Drawn out;
        std::vector<Finding> said_by_the_check;
        const std::optional<Item> item = read(said_by_the_check);
        if (item) out.examples = places.in(*item, root);
        if (!out.examples.empty()) out.picture = drawn(*item, source.metadata().labels);
        return out;
      },
      [&](Drawn&& out) {
        for (const std::size_t number : out.examples)
          if (examples[number]->picture.empty()) examples[number]->picture = out.picture;
      });
}

FindingsReport::Rule described(const Finding& finding) {
  FindingsReport::Rule out;
  out.id = finding.rule;
  out.severity = finding.severity;
  out.fix = finding.fix;
  const Description description = description_of(finding.rule);
  out.title = description.title;
  out.harm = description.harm;
  if (!description.fix.empty()) out.fix = description.fix;
  return out;
}

}  // namespace

FindingsReport findings_page(const CheckReport& checked, Source& source, const std::string& name,
                             const Format& format, int examples) {
  FindingsReport page;
  page.title = name;
  page.subtitle = counted(checked.items, "item") + " checked";
  page.facts = {{"format", std::string(format.title)},
                {"items that could not be read", with_thousands(checked.left_out)}};
  checked.findings.for_each([&](const Finding& finding) {
    auto rule = std::find_if(page.rules.begin(), page.rules.end(),
                             [&](const FindingsReport::Rule& known) { return known.id == finding.rule; });
    if (rule == page.rules.end()) rule = page.rules.insert(rule, described(finding));
    if (rule->count++ < static_cast<std::size_t>(examples)) rule->examples.push_back({finding, {}});
  });
  Examples all;
  for (FindingsReport::Rule& rule : page.rules)
    for (FindingsReport::Example& example : rule.examples) all.push_back(&example);
  draw_items(source, root_of(name), all);
  for (FindingsReport::Example* example : all)
    if (example->picture.empty()) example->picture = picture_of(example->finding.place);
  return page;
}

}  // namespace maskmill::tools
