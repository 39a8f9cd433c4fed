// SPDX-License-Identifier: Apache-2.0
#include "base/part_file.h"

#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace maskmill {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 14;

// For files in the folder that the system has for them.
constexpr const char* kHint = "free space there, or name another folder for temporary files in TMPDIR";

Path folder_for_temporary_files() {
  boost::system::error_code failure;
  const Path folder = fs::temp_directory_path(failure);
  if (failure)
    throw Error(Code::write_failed, "there is no folder for temporary files: " + failure.message())
        .hint(kHint);
  return folder;
}

void visit_lines(std::string_view text, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    visit(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

}  // namespace

PartFile::PartFile() : PartFile(folder_for_temporary_files(), folder_for_temporary_files(), kHint) {}
PartFile::PartFile(const Path& folder, Path output) : PartFile(folder, std::move(output), "") {}
PartFile::PartFile(const Path& folder, Path named, const char* hint) : named_(std::move(named)), hint_(hint) {
  std::string name = (folder / ".maskmill-part-XXXXXX").string();
  descriptor_ = ::mkstemp(name.data());
  if (descriptor_ < 0) throw failure("made");
  ::unlink(name.c_str());
}

Error PartFile::failure(std::string_view what) const {
  return Error(Code::write_failed,
               "a temporary file cannot be " + std::string(what) + ": " + std::strerror(errno))
      .at_file(named_)
      .hint(hint_);
}

PartFile::~PartFile() {
  ::close(descriptor_);
}

std::uint64_t PartFile::append(std::string_view bytes) {
  const std::uint64_t offset = size_;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw failure("written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return offset;
}

void PartFile::read(std::uint64_t offset, std::uint64_t length, std::string& bytes) const {
  bytes.resize(length);
  for (std::size_t filled = 0; filled < length;) {
    const ssize_t got =
        ::pread(descriptor_, bytes.data() + filled, length - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;  // nobody else can have made it shorter
    if (got <= 0) throw failure("read");
    filled += static_cast<std::size_t>(got);
  }
}

void LineStore::append(std::string_view line) {
  last_lines_ += line;
  last_lines_ += '\n';
  if (last_lines_.size() < kBlockBytes) return;
  blocks_.push_back({file_.append(last_lines_), last_lines_.size()});
  last_lines_ = std::string();  // one long line is no reason to keep its room, and there may be many stores
}

void LineStore::for_each(const std::function<void(std::string_view)>& visit) const {
  std::string block;
  for (const auto& [offset, length] : blocks_) {
    file_.read(offset, length, block);
    visit_lines(block, visit);
  }
  visit_lines(last_lines_, visit);
}

}  // namespace maskmill
