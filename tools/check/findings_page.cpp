// SPDX-License-Identifier: Apache-2.0
#include "findings_page.h"

#include <algorithm>
#include <memory>
#include <opencv2/core.hpp>

#include "base/text.h"
#include "data_options.h"
#include "dataset/item_pairs.h"
#include "formats/archives.h"
#include "image/image.h"
#include "prepare/check/descriptions.h"
#include "prepare/check/findings_document.h"
#include "prepare/check/rule.h"
#include "render/close_up.h"
#include "render/label_colours.h"
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

/// Around the annotation that is stated at a place; nothing for the item as a whole.
std::optional<Box> region_at(const Place& place, const Item& item) {
  if (place == item.origin) return std::nullopt;
  for (const Annotation& annotation : item.annotations)
    if (annotation.origin == place) return annotation.box ? annotation.box : bounding_box(annotation.shape);
  return std::nullopt;
}

/// The item's picture with what is annotated; nothing where it cannot be drawn.
std::vector<cv::Mat> drawn(const Item& item, const LabelMap& labels, const std::optional<Box>& region) {
  try {
    if (item.image.empty() || !item.size) return {};
    if (region) return close_up(item, labels, *region, kPicturePx);
    return {overlay(read_reduced(item.image, kPicturePx), item, labels)};
  } catch (const Error& error) {
    if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
    return {};
  }
}

/// A place that is to be seen, and its pictures.
struct Wanted {
  const Place* place;
  std::optional<Box> region;
  bool is_predicted;  ///< it lies in the predictions
  std::vector<cv::Mat> pictures = {};
};

bool is_against_predictions(const std::string& id) {
  return std::ranges::any_of(rules(), [&](const Rule* rule) { return rule->against && rule->id == id; });
}

/// Of each example its own place and those related to it.
std::vector<Wanted> wanted_of(const FindingsReport& page) {
  std::vector<Wanted> wanted;
  for (const FindingsReport::Rule& rule : page.rules)
    for (const FindingsReport::Example& example : rule.examples) {
      const Finding& finding = example.finding;
      std::optional<Box> region;
      if (const auto& box = finding.region) region = Box{(*box)[0], (*box)[1], (*box)[2], (*box)[3]};
      const bool is_predicted = is_against_predictions(rule.id);
      wanted.push_back({&finding.place, region, false});
      for (const Place& place : finding.related)
        wanted.push_back({&place, is_predicted ? region : std::nullopt, is_predicted});
    }
  return wanted;
}

PlacesInItems places_of(const std::vector<Wanted>& wanted, bool predicted, const Path& root) {
  PlacesInItems places;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i].is_predicted == predicted) places.add(i, *wanted[i].place, root);
  return places;
}

using Drawn = std::vector<std::pair<std::size_t, std::vector<cv::Mat>>>;

/// Each place once.
void keep(Drawn&& drawn, std::vector<Wanted>& wanted) {
  for (auto& [number, pictures] : drawn)
    if (wanted[number].pictures.empty()) wanted[number].pictures = std::move(pictures);
}

/// Items in which a place lies are drawn with their annotations.
void draw_items(Source& source, const Path& root, std::vector<Wanted>& wanted) {
  const PlacesInItems places = places_of(wanted, false, root);
  map_items(
      source,
      [&](ReadItem&& read) {
        Drawn out;
        std::vector<Finding> said_by_the_check;
        const std::optional<Item> item = read(said_by_the_check);
        if (!item) return out;
        for (const std::size_t number : places.in(*item, root)) {
          const Wanted& one = wanted[number];
          const auto region = one.region ? one.region : region_at(*one.place, *item);
          out.emplace_back(number, drawn(*item, source.metadata().labels, region));
        }
        return out;
      },
      [&](Drawn&& out) { keep(std::move(out), wanted); });
}

/// Of the picture with what is predicted, the part in question where it is small: the whole stands beside.
void draw_predictions(Source& source, const PredictionsOfPage& predictions, std::vector<Wanted>& wanted) {
  const PlacesInItems places = places_of(wanted, true, predictions.root);
  const LabelMap& predicted = predictions.source.metadata().labels;
  const LabelMap labels = recoloured(predicted, united(source.metadata().labels, predicted));
  Findings said_by_the_check;
  for_each_pair(source, predictions.source, said_by_the_check, [&](ItemPair&& pair) {
    auto out = std::make_shared<Drawn>();
    if (pair.a && pair.b)
      for (const std::size_t number : places.in(*pair.b, predictions.root)) {
        Item item = *pair.b;
        item.image = pair.a->image;
        if (!item.size) item.size = pair.a->size;
        std::vector<cv::Mat> pictures = drawn(item, labels, wanted[number].region);
        if (pictures.size() > 1) pictures.erase(pictures.begin());
        out->emplace_back(number, std::move(pictures));
      }
    return [&wanted, out] { keep(std::move(*out), wanted); };
  });
}

void add_pictures(FindingsReport& page, Source& source, const Path& root,
                  const std::vector<PredictionsOfPage>& predictions) {
  std::vector<Wanted> wanted = wanted_of(page);
  draw_items(source, root, wanted);
  for (const PredictionsOfPage& of_model : predictions) draw_predictions(source, of_model, wanted);
  auto next = wanted.begin();
  for (FindingsReport::Rule& rule : page.rules)
    for (FindingsReport::Example& example : rule.examples)
      for (std::size_t i = 0; i <= example.finding.related.size(); ++i, ++next) {
        if (next->pictures.empty() && !next->is_predicted)
          if (cv::Mat file = picture_of(*next->place); !file.empty()) next->pictures.push_back(file);
        for (const cv::Mat& picture : next->pictures)
          example.pictures.push_back({picture, next->place->text()});
      }
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
                             const Format& format, int examples,
                             const std::vector<PredictionsOfPage>& predictions) {
  FindingsReport page;
  page.title = name;
  page.subtitle = counted(checked.items, "item") + " checked";
  page.errors = checked.findings.count(Severity::error);
  page.warnings = checked.findings.count(Severity::warning);
  page.notes = checked.findings.count(Severity::note);
  page.facts = {{"format", std::string(format.title)},
                {"items that could not be read", with_thousands(checked.left_out)}};
  checked.findings.for_each([&](const Finding& finding) {
    auto rule = std::find_if(page.rules.begin(), page.rules.end(),
                             [&](const FindingsReport::Rule& known) { return known.id == finding.rule; });
    if (rule == page.rules.end()) rule = page.rules.insert(rule, described(finding));
    rule->severity = std::max(rule->severity, finding.severity);
    if (rule->count++ < static_cast<std::size_t>(examples)) rule->examples.push_back({finding, {}});
  });
  add_pictures(page, source, root_of(name), predictions);
  return page;
}

}  // namespace maskmill::tools
