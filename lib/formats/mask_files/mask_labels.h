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

/// What a user may say of masks.
struct MaskLabelSettings {
  std::optional<std::string> labels;
  PixelCoding coding = PixelCoding::automatic;
  std::optional<std::string> background;
  std::vector<std::string> ignore;

  static void visit(auto& self, auto&& setting) {
    setting("labels", self.labels, "file that names the labels, relative to the data set",
            unset("labels.json, labels.txt, classes.txt, codes.txt or label_colors.txt beside the folders; "
                  "without one the masks are read and labels are named by their values"));
    setting("coding", self.coding, "what a mask's pixels are: label numbers, 0 and one label, or colours");
    setting("background", self.background, "name or value of the label that means background",
            unset("as the label file says"));
    setting("ignore", self.ignore, "names or values of labels that mean void: neither right nor wrong");
  }
};

/// The labels of a data set whose masks are files, and how these say them.
struct MaskLabels {
  LabelMap labels;
  std::shared_ptr<const MaskCoding> coding;
  std::vector<std::string> subsets;         ///< as the label file lists them
  std::map<std::size_t, Error> unreadable;  ///< masks that were found broken on the way, by number
};

/// From the label file that the settings state, else from the one found in `folders`, else from the masks'
/// values, all of which are then decoded. Throws Error as read_label_file and scan_masks, and for labels that
/// do not fit the coding: colours that are missing or not distinct, more than one label in a binary mask, two
/// backgrounds.
MaskLabels find_labels(const Path& source, const std::vector<Path>& folders,
                       const MaskLabelSettings& settings, std::size_t masks,
                       const std::function<Path(std::size_t)>& mask_at);

/// How masks of these labels are coded; `coding` is not automatic. `values` holds the value a label has in an
/// index mask. Throws Error(bad_value) as find_labels.
MaskCoding mask_coding(PixelCoding coding, const LabelMap& labels, const std::vector<int>& values);

}  // namespace maskmill
