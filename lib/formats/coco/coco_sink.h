// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "formats/coco/coco_text.h"
#include "formats/format.h"

namespace maskmill {

struct CocoWriteSettings {
  RleText rle = RleText::compressed;
  static void visit(auto& self, auto&& setting) {
    setting("rle", self.rle, "how masks are written: COCO's string, or the list of run lengths");
  }
};

std::unique_ptr<Sink> create_coco(const CreateRequest& request);

}  // namespace maskmill
