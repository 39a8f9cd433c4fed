// SPDX-License-Identifier: Apache-2.0
#include "formats/media.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "formats/archives.h"

namespace maskmill {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  /// A full disk may show only here.
  int close() { return ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

Error cannot_read(const Path& image, int number) {
  return Error(number == ENOENT ? Code::not_found : Code::unreadable,
               std::string("the image cannot be read: ") + std::strerror(number))
      .at_file(image)
      .hint("--media none writes the annotations without the images");
}

Error cannot_copy(const Path& image, const Path& target, int number) {
  if (number == EEXIST)
    return Error(Code::write_failed,
                 "the output has another item's image of the name " + in_quotes(target.filename().string()))
        .at_file(image);
  return Error(Code::write_failed, std::string("cannot be copied into the output: ") + std::strerror(number))
      .at_file(image);
}

// A clone shares its blocks with the original where the file system can do that (Btrfs, XFS); else the kernel
// copies.
void copy_image(const Path& image, const Path& target) {
  // Without O_NONBLOCK, opening a named pipe would wait for ever.
  const Descriptor from(::open(image.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (from.get() < 0 || ::fstat(from.get(), &status) != 0) throw cannot_read(image, errno);
  if (!S_ISREG(status.st_mode)) throw Error(Code::unreadable, "the image is no regular file").at_file(image);
  Descriptor to(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (to.get() < 0) throw cannot_copy(image, target, errno);
  if (::ioctl(to.get(), FICLONE, from.get()) != 0) {
    ssize_t sent = 0;
    while ((sent = ::sendfile(to.get(), from.get(), nullptr, 1 << 30)) != 0)
      if (sent < 0 && errno != EINTR) throw cannot_copy(image, target, errno);
  }
  if (to.close() != 0) throw cannot_copy(image, target, errno);
}

/// False where the file system cannot: links across devices, too many links, or none at all.
bool link_image(const Path& image, const Path& target) {
  if (::linkat(AT_FDCWD, image.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno == EEXIST) throw cannot_copy(image, target, errno);
  return false;
}

void write_image(const Item& item, const Path& target) {
  const std::string bytes = image_bytes(item);
  Descriptor to(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (to.get() < 0) throw cannot_copy(image_file(item), target, errno);
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t count = ::write(to.get(), bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno != EINTR) throw cannot_copy(image_file(item), target, errno);
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  if (to.close() != 0) throw cannot_copy(image_file(item), target, errno);
}

/// `name` without the parts that would lead out of a folder or be left out when it is read again.
std::string without_unsafe_parts(const std::string& name) {
  std::string safe;
  for (const std::string& part : split_text(name, '/'))
    if (!part.empty() && !part.starts_with('.')) safe += (safe.empty() ? "" : "/") + part;
  if (!is_safe_relative(safe))
    throw Error(Code::bad_value, "no file can be named after the item " + in_quotes(name));
  return safe;
}

std::string output_name(const Item& item) {
  if (is_safe_relative(item.file_name)) return item.file_name;
  const Path named = item.file_name.empty() ? item.image : Path(item.file_name);
  return without_unsafe_parts(item.id) + named.extension().string();
}

}  // namespace

std::string place_image(const Item& item, Media media, const Path& staging, const std::string& folder) {
  if (media == Media::reference && item.made_image)
    throw Error(Code::usage, "images that are made anew lie nowhere yet, and cannot be referred to")
        .at_field(item.id)
        .hint("use --media copy, or none");
  if (media == Media::reference && archive_of(item.image))
    throw Error(Code::usage, "images in an archive cannot be referred to")
        .at_field(item.id)
        .hint("use --media copy, or none, or unpack the archive and name the folder");
  if (media == Media::reference && !item.image.empty())
    return fs::absolute(item.image).lexically_normal().string();
  std::string name = output_name(item);
  if (media == Media::none || !has_image(item)) return name;
  const Path target = staging / folder / name;
  boost::system::error_code failure;
  fs::create_directories(target.parent_path(), failure);
  if (failure) throw cannot_copy(image_file(item), target, failure.value());
  if (item.made_image)
    write_image(item, target);
  else if (media == Media::copy || !link_image(item.image, target))
    copy_image(item.image, target);
  return name;
}

}  // namespace maskmill
