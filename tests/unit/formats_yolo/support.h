// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "formats/format.h"
#include "support/data_sets.h"

namespace maskmill::tests {

ReadDataSet read_yolo(const Path& path, const std::vector<std::string>& settings = {});

/// What the sink found.
std::vector<Finding> write_yolo(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                                const std::vector<std::string>& settings = {}, Media media = Media::link);

/// A data set in the scratch folder: data.yaml of two classes and one image of 100x50 pixels,
/// images/train/a.png, with these rows.
void put_rows(const Scratch& scratch, const std::string& rows, const std::string& more_yaml = {});

Metadata metadata_of(const std::vector<std::string>& labels, std::vector<std::string> subsets = {});
/// An item with a picture of that size in the scratch folder.
Item item_of(const Scratch& scratch, const std::string& id, Size size, std::vector<Annotation> annotations,
             const std::string& subset = {});
Annotation annotation_of(int label, Shape shape);

inline Ring square(double x, double y, double side) {
  return {{x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}};
}

int count_of(const std::vector<Finding>& findings, const std::string& rule);
const Finding& finding_of(const std::vector<Finding>& findings, const std::string& rule);

}  // namespace maskmill::tests
