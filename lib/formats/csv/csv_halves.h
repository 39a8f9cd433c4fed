// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "formats/format.h"
#include "formats/mask_files/mask_labels.h"

namespace maskmill {

// The functions behind Format::open and Format::create of csv.cpp, which holds the description and the probe.
std::unique_ptr<Source> open_csv(const OpenRequest& request);
std::unique_ptr<Sink> create_csv(const CreateRequest& request);

struct CsvReadSettings {
  std::optional<std::string> image_column, mask_column, subset_column, root;
  MaskLabelSettings labels;

  static void visit(auto& self, auto&& setting) {
    setting("image-column", self.image_column, "column of the images' paths",
            unset("found by its name, such as img_rgb, image or image_path"));
    setting("mask-column", self.mask_column, "column of the masks' paths",
            unset("found by its name, such as img_mask, mask or mask_path"));
    setting("subset-column", self.subset_column, "column of the subsets' names",
            unset("subset or split, where there is one"));
    setting("root", self.root, "folder in which the paths begin, relative to the tables",
            unset("the tables' folder or one above it, wherever the first files are found"));
    MaskLabelSettings::visit(self.labels, setting);
  }
};

}  // namespace maskmill
