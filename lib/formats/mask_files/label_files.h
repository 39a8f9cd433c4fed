// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/path.h"
#include "dataset/labels.h"

namespace maskmill {

/// How the pixels of mask files stand for labels.
enum class PixelCoding {
  automatic,  ///< found out from the masks
  index,      ///< a gray or palette sample is the label's value
  binary,     ///< one label: every sample above 0 is the label, 0 is not
  colour      ///< an RGB sample is the label's colour
};
template <>
inline constexpr std::array<std::string_view, 4> enum_names<PixelCoding>{"auto", "index", "binary", "colour"};

/// What a file beside the masks says of them.
struct LabelFile {
  PixelCoding coding = PixelCoding::automatic;
  std::vector<std::string> subsets;  ///< in the data set's order; empty where the file does not say
  std::vector<Label> labels;
  std::vector<int> values;  ///< one a label, 0..65535, unique: its number in an index mask
};

/// labels.json, this program's own document:
///
///     {"coding": "index", "subsets": ["train", "val"],
///      "labels": [{"name": "road", "id": 7, "color": [128, 64, 128], "value": 7}, ...]}
///
/// Only "labels" must be there, with what dataset/label_json.h says of a label. "coding": index, binary or
/// colour. "value" is the number in a mask: the id where it is left out, or without an id the position in the
/// list, from 0. Throws Error(bad_format | bad_value) with place and field; unknown keys are errors.
LabelFile parse_label_document(std::string_view text, const Path& file);

/// labels.txt, classes.txt, codes.txt: a name a line. Value and id are the line's number from 0, or, where
/// every line is "17: name" as in COCO-Stuff's, that number; an empty line names no label. Throws
/// Error(bad_value) with the line.
LabelFile parse_label_names(std::string_view text, const Path& file);

/// label_colors.txt: "r g b name" or "name r g b" a line, separated by blanks or commas; "#" begins a
/// comment, and the first line may be a head, "name,r,g,b", as in Kaggle's class_dict.csv. Value and id count
/// the labels from 0. Throws Error(bad_value) with the line.
LabelFile parse_label_colours(std::string_view text, const Path& file);

/// objectInfo150.txt of the MIT Scene Parsing Benchmark (ADE20K): Idx, Ratio, Train, Val, Stuff and Name with
/// tabs between them. Value and id are Idx; 0, which the benchmark does not evaluate, is "other", of the role
/// ignore. Throws Error(bad_value) with the line.
LabelFile parse_scene_parsing_labels(std::string_view text, const Path& file);

/// A .json file as parse_label_document; other text as parse_scene_parsing_labels where it has that head, as
/// parse_label_colours where its first label has three numbers or it has that head, else as
/// parse_label_names. Throws Error as these and read_file.
LabelFile read_label_file(const Path& path);

/// The text of labels.json: parsing it gives an equal LabelFile, but for what a label holds besides
/// (attribute definitions, skeletons). Throws Error(bad_value) for a name that is not UTF-8.
std::string to_text(const LabelFile& file);

/// The label file beside the masks: in the first of `folders` that has one, labels.json, else labels.txt,
/// classes.txt or codes.txt with the colours that label_colors.txt or class_dict.csv gives to the same names,
/// else one of these two alone, else objectInfo150.txt. Nothing where there is none. Throws Error as
/// read_label_file.
std::optional<LabelFile> find_label_file(const std::vector<Path>& folders);

}  // namespace maskmill
