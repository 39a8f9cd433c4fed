// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "formats/format.h"

namespace maskmill {

struct ViaReadSettings {
  std::optional<std::string> images, label_attribute, label;
  static void visit(auto& self, auto&& setting) {
    setting("images", self.images, "folder of images, relative to the data set",
            unset("where the project says, else beside the JSON or in images/ there"));
    setting("label-attribute", self.label_attribute, "attribute of regions that is their label",
            unset("the only one, or one of a usual name such as label or class"));
    setting("label", self.label, "label of the regions that have none",
            unset("region where no region has an attribute, else none"));
  }
};

struct ViaWriteSettings {
  std::optional<std::string> label_attribute;
  static void visit(auto& self, auto&& setting) {
    setting("label-attribute", self.label_attribute, "attribute of regions that holds their label",
            unset("that of a project that was read, else label"));
  }
};

Probe probe_via(const Path& path);
std::unique_ptr<Source> open_via(const OpenRequest& request);
std::unique_ptr<Sink> create_via(const CreateRequest& request);

}  // namespace maskmill
