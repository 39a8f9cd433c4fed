// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstring>
#include <string>

#include "catch.h"
#include "support/scratch.h"

namespace maskmill::tests {

/// Whether this process may mount; from then on it has a mount namespace of its own, which keeps what it
/// mounts from everyone else. Says where it may not: that takes root.
inline bool can_mount() {
  static const int failure = [] {
    const bool done =
        ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return done ? 0 : errno;
  }();
  if (failure != 0) WARN("not shown: mounting takes root and its rights: " << std::strerror(failure));
  return failure == 0;
}

/// A file system in memory while it lives.
class Tmpfs {
 public:
  Tmpfs(const Path& folder, std::size_t pages) : folder_(folder) {
    fs::create_directories(folder);
    const std::string size =
        "size=" + std::to_string(pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
    REQUIRE(::mount("tmpfs", folder.c_str(), "tmpfs", 0, size.c_str()) == 0);
  }
  ~Tmpfs() { ::umount2(folder_.c_str(), MNT_DETACH); }
  Tmpfs(const Tmpfs&) = delete;
  Tmpfs& operator=(const Tmpfs&) = delete;
  void make_read_only() const {
    REQUIRE(::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  }

 private:
  Path folder_;
};

}  // namespace maskmill::tests
