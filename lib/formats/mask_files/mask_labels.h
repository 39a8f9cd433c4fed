// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "dataset/labels.h"
#include "dataset/shapes.h"
#include "formats/mask_files/label_files.h"
#include "formats/mask_files/mask_scan.h"

namespace maskmill {

/// What a user may say of the labels of masks.
struct LabelSettings {
  std::optional<std::string> labels;
  std::optional<std::string> background;
  std::vector<std::string> ignore;

  static void visit_roles(auto& self, auto&& setting) {
    setting("background", self.background, "name or value of the label that means background",
            unset("as the label file says"));
    setting("ignore", self.ignore, "names or values of labels that mean void: neither right nor wrong");
  }
};

/// And of masks that hold several labels.
struct MaskLabelSettings : LabelSettings {
  PixelCoding coding = PixelCoding::automatic;

  static void visit(auto& self, auto&& setting) {
    setting("labels", self.labels, "file that names the labels, relative to the data set",
            unset("labels.json, labels.txt, classes.txt, codes.txt, label_colors.txt, class_dict.csv or "
                  "objectInfo150.txt beside the folders; "
                  "without one the masks are read and labels are named by their values"));
    setting("coding", self.coding, "what a mask's pixels are: label numbers, 0 and one label, or colours");
    visit_roles(self, setting);
  }
};

/// The label file that the settings state, relative to `source`, else the one found in `folders`; nothing
/// where there is none. Throws Error as read_label_file.
std::optional<LabelFile> find_label_file(const Path& source, const std::vector<Path>& folders,
                                         const LabelSettings& settings);

/// Gives their roles to the labels that the settings name. In index masks a value that no label has becomes
/// one: lists of names rarely mention the one that means void. Throws Error(usage) for a label that is not
/// there.
void give_roles(LabelFile& file, PixelCoding coding, const LabelSettings& settings);

/// The labels of a data set whose masks are files, and how these say them.
struct MaskLabels {
  LabelMap labels;
  std::shared_ptr<const MaskCoding> coding;
  std::vector<std::string> subsets;  ///< as the label file lists them
};

/// From the label file, where there is one, else from the masks' values, all of which are then decoded.
/// Throws Error as scan_masks, and for labels that do not fit the coding: colours that are missing or not
/// distinct, more than one label in a binary mask, two backgrounds.
MaskLabels find_labels(std::optional<LabelFile> file, const MaskLabelSettings& settings, std::size_t masks,
                       const std::function<Path(std::size_t)>& mask_at, const UnreadableMask& unreadable);

/// How masks of these labels are coded; `coding` is not automatic. `values` holds the value a label has in an
/// index mask. Throws Error(bad_value) as find_labels.
MaskCoding mask_coding(PixelCoding coding, const LabelMap& labels, const std::vector<int>& values);

}  // namespace maskmill
