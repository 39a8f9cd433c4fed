// SPDX-License-Identifier: Apache-2.0
#include "base/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

void make_folders(const Path& folder) {
  boost::system::error_code failure;
  fs::create_directories(folder, failure);
  if (failure && !fs::is_directory(folder)) throw cannot_write(folder, failure.value());
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

Error exists_already(const Path& target) {
  return Error(Code::write_failed, "exists already")
      .at_file(target)
      .hint("give another -o, or --force to replace it");
}

void require_place_for_file(const Path& target, Overwrite overwrite) {
  if (fs::is_directory(target))
    throw Error(Code::write_failed, "is a folder where a file is to be written").at_file(target);
  if (overwrite == Overwrite::no && fs::exists(target)) throw exists_already(target);
}

const Path& checked_file(const Path& target, Overwrite overwrite) {
  require_place_for_file(target, overwrite);
  make_folders(folder_above(target));
  return target;
}

// 0, or an errno.
int rename_without_replacing(const Path& from, const Path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL) return errno;
  // NFS and FAT cannot do that. A second link does not replace either, and FAT has none.
  if (::link(from.c_str(), to.c_str()) == 0) return 0;
  if (errno == EEXIST || fs::exists(to)) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

void put_into_place(const Path& made, const Path& target, Overwrite overwrite) {
  int failure = 0;
  if (overwrite == Overwrite::no)
    failure = rename_without_replacing(made, target);
  else if (::rename(made.c_str(), target.c_str()) != 0)
    failure = errno;
  if (failure == EEXIST) throw exists_already(target);
  if (failure != 0) throw cannot_write(target, failure);
}

// `old`: where the target may go.
void exchange(const Path& made, const Path& target, const Path& old) {
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != EINVAL) throw cannot_write(target, errno);
  if (::rename(target.c_str(), old.c_str()) != 0) throw cannot_write(target, errno);
  if (::rename(made.c_str(), target.c_str()) == 0) return;
  const int number = errno;
  ::rename(old.c_str(), target.c_str());
  throw cannot_write(target, number);
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

const Path& checked_folder(const Path& target, Overwrite overwrite) {
  if (is_mount_point(target))
    throw Error(Code::write_failed, "is a mount point: a finished output cannot be moved to its place")
        .at_file(target)
        .hint("name a folder inside it, such as " + (target / "out").string());
  if (fs::exists(target) && !is_empty_folder(target)) {
    if (!fs::is_directory(target))
      throw Error(Code::write_failed, "is a file where a folder is to be written").at_file(target);
    if (overwrite == Overwrite::no) throw exists_already(target);
    if (!is_ours(target))
      throw Error(Code::write_failed, "holds files that maskmill did not write; --force does not delete them")
          .at_file(target)
          .hint("give another -o, or empty the folder yourself");
  }
  make_folders(folder_above(target));
  return target;
}

}  // namespace

OutputFile::OutputFile(Path target, Overwrite overwrite)
    : target_(std::move(target)), overwrite_(overwrite), staging_(checked_file(target_, overwrite)) {
  made_ = staging_.folder() / ("output" + target_.extension().string());
  descriptor_ = ::open(made_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw cannot_write(target_, errno);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::write(std::string_view bytes) {
  write_all(descriptor_, bytes, target_);
}

void OutputFile::add(const Path& beside, std::string_view bytes, Overwrite overwrite) {
  require_place_for_file(beside, overwrite);
  const Path made = staging_.folder() / ("beside-" + std::to_string(companions_.size()));
  FolderFile file(made, beside);
  file.write(bytes);
  file.close();
  companions_.push_back({made, beside, overwrite});
}

void OutputFile::commit() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) throw cannot_write(target_, errno);
  const FolderLock one_at_a_time(folder_above(target_));
  put_into_place(made_, target_, overwrite_);
  for (const Companion& companion : companions_)
    put_into_place(companion.made, companion.target, companion.overwrite);
  staging_.remove();
}

FolderFile::FolderFile(const Path& made, Path target)
    : target_(std::move(target)),
      descriptor_(::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw cannot_write(target_, errno);
}

FolderFile::~FolderFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FolderFile::write(std::string_view bytes) {
  write_all(descriptor_, bytes, target_);
}

void FolderFile::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0) throw cannot_write(target_, errno);
}

OutputFolder::OutputFolder(const Path& target, Overwrite overwrite)
    : target_(resolved(target)), overwrite_(overwrite), staging_(checked_folder(target_, overwrite)) {
  made_ = staging_.folder() / "output";
  boost::system::error_code failure;
  fs::create_directory(made_, failure);
  if (failure) throw cannot_write(target_, failure.value());
}

Error OutputFolder::as_of_target(const Error& error) const {
  Place place = error.place();
  if (const Path inside = Path(place.file).lexically_relative(made_);
      !inside.empty() && *inside.begin() != "..")
    place.file = (target_ / inside).string();
  return Error(error.code(), error.message()).at(place).hint(error.hint_text());
}

void OutputFolder::write(std::string_view name, std::string_view bytes) const {
  const std::unique_ptr<FolderFile> file = create(name);
  file->write(bytes);
  file->close();
}

std::unique_ptr<FolderFile> OutputFolder::create(std::string_view name) const {
  if (!is_safe_relative(name))
    throw Error(Code::write_failed, "the name " + in_quotes(name) + " would lie outside the output")
        .at_file(target_);
  const Path made = made_ / std::string(name), target = target_ / std::string(name);
  boost::system::error_code failure;
  fs::create_directories(made.parent_path(), failure);
  if (failure) throw cannot_write(target, failure.value());
  return std::unique_ptr<FolderFile>(new FolderFile(made, target));
}

void OutputFolder::commit() {
  if (::rename(made_.c_str(), target_.c_str()) != 0) {  // it is there, and not empty
    if (errno != ENOTEMPTY && errno != EEXIST) throw cannot_write(target_, errno);
    if (overwrite_ == Overwrite::no || !is_ours(target_)) throw exists_already(target_);
    exchange(made_, target_, staging_.folder() / "old");
  }
  staging_.remove();  // with the old output, where there was one
}

void replace_file(const Path& path, std::string_view bytes) {
  OutputFile file(path, Overwrite::yes);
  file.write(bytes);
  file.commit();
}

}  // namespace maskmill
