// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/format.h"

namespace maskmill {

struct PanopticReadSettings {
  std::optional<std::string> images, segmentations;
  static void visit(auto& self, auto&& setting) {
    setting("images", self.images, "folder of the images",
            unset("looked for in images/, images/<subset>/, <subset>/ and beside the annotations"));
    setting("segmentations", self.segmentations, "folder of the PNGs",
            unset("the one beside the JSON file that has its name, or the names COCO's has"));
  }
};

struct PanopticWriteSettings {
  std::vector<std::string> stuff;
  bool merge_stuff = false;
  static void visit(auto& self, auto&& setting) {
    setting(
        "stuff", self.stuff,
        "names of labels that are stuff, where the data set does not say which are; the others are things");
    setting("merge-stuff", self.merge_stuff,
            "all of a stuff label in an image becomes one segment, also annotations with ids of their own");
  }
};

std::unique_ptr<Source> open_coco_panoptic(const OpenRequest& request);
std::unique_ptr<Sink> create_coco_panoptic(const CreateRequest& request);

}  // namespace maskmill
