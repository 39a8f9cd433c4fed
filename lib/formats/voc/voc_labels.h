// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "dataset/labels.h"

namespace maskmill {

/// What class masks of VOC say besides the classes, and object masks of 8 bits.
inline constexpr int kVocBackground = 0, kVocVoid = 255;
/// Void in an object mask of 16 bits, which is ours: VOC's own end at 254 objects.
inline constexpr int kVocVoid16 = 65535;

/// Pascal VOC's own: background, its 20 classes in their order, and void; with ids and colours.
std::vector<Label> voc_labels();

/// True where the names are some of VOC's 20 classes.
bool are_voc_names(const std::set<std::string>& names);

/// What the ids of a labelmap.txt are that does not state them.
enum class LabelmapIds {
  colours,  ///< the colours' places in VOC's colour map where every label has one there, else as `lines`
  lines     ///< the lines' order, from 0
};

/// labelmap.txt as CVAT has it: "label:r,g,b:parts:actions" a line; "#" begins a comment. Only the name must
/// be there. Ids are those of a comment "# ids: 0=background 1 2 255=ignore", which to_voc_labelmap writes:
/// an id ("-" for none) a label and, where it is not that of an object, the role. Without it they are
/// `unstated`, and names such as background, void and ignored say roles. Parts and actions become attribute
/// definitions of these names. Throws Error(bad_value) with the line.
std::vector<Label> parse_voc_labelmap(std::string_view text, const Path& file,
                                      LabelmapIds unstated = LabelmapIds::colours);

/// Every label with its effective colour. Throws Error(unsupported) for a name that a line cannot hold.
std::string to_voc_labelmap(const LabelMap& labels);

/// A name a line. Ids count from 0 where the first is a background's name (as labelme writes "_background_"),
/// else from 1;
/// "__ignore__" and its like have 255. Throws Error(bad_value) with the line for a name that is there twice.
std::vector<Label> parse_voc_names(std::string_view text, const Path& file);

/// Names in their order, ids from 1.
std::vector<Label> numbered_labels(const std::set<std::string>& names);

/// Labels named by the values that were found in masks: "1", "2", ...
std::vector<Label> labels_of_values(const std::set<int>& values);

/// Adds the background (0) and void (255) that every class mask has, where no label has these ids or roles.
/// They state VOC's colours, unless another label states these.
void add_mask_labels(std::vector<Label>& labels);

/// States a colour for each label that would have one of VOC's for want of its own while another label states
/// that: the first of VOC's colour map that no label has.
void separate_colours(std::vector<Label>& labels);

}  // namespace maskmill
