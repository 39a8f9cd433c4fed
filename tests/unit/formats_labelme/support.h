// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "formats/labelme/labelme.h"
#include "support/data_sets.h"

namespace maskmill::tests {

/// LabelMe's file of an image a.png of 6x4 pixels, with these shapes.
std::string labelme_text(const std::string& shapes, const std::string& more = {});

/// The annotations of one such file, in which nothing was found.
std::vector<Annotation> labelme_annotations(const std::string& shapes);

/// What the sink found.
std::vector<Finding> write_labelme(const Path& target, const Metadata& metadata,
                                   const std::vector<Item>& items, Media media = Media::none,
                                   std::vector<std::string> settings = {});

}  // namespace maskmill::tests
