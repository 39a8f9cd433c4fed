// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "dataset/dataset.h"
#include "formats/yolo/yaml_document.h"
#include "formats/yolo/yolo_rows.h"

namespace maskmill {

/// The classes of a data set: labels, and which class number is which.
struct YoloClasses {
  std::vector<Label> labels;
  std::map<std::int64_t, int> by_number;
};

/// What data.yaml says.
struct DataYaml {
  std::string path;  ///< that the others are relative to; empty: where the file lies
  /// A subset's folders of images, or lists of them, in the order of the file.
  std::vector<std::pair<std::string, std::vector<std::string>>> subsets;
  std::optional<YoloClasses> classes;
  std::optional<KeypointShape> keypoints;
  Attributes attributes;  ///< its other keys
};

/// The names of classes in the order of their numbers from 0; one without a name is called by its number, and
/// the second of a name has its number behind it, both with a finding.
YoloClasses classes_of_names(const std::vector<std::string>& names, const Path& file, Findings& findings);

/// Subsets are train, val (also as "validation" and "valid"), test and minival, which Ultralytics knows, and
/// any key whose value is the folder of that name in images/, as in `more: images/more`; the empty key has
/// images of no subset. Throws Error(bad_value) with the line.
DataYaml parse_data_yaml(const YamlNode& document, const Path& file, Findings& findings);

/// Whether this is the description of a data set at all: it names classes, or a subset and their number.
bool is_data_yaml(const YamlNode& document);

/// data.yaml's text. `folders`: subset and folder. Throws Error(bad_value) for a name that is not UTF-8.
std::string data_yaml_text(const Metadata& metadata, const std::vector<int>& written_labels,
                           const std::vector<std::pair<std::string, std::string>>& folders, int keypoints);
/// Keys that cannot be a subset's.
bool is_reserved_key(const std::string& key);

}  // namespace maskmill
