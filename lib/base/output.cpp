// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

Error cannot_write(const Path& path, int number) {
  return Error(Code::write_failed, std::string("cannot be written: ") + std::strerror(number)).at_file(path);
}

void make_folders(const Path& folder) {
  boost::system::error_code failure;
  fs::create_directories(folder, failure);
  if (failure && !fs::is_directory(folder)) throw cannot_write(folder, failure.value());
}

Path folder_of(const Path& target) {
  const Path parent = target.parent_path();
  return parent.empty() ? Path(".") : parent;
}

// "out/" and "out" are one target, and so are "." and the folder that it stands for: only that has a folder
// above in which to write, and a name to rename to. A target that is not there yet stays as it is named.
Path resolved(const Path& target) {
  boost::system::error_code failure;
  const Path real = fs::canonical(target, failure);
  std::string text = failure ? target.string() : real.string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::string staging_prefix(const Path& target) {
  return "." + target.filename().string() + ".maskmill-";
}

// What killed commands left beside the target: their process number is in the name, and no longer running.
void remove_leftovers(const Path& target) {
  const std::string prefix = staging_prefix(target);
  boost::system::error_code failure;
  for (fs::directory_iterator entries(folder_of(target), failure);
       !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    const std::string name = entries->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto process = to_integer(split_text(name.substr(prefix.size()), '-').front());
    if (!process || *process <= 0 || ::kill(static_cast<pid_t>(*process), 0) == 0 || errno != ESRCH) continue;
    boost::system::error_code ignored;
    fs::remove_all(entries->path(), ignored);
  }
}

Path staging_beside(const Path& target) {
  static std::atomic<int> counter = 0;
  return folder_of(target) /
         (staging_prefix(target) + std::to_string(::getpid()) + "-" + std::to_string(counter++));
}

void write_all(int descriptor, std::string_view bytes, const Path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw cannot_write(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void write_new_file(const Path& path, std::string_view bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) throw cannot_write(path, errno);
  try {
    write_all(descriptor, bytes, path);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  if (::close(descriptor) != 0) throw cannot_write(path, errno);
}

Error exists_already(const Path& target) {
  return Error(Code::write_failed, "exists already")
      .at_file(target)
      .hint("give another -o, or --force to replace it");
}

bool is_ours(const Path& folder) {
  for (const char* mark : {"provenance.json", "maskmill/provenance.json", "model.json"})
    if (fs::exists(folder / mark)) return true;
  return false;
}

bool is_empty_folder(const Path& path) {
  boost::system::error_code failure;
  return fs::is_directory(path, failure) && fs::is_empty(path, failure) && !failure;
}

}  // namespace

OutputFile::OutputFile(Path target, Overwrite overwrite) : target_(std::move(target)), overwrite_(overwrite) {
  if (fs::is_directory(target_))
    throw Error(Code::write_failed, "is a folder where a file is to be written").at_file(target_);
  if (overwrite_ == Overwrite::no && fs::exists(target_)) throw exists_already(target_);
  make_folders(folder_of(target_));
  remove_leftovers(target_);
  staging_ = staging_beside(target_);
  descriptor_ = ::open(staging_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw cannot_write(target_, errno);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_ && !staging_.empty()) ::unlink(staging_.c_str());
}

void OutputFile::write(std::string_view bytes) {
  write_all(descriptor_, bytes, target_);
}

void OutputFile::commit() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) throw cannot_write(target_, errno);
  const unsigned flags = overwrite_ == Overwrite::no ? RENAME_NOREPLACE : 0;
  int failed = ::renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, target_.c_str(), flags);
  if (failed && errno == EINVAL)
    failed = ::rename(staging_.c_str(), target_.c_str());  // no NOREPLACE on this file system
  if (failed && errno == EEXIST) throw exists_already(target_);
  if (failed) throw cannot_write(target_, errno);
  committed_ = true;
}

OutputFolder::OutputFolder(const Path& target, Overwrite overwrite)
    : target_(resolved(target)), overwrite_(overwrite) {
  if (is_mount_point(target_))
    throw Error(Code::write_failed, "is a mount point: a finished output cannot be moved to its place")
        .at_file(target_)
        .hint("name a folder inside it, such as " + (target_ / "out").string());
  if (fs::exists(target_) && !is_empty_folder(target_)) {
    if (!fs::is_directory(target_))
      throw Error(Code::write_failed, "is a file where a folder is to be written").at_file(target_);
    if (overwrite_ == Overwrite::no) throw exists_already(target_);
    if (!is_ours(target_))
      throw Error(Code::write_failed, "holds files that maskmill did not write; --force does not delete them")
          .at_file(target_)
          .hint("give another -o, or empty the folder yourself");
  }
  make_folders(folder_of(target_));
  remove_leftovers(target_);
  staging_ = staging_beside(target_);
  boost::system::error_code failure;
  fs::create_directory(staging_, failure);
  if (failure) throw cannot_write(target_, failure.value());
}

OutputFolder::~OutputFolder() {
  if (committed_) return;
  boost::system::error_code ignored;
  fs::remove_all(staging_, ignored);
}

void OutputFolder::write(std::string_view name, std::string_view bytes) const {
  if (!is_safe_relative(name))
    throw Error(Code::write_failed, "the name " + in_quotes(name) + " would lie outside the output")
        .at_file(target_);
  const Path path = staging_ / std::string(name);
  make_folders(path.parent_path());
  write_new_file(path, bytes);
}

void OutputFolder::commit() {
  boost::system::error_code ignored;
  if (::rename(staging_.c_str(), target_.c_str()) == 0) {  // absent, or an empty folder
    committed_ = true;
    return;
  }
  if (errno != ENOTEMPTY && errno != EEXIST) throw cannot_write(target_, errno);
  if (overwrite_ == Overwrite::no || !is_ours(target_)) throw exists_already(target_);
  if (::renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0) {
    committed_ = true;
    fs::remove_all(staging_, ignored);  // now the old output
    return;
  }
  if (errno != EINVAL) throw cannot_write(target_, errno);
  const Path old = staging_beside(target_);  // this file system cannot exchange
  if (::rename(target_.c_str(), old.c_str()) != 0) throw cannot_write(target_, errno);
  if (::rename(staging_.c_str(), target_.c_str()) != 0) {
    const int number = errno;
    ::rename(old.c_str(), target_.c_str());
    throw cannot_write(target_, number);
  }
  committed_ = true;
  fs::remove_all(old, ignored);
}

void replace_file(const Path& path, std::string_view bytes) {
  OutputFile file(path, Overwrite::yes);
  file.write(bytes);
  file.commit();
}

}  // namespace maskmill
