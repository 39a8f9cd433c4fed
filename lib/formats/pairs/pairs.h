// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "formats/format.h"
#include "formats/mask_files/mask_labels.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {

/// Image files and, by the same name, mask files that hold a label a pixel. Masks belong to the image as
/// displayed.
const Format& pairs();

struct PairsReadSettings {
  std::optional<std::string> images, masks;
  SuffixSettings suffixes;
  MaskLabelSettings labels;

  static void visit(auto& self, auto&& setting) {
    setting("images", self.images, "folder of images, relative to the data set",
            unset("found by its name, such as images or inputs"));
    setting("masks", self.masks,
            "folder of masks, relative to the data set; the same as images where suffixes tell them apart",
            unset("found by its name, such as masks or labels"));
    SuffixSettings::visit(self.suffixes, setting);
    MaskLabelSettings::visit(self.labels, setting);
  }
};

}  // namespace maskmill
