// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "base/path.h"
#include "dataset/labels.h"
#include "dataset/shapes.h"

namespace maskmill {

/// Which labels a reader of Cityscapes' or KITTI's masks gives.
enum class SceneLabelSet {
  automatic,  ///< all, but train where there are masks of training ids alone
  all,        ///< every label under its own id; those of the category void mean void
  train       ///< the 19 that are evaluated, under their training ids; all others are void, 255
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<SceneLabelSet>{"auto", "all", "train"};

/// What no polygon covers, in every mask but those of training ids; and in those.
inline constexpr int kSceneVoid = 0, kTrainVoid = 255;
/// Of a label that is never painted: license plate.
inline constexpr int kNoSceneValue = -1;
/// The most that a pixel of a 16-bit mask says.
inline constexpr int kMostSceneNumber = 65535;
/// The name of Cityscapes' label kSceneVoid.
inline constexpr std::string_view kUnlabeled = "unlabeled";

/// How a 16-bit instance mask numbers the objects of a label: value * factor + n.
struct SceneNumbers {
  int factor, first, last;
  bool keeps_value;  ///< what no object number is said of has the label's value itself, not value * factor
  int stands_for(int value) const { return keeps_value ? value : value * factor; }
};
inline constexpr SceneNumbers kCityscapesNumbers{1000, 0, 999, true};
inline constexpr SceneNumbers kKittiNumbers{256, 1, 255, false};

/// A label that Cityscapes defines: github.com/mcordts/cityscapesScripts, helpers/labels.py, which KITTI
/// takes its labels from as well.
struct SceneLabel {
  std::string_view name;
  int id;
  int train_id;  ///< kTrainVoid where it is not evaluated
  std::string_view category;
  bool has_instances;
  Rgb colour;
};
/// All 35 in the order of their definition. Several have a colour in common.
const std::vector<SceneLabel>& scene_labels();
/// By name; blanks do not count, which datumaro leaves out. Null: not one of Cityscapes'.
const SceneLabel* find_scene_label(std::string_view name);

/// The labels of a data set and the numbers that its masks have for them.
struct SceneLabels {
  LabelMap map;
  std::vector<std::pair<int, int>> values;        ///< number in a mask of labels -> index in `map`
  std::vector<std::pair<int, int>> train_values;  ///< of a mask of training ids
};

/// Those of labels.json in `folder`, which the sink writes, else of the label_colors.txt that datumaro
/// writes, else Cityscapes' own. Throws Error as these are read.
SceneLabels read_scene_labels(const Path& folder, SceneLabelSet set);

/// Codings of masks: of labels, of training ids, of colours (of several labels of one colour the first is
/// taken), of instance numbers as labels, and as instances.
struct SceneCodings {
  std::shared_ptr<const MaskCoding> labels, train_labels, colours, labels_by_number, numbers;
};
SceneCodings scene_codings(const SceneLabels& labels, const SceneNumbers& numbers);

/// True for a label of which objects are told apart; what of it has no object's number is a crowd.
bool tells_objects_apart(const Label& label);

/// labels.json as the sinks write it: `values` holds the number of each label in a mask or kNoSceneValue.
std::string scene_label_document(const std::vector<Label>& labels, const std::vector<int>& values);

}  // namespace maskmill
