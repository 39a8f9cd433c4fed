// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

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

struct Entry {
  std::string name;
  fs::file_type type = fs::type_unknown;  // its own, not that of what it links to
};

fs::file_type type_of(const ::dirent& entry, const Path& folder) {
  switch (entry.d_type) {
    case DT_REG:
      return fs::regular_file;
    case DT_DIR:
      return fs::directory_file;
    case DT_LNK:
      return fs::symlink_file;
    case DT_UNKNOWN: {  // as some file systems say of all
      boost::system::error_code ignored;
      return fs::symlink_status(folder / entry.d_name, ignored).type();
    }
    default:
      return fs::type_unknown;  // and nothing that anyone looks for
  }
}

// Visits a folder's entries, in the file system's order. A listing that breaks off is an error, not a short
// folder. readdir() and not Boost's iterator, which asks for the type of every file once more: formats are
// told apart by looking at one folder many times.
template <class Visit>
void for_each_entry(const Path& folder, Visit&& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), &::closedir);
  if (!listing) throw cannot_read(folder, errno);
  for (errno = 0; const ::dirent* entry = ::readdir(listing.get()); errno = 0)
    if (std::string name = entry->d_name; !is_left_out(name))
      visit(Entry{std::move(name), type_of(*entry, folder)});
  if (errno != 0) throw cannot_read(folder, errno);
}

// Of what it links to, where it is a link.
fs::file_type linked_type(const Entry& entry, const Path& folder) {
  if (entry.type != fs::symlink_file) return entry.type;
  boost::system::error_code ignored;
  return fs::status(folder / entry.name, ignored).type();
}

// A link to a folder is never walked into, so that loops end.
void visit_below(const Path& folder, const std::string& prefix, bool recursive,
                 const std::function<void(const std::string&)>& visit) {
  for_each_entry(folder, [&](const Entry& entry) {
    const std::string name = prefix + entry.name;
    if (entry.type == fs::directory_file) {
      if (recursive) visit_below(folder / entry.name, name + "/", recursive, visit);
    } else if (linked_type(entry, folder) == fs::regular_file) {
      visit(name);
    }
  });
}

void sort_by_name(std::vector<Path>& paths) {
  std::ranges::sort(paths, {}, &Path::native);
}

// The kernel writes blanks, line breaks and backslashes of a path as a backslash and three octal digits.
std::string without_octal(std::string_view text) {
  const auto is_octal = [](char digit) { return digit >= '0' && digit <= '7'; };
  std::string plain;
  while (!text.empty()) {
    const bool escaped =
        text.size() >= 4 && text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) && is_octal(text[3]);
    const int code = escaped ? (text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0') : text[0];
    plain += static_cast<char>(code);
    text.remove_prefix(escaped ? 4 : 1);
  }
  return plain;
}

// Without the kernel's list: another device than the folder above, or no folder above.
bool is_on_device_of_its_own(const Path& folder) {
  struct stat here {
  }, above{};
  if (::stat(folder.c_str(), &here) != 0 || ::stat((folder / "..").c_str(), &above) != 0) return false;
  return here.st_dev != above.st_dev || here.st_ino == above.st_ino;
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

bool is_folder(const Path& path) {
  boost::system::error_code failure;
  return fs::is_directory(path, failure);
}

bool is_file(const Path& path) {
  boost::system::error_code failure;
  return fs::is_regular_file(path, failure);
}

void for_each_file(const Path& folder, bool recursive, const std::function<void(const std::string&)>& visit) {
  require_folder(folder);
  visit_below(folder, "", recursive, visit);
}

std::vector<Path> list_files(const Path& folder, bool recursive) {
  std::vector<Path> files;
  for_each_file(folder, recursive, [&](const std::string& name) { files.push_back(folder / name); });
  sort_by_name(files);
  return files;
}

std::vector<Path> list_files_of(const Path& folder, std::initializer_list<std::string_view> extensions) {
  std::vector<Path> files;
  for_each_file(folder, false, [&](const std::string& name) {
    if (std::ranges::find(extensions, lower_extension(name)) != extensions.end())
      files.push_back(folder / name);
  });
  sort_by_name(files);
  return files;
}

std::vector<Path> list_folders(const Path& folder) {
  require_folder(folder);
  std::vector<Path> folders;
  for_each_entry(folder, [&](const Entry& entry) {
    if (linked_type(entry, folder) == fs::directory_file) folders.push_back(folder / entry.name);
  });
  sort_by_name(folders);
  return folders;
}

std::string lower_extension(const Path& path) {
  std::string extension = path.extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  return lower_case(extension);
}

std::string relative_name(const Path& path, const Path& base) {
  std::string whole = path.lexically_normal().generic_string();
  std::string start = base.lexically_normal().generic_string();
  while (start.size() > 1 && start.ends_with('/')) start.pop_back();
  if (start.ends_with("/.")) start.resize(start.size() - 2);
  if (start == ".") return whole;
  if (!start.ends_with('/')) start += '/';
  return whole.starts_with(start) ? whole.substr(start.size()) : whole;
}

std::vector<std::string> mount_points(std::string_view mountinfo) {
  constexpr std::size_t kMountPoint = 4;  // the field, from 0
  std::vector<std::string> points;
  for (const std::string_view line : lines_of(mountinfo))
    if (const std::vector<std::string> fields = split_text(line, ' '); fields.size() > kMountPoint)
      points.push_back(without_octal(fields[kMountPoint]));
  return points;
}

bool is_mount_point(const Path& folder) {
  std::string mountinfo;
  try {
    mountinfo = read_file("/proc/self/mountinfo");
  } catch (const Error&) {
    return is_on_device_of_its_own(folder);
  }
  const std::vector<std::string> points = mount_points(mountinfo);
  return std::find(points.begin(), points.end(), folder.string()) != points.end();
}

bool is_safe_relative(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string_view::npos) return false;
  for (const std::string& part : split_text(name, '/'))
    if (part == "..") return false;
  return true;
}

}  // namespace maskmill
