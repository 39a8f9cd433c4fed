// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace maskmill {

namespace fs = boost::filesystem;
using Path = fs::path;

/// The whole file. Throws Error(not_found | unreadable) naming the path; a folder is unreadable.
std::string read_file(const Path& path);

/// Regular files below `folder`, sorted by their relative path bytewise, so the order is the same on every
/// machine. Left out: names that begin with "." (among them AppleDouble's "._x"), Thumbs.db, __MACOSX. Links
/// to files are followed, links to folders are not. Throws Error(not_found | unreadable).
std::vector<Path> list_files(const Path& folder, bool recursive = true);

/// Those directly in `folder` that have one of these extensions (as lower_extension), in the same order; the
/// others, which may be 100,000 images, take no memory.
std::vector<Path> list_files_of(const Path& folder, std::initializer_list<std::string_view> extensions);

/// The same files one by one, by their paths relative to `folder`, in no order: for folders of any number of
/// files.
void for_each_file(const Path& folder, bool recursive, const std::function<void(const std::string&)>& visit);

/// Folders directly inside `folder`, sorted, hidden ones left out. Links are followed; what leads nowhere, or
/// in a circle, is none. Throws Error(not_found | unreadable).
std::vector<Path> list_folders(const Path& folder);

/// Whether a folder, or a regular file, lies there; links are followed. False where that cannot be told.
bool is_folder(const Path& path);
bool is_file(const Path& path);

/// Extension in lower case without the dot: "jpg" for "A.JPG"; empty where there is none.
std::string lower_extension(const Path& path);

/// `path` relative to `base`, with "/" between parts; `path` itself where it is not below `base`.
std::string relative_name(const Path& path, const Path& base);

/// True where a file system is mounted on `folder`, a path as fs::canonical gives it: nothing can be renamed
/// to such a folder.
bool is_mount_point(const Path& folder);
/// What the text of /proc/self/mountinfo names as mount points (man 5 proc).
std::vector<std::string> mount_points(std::string_view mountinfo);

/// True where `name` may be joined to an output folder: relative, not empty, no "..", no NUL.
bool is_safe_relative(std::string_view name);

}  // namespace maskmill
