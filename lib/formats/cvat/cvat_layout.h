// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/format.h"

namespace maskmill {

/// A data set of CVAT: its files, and where images may lie.
struct CvatLayout {
  std::vector<Path> files;          ///< sorted; at least one
  std::vector<Path> image_folders;  ///< that are there, the likeliest first; at least one
};

/// Of a file or a folder. Never throws.
Probe probe_cvat(const Path& path);

/// `path` is an XML file, or a folder that holds annotations.xml, or else the XML files in it that are
/// CVAT's. `images`: the folder of the images, if not images/ or the files' own. Throws Error(not_found |
/// bad_format).
CvatLayout find_cvat_files(const Path& path, const std::optional<std::string>& images);

struct CvatReadSettings {
  std::optional<std::string> images;
  static void visit(auto& self, auto&& setting) {
    setting("images", self.images, "folder of the images, relative to the data set",
            unset("images/, or beside the XML file"));
  }
};

std::unique_ptr<Source> open_cvat(const OpenRequest& request);
std::unique_ptr<Sink> create_cvat(const CreateRequest& request);

}  // namespace maskmill
