// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/path.h"
#include "formats/mask_files/label_files.h"

namespace maskmill {

/// What the JSON file of a data set with several categories says:
///
///     {"mask_folder": "masks", "N_categories": 2, "categories": [{"name": "road", "color": [128, 64, 128]},
///     ...]}
///
/// A category's value in the masks is its position in the list, from 0. Only "color" may be missing.
struct Categories {
  std::string mask_folder;  ///< in each subset's folder
  LabelFile labels;         ///< coding index
};

/// Throws Error(bad_format | bad_value) with the file and the field; other keys are passed over.
Categories parse_categories(std::string_view text, const Path& file);
std::string to_text(const Categories& categories);

/// That of the JSON files directly in `source` which has "mask_folder"; nothing where none has, or
/// more than 64 lie there, which are annotations. Throws
/// Error(bad_format) where several have, Error as parse_categories. Another JSON file is a finding
/// "stray-json": the demo takes whichever it meets for this one.
std::optional<Categories> find_categories(const Path& source, Findings& findings);

/// With what labels.json of ours, where there is one, says besides of labels of the same name and value.
LabelFile completed(LabelFile labels, const std::optional<LabelFile>& ours);

}  // namespace maskmill
