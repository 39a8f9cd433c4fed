// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

/// Attributes that have elements of their own in VOC, in the order in which they are read and written.
inline constexpr std::array<std::string_view, 5> kVocImageAttributes{"folder", "path", "source", "owner",
                                                                     "depth"};
inline constexpr std::array<std::string_view, 5> kVocObjectAttributes{"name", "pose", "actions", "point",
                                                                      "part"};
/// How large the file of one image may be. The parser takes some twenty times that.
inline constexpr std::size_t kMostXmlBytes = std::size_t{8} << 20;

/// What one annotation file of Pascal VOC says of its image. Boxes start at 0 and exclude their end, as in an
/// Item.
struct VocXml {
  std::string file_name;  ///< <filename>; empty where there is none
  std::optional<Size> size;
  std::optional<bool> segmented;
  /// kVocImageAttributes come first; then what VOC does not know, in the order of the file.
  Attributes attributes;
  std::vector<Annotation> annotations;  ///< their shapes are boxes
};

/// Parses one file's text. Elements that VOC does not know become attributes: a text, or JSON for one that
/// holds others, as `part`, `point` and `actions` do. An object whose box cannot be read costs itself, not
/// its neighbours. What is wrong goes into the findings with its line: "bad-object", "bad-flag", "bad-size",
/// "bad-attribute", "box-inverted", "box-empty", "unknown-label" (the name is kept as the attribute "name").
/// Throws Error(bad_format) with the line for text that is no XML or no <annotation>, Error(unsupported) for
/// more than 8 MiB of it. No entity is expanded but XML's own five and character references.
VocXml parse_voc_xml(std::string_view text, const Path& file, const LabelMap& labels,
                     std::vector<Finding>& findings);

/// Parsing the result gives an equal VocXml, but for the order of attributes (those that VOC knows come
/// first), the origins, and characters that XML cannot hold in file names: they become U+FFFD. Coordinates
/// are exact where adding 1 is, as for whole pixels; else to 1e-11 of a pixel.
std::string to_voc_xml(const VocXml& xml, const LabelMap& labels);

/// The names of the objects, in the order of the file and as often as they occur. Throws as parse_voc_xml.
std::vector<std::string> object_names(std::string_view text, const Path& file);

}  // namespace maskmill
