// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "dataset/dataset.h"

namespace maskmill {

/// Data sets that lie in an archive as base/archive.h reads them are unpacked once into the folder for
/// temporary files (which TMPDIR names) and are gone with the process; what a killed one left, the next one
/// removes. Any thread.

/// nested_roots() of the archive's content. Throws Error as unpack().
std::vector<Path> roots_in_archive(const Path& archive);

/// The archive out of which a file was unpacked.
std::optional<Path> archive_of(const Path& file);

/// A place as the user knows it: below the archive.
Place in_archive(Place place);
Error in_archive(const Error& error);
/// And back: where a file lies that in_archive() named so; any other path as it is.
Path unpacked(const Path& file);

/// The same source, whose items and findings say where they lie in the archive.
std::unique_ptr<Source> in_archive(std::unique_ptr<Source> source);

}  // namespace maskmill
