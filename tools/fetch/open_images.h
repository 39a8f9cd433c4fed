// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/command_line.h"
#include "base/output.h"
#include "fetch/access.h"
#include "fetch/open_images/open_images.h"

namespace maskmill::tools {

/// The operand that stands for Open Images.
inline constexpr std::string_view kOpenImages = "openimages";

struct OpenImagesOptions {
  fetch::OpenImagesRequest request;
  std::string to = "openimages_classes";
  std::vector<std::string> write;
  static void visit(auto& self, auto&& setting) {
    fetch::OpenImagesRequest::visit(self.request, setting);
    setting("to", self.to, "of Open Images: the format to write (maskmill formats lists them)");
    setting("write", self.write, "key=value of that format's settings");
  }
};

/// Throws Error(usage) naming an option that is not at its default: of sources that are not Open Images.
void require_unused(OpenImagesOptions options);

/// Prints what of Open Images would be read.
int plan(const CommandLine& line, const OpenImagesOptions& options, const fetch::Access& access);

/// Makes OUT.part Open Images' own tables, images and masks of what is asked for, then `output` of it in the
/// format wanted; returns the exit code.
int fetch_open_images(const CommandLine& line, const OpenImagesOptions& options, const Path& output,
                      Overwrite overwrite, const fetch::Access& access);

}  // namespace maskmill::tools
