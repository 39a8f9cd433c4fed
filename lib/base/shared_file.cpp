// SPDX-License-Identifier: Apache-2.0
#include "base/shared_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace maskmill {

SharedFile::SharedFile(Path path)
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {  // a named pipe must not block
  if (descriptor_ < 0)
    throw Error(errno == ENOENT || errno == ENOTDIR ? Code::not_found : Code::unreadable,
                std::string("cannot be read: ") + std::strerror(errno))
        .at_file(path_);
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw Error(Code::unreadable, "is no regular file").at_file(path_);
  }
}

SharedFile::~SharedFile() {
  ::close(descriptor_);
}

std::size_t SharedFile::read_some(std::uint64_t offset, char* bytes, std::size_t length) const {
  for (;;) {
    const ssize_t got = ::pread(descriptor_, bytes, length, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR)
      throw Error(Code::unreadable, std::string("cannot be read: ") + std::strerror(errno)).at_file(path_);
  }
}

void SharedFile::read(std::uint64_t offset, std::uint64_t length, std::string& buffer) const {
  if (buffer.size() < length + kPadding) buffer.resize(length + kPadding);
  for (std::uint64_t filled = 0; filled < length;) {
    const std::size_t got = read_some(offset + filled, buffer.data() + filled, length - filled);
    if (got == 0) throw Error(Code::unreadable, "has become shorter while it was read").at_file(path_);
    filled += got;
  }
}

}  // namespace maskmill
