// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "formats/mask_files/mask_labels.h"

namespace maskmill {

/// A folder of images and a folder of binary masks for each label, by the label's folder name.
struct LabelFolders {
  std::string subset;  ///< empty: none
  Path images;
  std::map<std::string, Path> masks;
};

/// The folders beside `images` that hold pictures, hidden ones left out; where there is only one, which holds
/// nothing but such folders, those. With `only`, no others are taken. Throws Error as list_folders.
LabelFolders label_folders_beside(const Path& images, std::string subset = {},
                                  std::span<const std::string> only = {});

/// Whether an image has a mask that may be binary, a gray picture of 8 bits or less, in each of the folders;
/// for probes: looks at a few names, and at one header a folder.
bool has_label_masks(const LabelFolders& folders);

/// What a user may say of labels that have a mask each.
struct LabelMaskSettings : LabelSettings {
  static void visit(auto& self, auto&& setting) {
    setting("labels", self.labels, "file that names the labels, relative to the data set",
            unset("labels.json, labels.txt, classes.txt, codes.txt, label_colors.txt, class_dict.csv or "
                  "objectInfo150.txt beside the folders, "
                  "else the folders' names"));
    visit_roles(self, setting);
  }
};

/// An item has an annotation for each label that has a mask of the image's name: is_label_mask(). An image
/// with no mask at all is not annotated, a finding "unlabelled-item" where its subset has masks; where only
/// some labels have one, the others are taken as not there, a finding "label-mask-missing" unless they mean
/// void. Labels are those of the label file, else the folders. Memory: about 100 bytes an item, and 2 more
/// for each label. Throws Error(bad_format) where no image has a mask, Error as find_label_file. `findings`
/// are those of the layout.
std::unique_ptr<Source> make_label_mask_source(const Path& source, std::vector<LabelFolders> folders,
                                               const std::vector<Path>& label_file_folders,
                                               const LabelMaskSettings& settings,
                                               Findings findings = Findings());

}  // namespace maskmill
