// SPDX-License-Identifier: Apache-2.0
#include "base/part_file.h"

#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace maskmill {
namespace {

Error failure(const Path& folder, std::string_view what) {
  return Error(Code::write_failed,
               "a temporary file cannot be " + std::string(what) + ": " + std::strerror(errno))
      .at_file(folder);
}

}  // namespace

PartFile::PartFile(const Path& folder) : folder_(folder.empty() ? fs::temp_directory_path() : folder) {
  std::string name = (folder / ".maskmill-part-XXXXXX").string();
  descriptor_ = ::mkstemp(name.data());
  if (descriptor_ < 0) throw failure(folder_, "made");
  ::unlink(name.c_str());
}

PartFile::~PartFile() {
  ::close(descriptor_);
}

std::uint64_t PartFile::append(std::string_view bytes) {
  const std::uint64_t offset = size_;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw failure(folder_, "written");
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
    if (got <= 0) throw failure(folder_, "read");
    filled += static_cast<std::size_t>(got);
  }
}

}  // namespace maskmill
