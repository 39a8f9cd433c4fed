// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

Error cannot_read(const Path& path, int number) {
  if (number == ENOENT || number == ENOTDIR)
    return Error(Code::not_found, "there is no such file or folder").at_file(path);
  return Error(Code::unreadable, std::string("cannot be read: ") + std::strerror(number)).at_file(path);
}

bool is_left_out(const std::string& name) {
  return name.starts_with('.') || name == "Thumbs.db" || name == "__MACOSX" || name == "desktop.ini";
}

void require_folder(const Path& folder) {
  boost::system::error_code failure;
  const auto status = fs::status(folder, failure);
  if (status.type() == fs::file_not_found) throw cannot_read(folder, ENOENT);
  if (failure) throw cannot_read(folder, failure.value());
  if (status.type() != fs::directory_file)
    throw Error(Code::unreadable, "is a file where a folder is needed").at_file(folder);
}

// Visits a folder's entries; a link to a folder is an entry, never walked into, so that loops end.
void collect(const Path& folder, bool recursive, std::vector<Path>& files) {
  boost::system::error_code failure;
  fs::directory_iterator entries(folder, failure);
  if (failure) throw cannot_read(folder, failure.value());
  for (; entries != fs::directory_iterator(); entries.increment(failure)) {
    if (failure) throw cannot_read(folder, failure.value());
    const Path& path = entries->path();
    if (is_left_out(path.filename().string())) continue;
    const auto link_status = entries->symlink_status(failure);
    if (link_status.type() == fs::directory_file) {
      if (recursive) collect(path, recursive, files);
    } else if (entries->status(failure).type() == fs::regular_file) {
      files.push_back(path);
    }
  }
}

}  // namespace

std::string read_file(const Path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw cannot_read(path, errno);
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw cannot_read(path, errno);
  if (S_ISDIR(status.st_mode))
    throw Error(Code::unreadable, "is a folder where a file is needed").at_file(path);
  // The size is a hint: of a pipe it is 0, and a file may grow. Reading ends where read() says so.
  std::string bytes(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)) + 1, '\0');
  std::size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
    const ssize_t got = ::read(descriptor, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw cannot_read(path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

std::vector<Path> list_files(const Path& folder, bool recursive) {
  require_folder(folder);
  std::vector<Path> files;
  collect(folder, recursive, files);
  std::sort(files.begin(), files.end(), [](const Path& a, const Path& b) { return a.native() < b.native(); });
  return files;
}

std::vector<Path> list_folders(const Path& folder) {
  require_folder(folder);
  std::vector<Path> folders;
  boost::system::error_code failure;
  for (fs::directory_iterator entries(folder, failure); !failure && entries != fs::directory_iterator();
       entries.increment(failure))
    if (!is_left_out(entries->path().filename().string()) && entries->status().type() == fs::directory_file)
      folders.push_back(entries->path());
  if (failure) throw cannot_read(folder, failure.value());
  std::sort(folders.begin(), folders.end(),
            [](const Path& a, const Path& b) { return a.native() < b.native(); });
  return folders;
}

std::string lower_extension(const Path& path) {
  std::string extension = path.extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  for (char& letter : extension)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return extension;
}

std::string relative_name(const Path& path, const Path& base) {
  const std::string whole = path.lexically_normal().generic_string();
  std::string start = base.lexically_normal().generic_string();
  while (start.size() > 1 && start.ends_with('/')) start.pop_back();
  if (start.ends_with("/.")) start.resize(start.size() - 2);
  if (start == ".") return whole;
  if (!start.ends_with('/')) start += '/';
  return whole.starts_with(start) ? whole.substr(start.size()) : whole;
}

bool is_safe_relative(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string_view::npos) return false;
  for (const std::string& part : split_text(name, '/'))
    if (part == "..") return false;
  return true;
}

}  // namespace maskmill
