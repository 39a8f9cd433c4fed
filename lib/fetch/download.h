// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/path.h"
#include "fetch/url.h"

namespace maskmill::fetch {

/// How long a server is put up with.
struct Patience {
  int attempts = 5;
  std::chrono::milliseconds first_wait{1000};  ///< twice as long after each attempt
  std::chrono::seconds longest_wait{60};       ///< also of what the server's Retry-After asks for
  std::chrono::seconds stalled{30};            ///< without a byte
};

struct Downloaded {
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case digits
};

/// Makes `target` what the URL holds, with the folders above it; it is whole or absent. A file that is there
/// already is taken for that, as another process may have fetched it meanwhile. Bytes come into
/// `target`.part, and target.part.json says of which state of which URL they are: what was interrupted or
/// killed goes on where it ended, where the server says (ETag, Last-Modified; RFC 9110, 13.1.5) that its
/// file is still the same, and else begins again. A connection that breaks or stalls, and the statuses 408,
/// 425, 429 and 5xx but 501 and 505, are tried again. Of two processes that want the same file, one fetches
/// it.
///
/// `sha256` are the hexadecimal digits with which the file's SHA-256 begins, as many as are known. Redirects
/// are followed, those of a URL of https to https alone; proxies and passwords come from the environment and
/// ~/.netrc, as curl takes them. Throws Error(not_found) for 404 and 410, Error(unreadable) for anything else
/// that the network or the server does, Error(bad_format) where the digits differ, Error(write_failed),
/// Error(interrupted).
Downloaded download(const Url& url, const Path& target, const std::string& sha256 = "",
                    const Patience& patience = {});

}  // namespace maskmill::fetch
