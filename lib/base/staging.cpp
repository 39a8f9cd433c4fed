// SPDX-License-Identifier: Apache-2.0
#include "base/staging.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr const char* kLock = "lock";
constexpr std::size_t kMostOfName = 200;  // file systems take 255 bytes

std::string staging_prefix(const Path& target) {
  return "." + target.filename().string().substr(0, kMostOfName) + ".maskmill-";
}

enum class Lock { held, of_another, gone, unknown };

// The lock counts only while the file lies where it is looked for: whoever removes a leftover holds its lock
// too.
Lock try_lock(int descriptor, const Path& file) {
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? Lock::of_another : Lock::unknown;
  struct stat locked {
  }, there{};
  const bool same = ::fstat(descriptor, &locked) == 0 && ::lstat(file.c_str(), &there) == 0 &&
                    locked.st_ino == there.st_ino && locked.st_dev == there.st_dev;
  return same ? Lock::held : Lock::gone;
}

int open_lock(const Path& file) {
  return ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
}

// Renamed first, or a process that has just made the folder and not locked it yet might lock it half removed.
void remove_leftover(const Path& folder) {
  const int descriptor = open_lock(folder / kLock);
  if (descriptor < 0) return;  // gone, or not ours to remove
  const Path gone = folder.string() + "-gone";
  if (try_lock(descriptor, folder / kLock) == Lock::held && ::rename(folder.c_str(), gone.c_str()) == 0) {
    boost::system::error_code ignored;
    fs::remove_all(gone, ignored);
  }
  ::close(descriptor);
}

}  // namespace

void remove_leftovers(const Path& target) {
  const std::string prefix = staging_prefix(target);
  boost::system::error_code failure;
  std::vector<Path> found;
  for (fs::directory_iterator entries(folder_above(target), failure);
       !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    const std::string name = entries->path().filename().string();
    if (name.starts_with(prefix) && to_integer(split_text(name.substr(prefix.size()), '-').front()))
      found.push_back(entries->path());
  }
  for (const Path& folder : found) remove_leftover(folder);
}

Staging::Staging(const Path& target) {
  remove_leftovers(target);
  static std::atomic<int> counter = 0;
  for (;;) {
    folder_ = folder_above(target) /
              (staging_prefix(target) + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    if (::mkdir(folder_.c_str(), 0777) != 0) {
      if (errno == EEXIST) continue;  // a process elsewhere has the same number
      throw cannot_write(target, errno);
    }
    lock_ = open_lock(folder_ / kLock);
    const int failure = errno;
    if (lock_ >= 0) {
      const Lock lock = try_lock(lock_, folder_ / kLock);
      if (lock == Lock::held || lock == Lock::unknown) return;
      ::close(lock_);
    } else if (failure != ENOENT) {
      ::rmdir(folder_.c_str());
      throw cannot_write(target, failure);
    }
    // Another command took the folder for a leftover before it was locked.
  }
}

void Staging::remove() {
  if (folder_.empty()) return;
  boost::system::error_code ignored;
  fs::remove_all(std::exchange(folder_, {}), ignored);
  ::close(lock_);
}

Claim::Claim(const Path& folder) : file_(folder / file_name) {
  for (;;) {
    lock_ = open_lock(file_);
    if (lock_ < 0) throw cannot_write(folder, errno);
    const Lock lock = try_lock(lock_, file_);
    if (lock == Lock::held || lock == Lock::unknown) return;
    ::close(std::exchange(lock_, -1));
    if (lock == Lock::of_another)
      throw Error(Code::write_failed, "another command is writing into this folder")
          .at_file(folder)
          .hint("wait until it has ended, or name another folder");
  }
}

void Claim::release() {
  if (lock_ < 0) return;
  ::unlink(file_.c_str());
  ::close(std::exchange(lock_, -1));
}

Error cannot_write(const Path& path, int number) {
  return Error(Code::write_failed, std::string("cannot be written: ") + std::strerror(number)).at_file(path);
}

void write_all(int descriptor, std::string_view bytes, const Path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw cannot_write(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

Path folder_above(const Path& path) {
  const Path parent = path.parent_path();
  return parent.empty() ? Path(".") : parent;
}

FolderLock::FolderLock(const Path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  while (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) continue;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace maskmill
