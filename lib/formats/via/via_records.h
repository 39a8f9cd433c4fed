// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

// Keys of ours among those of VIA, which keeps what it does not know.

/// In a region's shape: the number, from 0, of one of several regions that are one annotation.
inline constexpr const char* kViaPart = "maskmill_part";
/// Beside an ellipse's theta, which is in radians: the same angle to the last digit.
inline constexpr const char* kViaDegrees = "maskmill_degrees";
/// Region attributes that are more than that where their values are numbers or, of the flags, an object of
/// booleans: VIA itself gives texts to what somebody types.
inline constexpr const char *kViaScore = "score", *kViaGroup = "group", *kViaZOrder = "z_order",
                            *kViaFlags = "flags";
/// Metadata attributes.
inline constexpr const char *kViaSettings = "_via_settings", *kViaAttributes = "_via_attributes",
                            *kViaLabelAttribute = "label_attribute";

/// How the attribute that is the label says which: its values, which are ids of options or texts.
struct ViaLabels {
  std::string attribute;                          ///< empty: none is
  std::map<std::string, int, std::less<>> index;  ///< of the label, by the attribute's value
  std::optional<int> fallback;                    ///< of regions that have none
};

/// What one image's object says.
struct ViaImage {
  std::string file_name;
  std::optional<std::int64_t> bytes;  ///< of its file; none where VIA did not know
  Attributes attributes;
  std::vector<Annotation> annotations;
};

/// Called for each attribute of a region: its name and, where it says any, the values: a text or a number,
/// or of an object the names that are true.
using VisitViaAttribute = std::function<void(std::string_view name, const std::vector<std::string>& values)>;

class ViaReader {
 public:
  ViaReader();
  ~ViaReader();

  /// The name alone; with visit(), regions' attributes. Throws Error for text that is no such object.
  /// `text` is padded as json_elements.h says.
  std::string file_name(std::string_view text, const VisitViaAttribute& visit);

  /// All of it. A region that cannot be read costs itself: "unreadable-annotation"; "several-labels".
  /// `place`: of the object. Throws Error as file_name().
  ViaImage image(std::string_view text, const ViaLabels& labels, const Place& place,
                 std::vector<Finding>& findings);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The regions of an image, `{...}, {...}`, and the names of their attributes in the order in which they
/// come. `values`: of the label attribute, by the label. An annotation that VIA cannot hold is left out:
/// "annotation-left-out". Throws Error(bug) for what the format does not hold.
std::string via_regions_text(const std::vector<Annotation>& annotations, const std::string& label_attribute,
                             const std::vector<std::string>& values, std::vector<std::string>& names,
                             std::vector<Finding>& findings);

/// `{"name": value, ...}`
std::string via_attributes_text(const Attributes& attributes);

}  // namespace maskmill
