// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/scratch.h"

namespace maskmill::tests {

/// A data set in one piece, for fuzzers and for whoever reads what they found: on the first line the format's
/// name and, after a blank each, settings for reading it; then "=== path" on a line of its own before each
/// file's bytes. Any bytes are such a piece: a name that is absolute or leaves the folder is dropped with its
/// file.
struct PackedFolder {
  std::string format;
  std::vector<std::string> settings;
  std::vector<std::pair<std::string, std::string>> files;  ///< relative path and bytes
};

PackedFolder unpacked(std::string_view bytes);
/// Writes the files that can be written: one below another, or of a name the file system refuses, is left
/// out.
void put(const PackedFolder& packed, const Path& folder);

}  // namespace maskmill::tests
