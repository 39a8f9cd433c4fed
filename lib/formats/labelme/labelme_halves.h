// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "formats/format.h"

namespace maskmill {

struct LabelmeWriteSettings {
  bool embed = false;
  static void visit(auto& self, auto&& setting) {
    setting(
        "embed", self.embed,
        "write each image's bytes into its JSON too (imageData), which LabelMe then shows without the file");
  }
};

Probe probe_labelme(const Path& path);
std::unique_ptr<Source> open_labelme(const OpenRequest& request);
std::unique_ptr<Sink> create_labelme(const CreateRequest& request);

}  // namespace maskmill
