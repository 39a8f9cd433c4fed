// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "formats/format.h"
#include "formats/pairs/label_files.h"

namespace maskmill {

/// Image files and, by the same name, mask files that hold a label a pixel. Masks belong to the image as
/// displayed.
const Format& pairs();

struct PairsReadSettings {
  std::optional<std::string> images, masks;
  std::optional<std::string> image_suffix, mask_suffix;
  std::optional<std::string> labels;
  PixelCoding coding = PixelCoding::automatic;
  std::optional<std::string> background;
  std::vector<std::string> ignore;

  static void visit(auto& self, auto&& setting) {
    setting("images", self.images, "folder of images, relative to the data set",
            unset("found by its name, such as images or inputs"));
    setting("masks", self.masks,
            "folder of masks, relative to the data set; the same as images where suffixes tell them apart",
            unset("found by its name, such as masks or labels"));
    setting("image-suffix", self.image_suffix,
            "what an image's name has before its extension and its pair's name has not",
            unset("found from the names"));
    setting("mask-suffix", self.mask_suffix, "what a mask's name has before its extension, such as _mask",
            unset("found from the names"));
    setting("labels", self.labels, "file that names the labels, relative to the data set",
            unset("labels.json, labels.txt, classes.txt, codes.txt or label_colors.txt beside the folders; "
                  "without one the masks are read and labels are named by their values"));
    setting("coding", self.coding, "what a mask's pixels are: label numbers, 0 and one label, or colours");
    setting("background", self.background, "name or value of the label that means background",
            unset("as the label file says"));
    setting("ignore", self.ignore, "names or values of labels that mean void: neither right nor wrong");
  }
};

struct PairsWriteSettings {
  PixelCoding coding = PixelCoding::automatic;
  std::optional<int> void_value;

  static void visit(auto& self, auto&& setting) {
    setting("coding", self.coding,
            "auto and index: label numbers, with a palette of the labels' colours; binary: 0 and 255; "
            "colour: RGB");
    setting("void", self.void_value, "value in an index mask of pixels that have no label", between(0, 65535),
            unset("255, or the first value that no label has"));
  }
};

}  // namespace maskmill
