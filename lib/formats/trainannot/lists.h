// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/mask_files/pairing.h"

namespace maskmill {

/// A line of train.txt: the image's path and, but for lists of images alone, the mask's, between blanks.
/// Paths are those of another machine as a rule.
struct ListLine {
  std::string image, mask;
};

/// Nothing for an empty line. A path may hold blanks: it ends behind an image file's extension. Throws
/// Error(bad_value) for anything but one or two such paths.
std::optional<ListLine> parse_pair_line(std::string_view line);

/// The line that parses to this, without a line break. Throws Error(bad_value) for a name with a line break.
std::string to_pair_line(const ListLine& line);

/// The pairs of `all` that the folders' list names, in its order, and with the masks it states; `all` are
/// those of `folders[number]`. Paths are taken below the folder's name, whatever stands before it. Findings:
/// "unreadable-list-line", "listed-twice", "pair-missing" for an image that is not there, and "not-listed"
/// for those that are left out because no line names them.
FilePairs in_list_order(const FilePairs& all, const PairFolders& folders, Findings& findings);

}  // namespace maskmill
