// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/path.h"

namespace maskmill {

/// What a file is or a folder holds, for the message that no format fits: "48 .jpg and 2 .json files; the
/// first is the description of a Keras network, and no data set". Cheap: looks at the first 10,000 names
/// that the file system lists, and at the beginnings of a few JSON files. Throws nothing; empty where nothing
/// can be listed.
std::string contents_in_words(const Path& path);

/// Where a data set may begin, outermost first: the folder and, where that holds nothing but one folder or one
/// file, that too, and so on. A README, a LICENSE or a CITATION beside it counts as nothing. Throws
/// Error(unreadable).
std::vector<Path> nested_roots(const Path& folder);

}  // namespace maskmill
