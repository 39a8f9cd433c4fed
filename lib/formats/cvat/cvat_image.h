// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

/// XML attributes that an Item has no place for become attributes with this before their names, as "@source".
inline constexpr std::string_view kXmlAttributeMark = "@";
/// The XML attribute of ours that says where an image is that does not lie in the data set.
inline constexpr const char* kImagePath = "path";
/// The attribute of a cuboid, whose eight corners are points here.
inline constexpr std::string_view kCuboid = "@cuboid";

/// What one <image> says.
struct CvatImage {
  std::string name, subset, path;
  std::optional<std::int64_t> id;
  std::optional<Size> size;
  Attributes attributes;
  std::vector<Annotation> annotations;
};

/// The start tag alone of an <image>, and then its annotations, for which the image's size must be known
/// where there are masks. An annotation that cannot be read costs itself: "unreadable-annotation".
/// `text` is the element, `line` where it begins. Throws Error(bad_format) with the line for text that is no
/// such element.
class CvatImageReader {
 public:
  CvatImageReader(std::string_view text, std::size_t line, const Path& file);
  ~CvatImageReader();
  CvatImageReader(const CvatImageReader&) = delete;
  CvatImageReader& operator=(const CvatImageReader&) = delete;

  /// Without annotations.
  CvatImage image(std::vector<Finding>& findings);
  /// `zero_is_unknown`: that an annotation is not occluded says nothing.
  std::vector<Annotation> annotations(const LabelMap& labels, const std::optional<Size>& size,
                                      bool zero_is_unknown, std::vector<Finding>& findings);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What annotations of a label say in attributes that it does not define, by the label's index; in the order
/// in which they came.
using FoundAttributes = std::map<int, std::vector<std::string>>;

/// An annotation's element, and behind it a skeleton's where it has keypoints as well as a shape; indented as
/// CVAT does. An attribute that its definition would not give back has its type besides. `found` gets names
/// that are not there yet. Throws Error(bad_value) for an annotation that CVAT cannot hold.
std::string cvat_annotation_text(const Annotation& annotation, const LabelMap& labels,
                                 FoundAttributes& found);

/// What stands in <image id="..." behind its id, with the item's "@" attributes; `path`: where the image is,
/// if it does not lie in the output.
std::string cvat_image_tag(const Item& item, const std::string& path);

}  // namespace maskmill
