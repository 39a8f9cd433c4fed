// SPDX-License-Identifier: Apache-2.0
#include "fetch/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <thread>

#include "base/json.h"
#include "base/output.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/staging.h"

namespace maskmill::fetch {

Error interrupted_download() {
  return Error(Code::interrupted, "interrupted; the next try goes on where this one ended");
}

PartialFile::PartialFile(const Url& url, const Path& target)
    : url_(url), target_(target), path_(target.string() + ".part"), state_path_(path_.string() + ".json") {
  boost::system::error_code failure;
  fs::create_directories(folder_above(target), failure);
  if (failure) throw cannot_write(target, failure.value());
  lock();
  try {
    take_up();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

bool PartialFile::is_locked_file_in_place() const {
  struct stat locked {
  }, there{};
  return ::fstat(descriptor_, &locked) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
         locked.st_ino == there.st_ino && locked.st_dev == there.st_dev;
}

// Whoever had the lock before may have renamed the file or removed it: then it is another's.
void PartialFile::lock() {
  for (bool said = false;;) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor_ < 0) throw cannot_write(path_, errno);
    const int locked = ::flock(descriptor_, LOCK_EX | LOCK_NB);
    const bool taken = locked != 0 && errno == EWOULDBLOCK;
    if (!taken && is_locked_file_in_place()) return;  // also on a file system without locks
    ::close(descriptor_);
    if (taken && !said) notice("waits for another process that downloads " + url_.printable());
    said = said || taken;
    if (interrupted()) throw interrupted_download();
    std::this_thread::sleep_for(std::chrono::milliseconds(taken ? 100 : 1));
  }
}

PartialFile::~PartialFile() {
  if (size_ == 0 && is_locked_file_in_place()) remove();
  ::close(descriptor_);
}

void PartialFile::take_up() {
  try {
    const Json kept = read_json(state_path_);
    if (kept.at("url_sha256") == url_.digest()) {
      state_.validator = kept.at("validator").get<std::string>();
      if (kept.contains("total")) state_.total = kept["total"].get<std::uint64_t>();
    }
  } catch (const std::exception&) {
    state_ = {};  // none, or not whole: then the bytes are nobody's
  }
  if (!state_.can_be_continued()) return begin_again({});
  std::string block(std::size_t{1} << 20, '\0');
  for (;;) {
    if (interrupted()) throw interrupted_download();
    const ssize_t got = ::read(descriptor_, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Code::unreadable, "cannot be read").at_file(path_);
    if (got == 0) break;
    sum_.add({block.data(), static_cast<std::size_t>(got)});
    size_ += static_cast<std::uint64_t>(got);
  }
}

void PartialFile::append(std::string_view bytes) {
  write_all(descriptor_, bytes, path_);
  sum_.add(bytes);
  size_ += bytes.size();
}

// The old bytes go before the new state is written: a crash between must not leave them under its name.
void PartialFile::begin_again(const FileState& state) {
  if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0)
    throw cannot_write(path_, errno);
  size_ = 0;
  sum_ = Sha256();
  state_ = state;
  if (!state.can_be_continued()) {
    ::unlink(state_path_.c_str());
    return;
  }
  Json kept{{"url", url_.printable()}, {"url_sha256", url_.digest()}, {"validator", state.validator}};
  if (state.total) kept["total"] = *state.total;
  replace_file(state_path_, to_text(kept));
}

void PartialFile::become_target() {
  if (::fsync(descriptor_) != 0) throw cannot_write(path_, errno);
  ::unlink(state_path_.c_str());
  if (::rename(path_.c_str(), target_.c_str()) != 0) throw cannot_write(target_, errno);
}

// Here too the state goes first: as soon as the file has no name, another process may begin one of its own.
void PartialFile::remove() {
  ::unlink(state_path_.c_str());
  ::unlink(path_.c_str());
}

}  // namespace maskmill::fetch
