// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "formats/format.h"

namespace maskmill {

struct CocoReadSettings {
  std::optional<std::string> images;
  static void visit(auto& self, auto&& setting) {
    setting("images", self.images, "folder of the images",
            unset("looked for in images/, images/<subset>/, <subset>/ and beside the annotations"));
  }
};

std::unique_ptr<Source> open_coco(const OpenRequest& request);

}  // namespace maskmill
