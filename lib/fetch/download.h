// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/path.h"
#include "fetch/access.h"
#include "fetch/checksum.h"
#include "fetch/url.h"

namespace maskmill::fetch {

/// A file that is to be had.
struct Wanted {
  Url url;
  Path target;
  std::vector<Checksum> checksums{};  ///< all that are known of it
  bool replace = false;               ///< a file that is there is no reason not to fetch it
};

struct Downloaded {
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case digits
};

/// Makes `target` what the URL holds, with the folders above it; it is whole or absent. A file that is there
/// already is taken for that, unless it is to be replaced, as another process may have fetched it meanwhile.
/// Bytes come into `target`.part, and target.part.json says of which state of which URL they are: what was
/// interrupted or killed goes on where it ended, where the server says (ETag, Last-Modified; RFC
/// 9110, 13.1.5) that its file is still the same, and else begins again. A connection that breaks or stalls,
/// and the statuses 408, 425, 429 and 5xx but 501 and 505, are tried again. Of two processes that want the
/// same file, one fetches it.
///
/// What the server publishes of the file (x-goog-hash, Content-MD5, Repr-Digest) is held to as `checksums`
/// are. Redirects are followed, those of a URL of https to https alone; proxies and passwords come from the
/// environment and ~/.netrc, as curl takes them. Throws Error(not_found) for 404 and 410, Error(unreadable)
/// for anything else that the network or the server does, Error(bad_format) where a checksum differs,
/// Error(write_failed), Error(interrupted).
Downloaded download(const Wanted& wanted, const Access& access = {});

using DownloadResult = std::variant<Downloaded, Error>;

/// The same of any number of files, Access::transfers at once: `next` gives them, until it gives nothing, and
/// `done` hears of each, in the order in which they end, on the calling thread. What `done` throws ends all.
/// Throws Error(interrupted), and Error(write_failed) without going on.
void download_all(const std::function<std::optional<Wanted>()>& next,
                  const std::function<void(const Wanted&, const DownloadResult&)>& done,
                  const Access& access = {});

}  // namespace maskmill::fetch
