// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "dataset/masks.h"
#include "dataset/shape_faults.h"
#include "prepare/transform/annotations.h"

namespace maskmill {
namespace {

/// Nothing for what has no area.
std::optional<double> area_of(const Annotation& annotation, std::optional<Size> image) {
  if (const auto* mask = std::get_if<MaskRef>(&annotation.shape))
    return static_cast<double>(area(read_mask_shape(*mask, image)));
  if (const auto* rle = std::get_if<Rle>(&annotation.shape)) return static_cast<double>(area(*rle));
  if (const auto* box = std::get_if<Box>(&annotation.shape))
    return image ? clipped(*box, Window{0, 0, *image}.box()).area() : box->area();
  if (!has_area(annotation.shape)) return std::nullopt;
  if (image) return static_cast<double>(area(rasterise(annotation.shape, *image)));
  const auto* polygon = std::get_if<Polygon>(&annotation.shape);
  return polygon ? std::optional(area(*polygon)) : std::nullopt;
}

class Filter {
 public:
  Filter(const FilterSettings& settings, Item& item, std::vector<Finding>& findings)
      : settings_(settings), item_(item), findings_(findings) {}

  void run() {
    std::vector<Annotation> given = std::move(item_.annotations);
    item_.annotations.clear();
    for (Annotation& annotation : given) try {
        judge(annotation);
      } catch (const Error& error) {
        if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
        Finding finding = to_finding(error, "annotation-dropped", Severity::warning);
        if (finding.place.empty()) finding.place = place_of(annotation);
        findings_.push_back(std::move(finding));
      }
  }

 private:
  void judge(Annotation& annotation) {
    std::vector<Annotation> valid;
    if (settings_.drop_invalid)
      valid = valid_parts(annotation);
    else
      valid.push_back(std::move(annotation));
    for (Annotation& part : valid)
      if (!is_small(part)) item_.annotations.push_back(std::move(part));
  }

  const Place& place_of(const Annotation& annotation) const {
    return annotation.origin.empty() ? item_.origin : annotation.origin;
  }
  void note(const char* rule, const Annotation& annotation, std::string message) {
    findings_.push_back({rule, Severity::note, place_of(annotation), std::move(message), ""});
  }

  std::vector<Annotation> valid_parts(Annotation& annotation) {
    if (const std::string_view fault = fault_of(annotation.shape); !fault.empty()) {
      note("annotation-dropped", annotation, std::string(fault));
      return {};
    }
    if (auto* polygon = std::get_if<Polygon>(&annotation.shape)) *polygon = without_empty_rings(*polygon);
    const auto around = bounding_box(annotation.shape);
    if (!item_.size || !around) return {annotation};
    const Window image{0, 0, *item_.size};
    std::vector<Annotation> inside = cut(annotation, image);
    if (inside.empty())
      note("annotation-dropped", annotation, "it lies outside the image");
    else if (clipped(*around, image.box()) != *around)
      note("annotation-cut", annotation, "it reaches outside the image, and is cut off there");
    return inside;
  }

  bool is_small(const Annotation& annotation) {
    double least = static_cast<double>(settings_.min_area);
    if (item_.size)
      least = std::max(least, settings_.min_area_share * static_cast<double>(item_.size->area()));
    if (least <= 0) return false;
    const auto area = area_of(annotation, item_.size);
    if (!area || *area >= least) return false;
    note("annotation-dropped", annotation, fmt::format("its area of {:.6g} is below {:.6g}", *area, least));
    return true;
  }

  const FilterSettings& settings_;
  Item& item_;
  std::vector<Finding>& findings_;
};

/// What cannot be read is kept: whoever reads it next says what is wrong.
bool shows_something(const Item& item, const LabelMap& labels) try {
  const auto is_object = [&](int label) { return labels[label].role == Role::object; };
  if (!item.annotated) return false;
  if (std::ranges::any_of(item.annotations, [&](const Annotation& annotation) {
        return !annotation.label || is_object(*annotation.label);
      }))
    return true;
  if (!item.semantic) return false;
  const cv::Mat mask = read_semantic(*item.semantic, item.size).labels;
  std::vector<bool> shows(static_cast<std::size_t>(kUnlabelled) + 1, false);
  for (int label = 0; label < labels.size(); ++label)
    shows[static_cast<std::size_t>(label)] = is_object(label);
  for (int y = 0; y < mask.rows; ++y) {
    const auto* row = mask.ptr<std::uint16_t>(y);
    if (std::any_of(row, row + mask.cols, [&](std::uint16_t label) { return shows[label]; })) return true;
  }
  return false;
} catch (const Error& error) {
  if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
  return true;
}

}  // namespace

std::unique_ptr<Source> without_unwanted(std::shared_ptr<Source> source, const FilterSettings& settings) {
  Metadata metadata = source->metadata();
  const LabelMap labels = metadata.labels;
  auto judged = changed(std::move(source), std::move(metadata),
                        [settings](Item item, std::vector<Finding>& findings) -> std::optional<Item> {
                          Filter(settings, item, findings).run();
                          return item;
                        });
  if (!settings.drop_empty) return judged;
  return filtered(std::move(judged), [labels](const Item& item) { return shows_something(item, labels); });
}

}  // namespace maskmill
