// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/path.h"

namespace maskmill {

/// Archives that people send, read with libarchive: zip, 7z, and tar as it is or packed with gzip, bzip2, xz
/// or zstd.

/// By the name alone: .zip, .7z, .tar, .tgz, .tar.gz, .tar.bz2, .tar.xz, .tar.zst and the like, in any case.
bool has_archive_name(const Path& path);
/// The file's name without that ending.
std::string archive_stem(const Path& path);

/// How many bytes an archive of that size may unpack to where the caller does not say: 200 times as many, and
/// 1 GiB at least.
std::uint64_t usual_unpacked_limit(std::uint64_t archive_bytes);
std::uint64_t usual_unpacked_limit(const Path& archive);

struct UnpackOptions {
  std::optional<std::uint64_t> most_bytes{};  ///< none: usual_unpacked_limit()
  /// Where an entry comes to lie, by its name in the archive; nothing where it is left out. Unset, all of
  /// them lie as they do there.
  std::function<std::optional<std::string>(const std::string& name)> place{};
};

/// Unpacks it into `folder`, which must be there. Nothing is written outside and nothing is written over:
/// names that are absolute or hold "..", links that lead out of the folder, devices, sockets and pipes, a
/// second entry of one name, and more than `most_bytes` throw Error(bad_format), also where they are left
/// out. Owners and permissions are not kept. Throws Error(not_found | unreadable | bad_format) with the
/// archive and the entry, Error(write_failed), and Error(interrupted); what was unpacked until then stays.
/// Returns the number of files and links.
std::size_t unpack(const Path& archive, const Path& folder, const UnpackOptions& options = {});

}  // namespace maskmill
