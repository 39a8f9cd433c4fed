// SPDX-License-Identifier: Apache-2.0
#include "base/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace maskmill {
namespace {

// Most headers lie in so few bytes; the rest of a window is not worth reading when segments are skipped by
// the dozen.
constexpr std::size_t kWindowBytes = 512;

}  // namespace

ByteSource::ByteSource(const Path& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  struct stat status {};
  if (descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    return;
  }
  const int number = errno;
  const bool opened = descriptor_ >= 0;
  if (opened) ::close(descriptor_);
  if (opened) throw Error(Code::unreadable, "is a folder or a device where a file is needed").at_file(path);
  if (number == ENOENT || number == ENOTDIR)
    throw Error(Code::not_found, "there is no such file").at_file(path);
  throw Error(Code::unreadable, std::string("cannot be read: ") + std::strerror(number)).at_file(path);
}

ByteSource::~ByteSource() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string_view ByteSource::at(std::uint64_t offset, std::size_t count) {
  if (offset >= size_) return {};
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - offset));
  if (descriptor_ < 0) return memory_.substr(static_cast<std::size_t>(offset), count);
  if (offset < window_offset_ || offset + count > window_offset_ + window_.size()) {
    window_.resize(std::max(count, kWindowBytes));
    window_offset_ = offset;
    std::size_t filled = 0;
    while (filled < count) {
      const ssize_t got = ::pread(descriptor_, window_.data() + filled, window_.size() - filled,
                                  static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw Error(Code::unreadable, std::string("cannot be read: ") + std::strerror(errno));
      if (got == 0) break;  // the file shrank meanwhile
      filled += static_cast<std::size_t>(got);
    }
    window_.resize(filled);
  }
  return std::string_view(window_).substr(static_cast<std::size_t>(offset - window_offset_), count);
}

}  // namespace maskmill
