// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"

namespace maskmill {

/// In what two data sets can differ, in the order in which it is reported.
enum class Aspect {
  item,        ///< an id that only one of them has
  image,       ///< the image file's bytes
  size,        ///< the image's width or height
  subset,      ///< the item's subset
  annotated,   ///< annotated in one, not annotated in the other
  pixels,      ///< the label of a pixel, whatever says it: a mask, or annotations painted in their order
  annotation,  ///< an annotation without a counterpart
  geometry,    ///< the shape of an annotation and of its counterpart
  label,       ///< its label
  statement,   ///< its flags, score, group, order, stated box and area, keypoints
  attribute,   ///< free attributes of an item or of an annotation
  number,      ///< the source's ids of items and annotations
  label_map,   ///< a label that only one has, or its role, colour, id, supercategory, kind, definitions
  metadata,    ///< subsets, licences, description, free values
};
template <>
inline constexpr std::array<std::string_view, 14> enum_names<Aspect>{
    "item",     "image", "size",      "subset",    "annotated", "pixels",    "annotation",
    "geometry", "label", "statement", "attribute", "number",    "label-map", "metadata"};

struct DiffSettings {
  std::set<Aspect> ignored;
  double tolerance = 0;      ///< pixels that two coordinates may be apart
  std::size_t examples = 5;  ///< kept of each aspect
};

struct DiffReport {
  std::size_t items_a = 0, items_b = 0;  ///< that could be read
  std::size_t common = 0;                ///< ids that both have
  std::size_t equal = 0;                 ///< of these, items without any difference
  std::size_t left_out = 0;              ///< of both, items that could not be read
  std::int64_t pixels = 0;               ///< compared; void in both counts as equal
  std::int64_t pixels_different = 0;
  struct Differences {
    std::size_t count = 0;
    std::vector<std::string> examples;  ///< the first, each a sentence with its place
  };
  std::map<Aspect, Differences> differences;

  bool none() const { return differences.empty(); }
};

/// Items are matched by id, labels by name. Annotations are matched first where they say the same, then each
/// of the rest with the one it shares most pixels with (their boxes where the image's size is unknown), and
/// those of no area in their order. Where one data set has label masks and the other annotations, only their
/// pixels are compared. Void is whatever no label, or one of role ignore, is said of; background is one
/// whatever its name. Reads both on all threads; keeps an id's hash and some 60 bytes of each item of `b`.
/// Findings of reading go to `findings`.
DiffReport diff(Source& a, Source& b, const DiffSettings& settings, Findings& findings);

std::string to_text(const DiffReport& report);
/// {items_a, items_b, common, equal, left_out, pixels, pixels_different, differences: {aspect: {count,
/// examples}}}
Json to_json(const DiffReport& report);

}  // namespace maskmill
