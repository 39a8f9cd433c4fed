// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "formats/via/via.h"
#include "support/data_sets.h"

namespace maskmill::tests {

/// An image's entry in VIA's JSON, `"name": {...}`: a.png, as png_picture() makes it.
std::string via_image(const std::string& regions, const std::string& name = "a.png",
                      const std::string& file_attributes = "{}");
/// A region with this inside its shape_attributes and region_attributes.
std::string via_region(const std::string& shape, const std::string& attributes = "\"label\": \"x\"");
/// A project with these images and definitions of region attributes.
std::string via_project(const std::string& images, const std::string& region_attributes = "",
                        const std::string& settings = "");

/// The annotations of a.png with these regions, in which nothing was found.
std::vector<Annotation> via_annotations(const std::string& regions);

/// What the sink found.
std::vector<Finding> write_via(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                               Media media = Media::none, std::vector<std::string> settings = {});

}  // namespace maskmill::tests
