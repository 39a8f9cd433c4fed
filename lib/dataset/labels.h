// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "image/image.h"

namespace maskmill {

/// What a label stands for. Stated by the format, a label file or the user, never guessed from a value of 0
/// or 255.
enum class Role {
  object,      ///< something annotated: a thing or stuff
  background,  ///< what nothing covers; at most one label of a map
  ignore       ///< void: neither right nor wrong; out of losses and scores
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<Role>{"object", "background", "ignore"};

/// COCO's and panoptic's distinction; unknown where the format does not make it.
enum class LabelKind { unknown, thing, stuff };
template <>
inline constexpr std::array<std::string_view, 3> enum_names<LabelKind>{"unknown", "thing", "stuff"};

struct AttributeDefinition {
  std::string name;
  std::string type;                 ///< CVAT's: checkbox, radio, number, select, text; empty if unknown
  std::vector<std::string> values;  ///< legal values; empty: any
  std::string default_value;
  bool is_mutable = false;
  friend bool operator==(const AttributeDefinition&, const AttributeDefinition&) = default;
};

/// Keypoint names and the edges between them, counted from 0.
struct Skeleton {
  std::vector<std::string> keypoints;
  std::vector<std::pair<int, int>> edges;
  friend bool operator==(const Skeleton&, const Skeleton&) = default;
};

struct Label {
  std::string name;
  /// The number the source gives it: COCO's category id, the value in an index mask. Unique in a map where
  /// present.
  std::optional<std::int64_t> id;
  std::optional<Rgb> colour;
  std::string supercategory;  ///< or the parent's name; empty if none
  Role role = Role::object;
  LabelKind kind = LabelKind::unknown;
  std::vector<AttributeDefinition> attributes;
  std::optional<Skeleton> skeleton;
  friend bool operator==(const Label&, const Label&) = default;
};

/// The labels of a data set; everything else refers to one by its index here. Looking one up takes constant
/// time.
class LabelMap {
 public:
  /// So that an index fits a 16-bit mask beside dataset/masks.h's kUnlabelled.
  static constexpr int kMostLabels = 65535;

  LabelMap() = default;
  /// Throws Error(bad_value) for two labels of one name or id, an empty name, two backgrounds, or more than
  /// kMostLabels.
  explicit LabelMap(std::vector<Label> labels);

  /// The new label's index. Throws as the constructor.
  int add(Label label);

  int size() const { return static_cast<int>(labels_.size()); }
  bool empty() const { return labels_.empty(); }
  const Label& operator[](int index) const { return labels_[static_cast<std::size_t>(index)]; }
  auto begin() const { return labels_.begin(); }
  auto end() const { return labels_.end(); }

  std::optional<int> find(std::string_view name) const;
  std::optional<int> find_id(std::int64_t id) const;
  std::optional<int> background() const { return background_; }
  bool is_ignored(int index) const { return (*this)[index].role == Role::ignore; }

  /// The label's own colour, else VOC's colour map by its id or, without one, its index.
  Rgb colour(int index) const;
  /// One number a label for an index mask: the ids where every label has one in 0..65535, else the indices.
  std::vector<int> mask_values() const;

  friend bool operator==(const LabelMap& a, const LabelMap& b) { return a.labels_ == b.labels_; }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::vector<Label> labels_;
  std::unordered_map<std::string, int, TextHash, std::equal_to<>> by_name_;
  std::unordered_map<std::int64_t, int> by_id_;
  std::optional<int> background_;
};

/// The labels with one of role background, for what no annotation covers. Where there is none it is added at
/// the end, black, as "background" or, where that name is taken, "uncovered". It gets the least id that is
/// free where every label has one; where none has, it gets 0 and the others 1, 2, ... in order.
LabelMap with_background(const LabelMap& labels);

}  // namespace maskmill
