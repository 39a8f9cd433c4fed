// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/path.h"
#include "support/web_server.h"

namespace maskmill::tests {

/// How Google Cloud Storage states a file's CRC-32C and MD5 in x-goog-hash.
enum class GoogHash {
  none,
  lines,    ///< a line each, as its servers do
  one_line  ///< joined by a comma, as its documentation has it
};

struct FolderOptions {
  GoogHash goog_hash = GoogHash::none;  ///< each file is then read once more
  std::chrono::milliseconds delay{0};   ///< before each reply: the way there and back
};

/// Answers as a good static server does: whole files and single ranges of them, from the disk; strong ETags,
/// Last-Modified and Date; If-Range, If-None-Match, HEAD; 404 for what is not in the folder, wherever links
/// and ".." lead. Several ranges at once it does not know, and sends the file.
class FolderAnswers {
 public:
  /// Throws boost::filesystem's error where there is no such folder.
  explicit FolderAnswers(const Path& folder, FolderOptions options = {});
  WebReply operator()(const WebRequest& request);

 private:
  struct Sums {
    std::string crc32c, md5;  ///< base 64
  };
  Sums sums_of(const std::string& path, const std::string& etag, const OpenFile& file, std::uint64_t size);

  Path folder_;
  FolderOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::pair<std::string, Sums>> sums_;  // by path, with the ETag
};

/// Which request it is.
struct Visit {
  std::size_t number = 0;     ///< of all, from 1
  std::size_t of_target = 0;  ///< of those for this target, from 1
};

/// May replace or spoil a reply that the folder gave. Called for one request at a time.
using Hook = std::function<void(const WebRequest&, const Visit&, WebReply&)>;
using Spoil = std::function<void(WebReply&)>;

/// The k-th request of all, the 2k-th, ...
Hook every(std::size_t k, Spoil spoil);
/// The first n requests for each target.
Hook first_of_each(std::size_t n, Spoil spoil);
/// About that share of the replies, the same for each run of requests for a target: cuts and resets within
/// the body or before the headers, and 503 with Retry-After 0 or, once in eight, 1. Never three in a row for
/// a target.
Hook seeded_faults(std::uint64_t seed, double share = 0.2);

/// Cuts the body after that share of its bytes.
Spoil cut_at(double share, Cut cut = Cut::close);

/// A WebServer of a folder's files, with what goes wrong.
class FolderServer {
 public:
  explicit FolderServer(const Path& folder, FolderOptions options = {}, WebOptions web = {}, Hook hook = {});

  std::string url(const std::string& target) const { return server_->url(target); }
  const WebServer& web() const { return *server_; }

 private:
  FolderAnswers answers_;
  Hook hook_;
  std::mutex mutex_;
  std::size_t requests_ = 0;
  std::map<std::string, std::size_t> by_target_;
  std::unique_ptr<WebServer> server_;  // first to go
};

}  // namespace maskmill::tests
