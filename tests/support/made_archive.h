// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "support/scratch.h"

namespace maskmill::tests {

struct ArchiveEntry {
  enum class Kind { file, folder, symbolic_link, hard_link, pipe, device };
  std::string name;
  std::string content;  ///< of a file its bytes, of a link its target
  Kind kind = Kind::file;
};

/// Writes an archive whose kind its name says (.zip, .tar, .tar.gz, .tar.zst, .7z), with libarchive, which
/// takes any name.
void write_archive(const Path& path, const std::vector<ArchiveEntry>& entries);

/// Every file below a folder, under its relative name.
std::vector<ArchiveEntry> entries_of(const Path& folder);

}  // namespace maskmill::tests
