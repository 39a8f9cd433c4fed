// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/access.h"
#include "fetch/checksum.h"
#include "fetch/url.h"

namespace maskmill::fetch {

/// What a server says of a file before any of it is wanted.
struct RemoteState {
  std::optional<std::uint64_t> bytes;
  bool has_ranges = false;  ///< parts of it can be asked for
};

/// Asks for the first byte. Throws as download().
RemoteState look(const Url& url, const Access& access = {});

/// Hands on the bytes of a URL as they come, from the first to the last, in pieces of any size. Connections
/// that break are gone on with as download() does; where the server's file became another meanwhile, or has
/// no state that could be told, Error(unreadable) says so. `checksums`, and what the server publishes, are
/// held to at the end: Error(bad_format). Throws as download().
void stream(const Url& url, const std::function<void(std::string_view)>& take, const Access& access = {},
            const std::vector<Checksum>& checksums = {});

struct ByteRange {
  std::uint64_t offset = 0, bytes = 0;
};

/// A file of a server, of which parts are asked for. All are of one state: where the file becomes another,
/// Error(unreadable) is thrown.
class RemoteFile {
 public:
  /// Throws as download(), and Error(unsupported) where the server gives no parts, or no size.
  RemoteFile(Url url, Access access);

  const Url& url() const { return url_; }
  std::uint64_t size() const { return size_; }
  /// The range must lie in the file. Throws as download().
  std::string read(const ByteRange& range) const;
  /// Several at once; `take` hears of each by its number, in the order in which they come, on the calling
  /// thread.
  void read(std::span<const ByteRange> ranges,
            const std::function<void(std::size_t number, std::string bytes)>& take) const;

 private:
  Url url_;
  Access access_;
  std::uint64_t size_ = 0;
  std::string validator_;
};

}  // namespace maskmill::fetch
