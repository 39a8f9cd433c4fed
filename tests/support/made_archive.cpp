// SPDX-License-Identifier: Apache-2.0
#include "support/made_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <stdexcept>

namespace maskmill::tests {

void write_archive(const Path& path, const std::vector<ArchiveEntry>& entries) {
  archive* writer = ::archive_write_new();
  const auto require = [&](int result) {
    if (result != ARCHIVE_OK) throw std::runtime_error(::archive_error_string(writer));
  };
  require(::archive_write_set_format_filter_by_ext_def(writer, path.c_str(), ".tar"));
  require(::archive_write_open_filename(writer, path.c_str()));
  for (const ArchiveEntry& made : entries) {
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, made.name.c_str());
    ::archive_entry_set_perm(entry, 0644);
    const bool has_bytes = made.kind == ArchiveEntry::Kind::file;
    switch (made.kind) {
      case ArchiveEntry::Kind::file:
        ::archive_entry_set_filetype(entry, AE_IFREG);
        break;
      case ArchiveEntry::Kind::folder:
        ::archive_entry_set_filetype(entry, AE_IFDIR);
        break;
      case ArchiveEntry::Kind::symbolic_link:
        ::archive_entry_set_filetype(entry, AE_IFLNK);
        ::archive_entry_set_symlink(entry, made.content.c_str());
        break;
      case ArchiveEntry::Kind::hard_link:
        ::archive_entry_set_filetype(entry, AE_IFREG);
        ::archive_entry_set_hardlink(entry, made.content.c_str());
        break;
      case ArchiveEntry::Kind::pipe:
        ::archive_entry_set_filetype(entry, AE_IFIFO);
        break;
      case ArchiveEntry::Kind::device:
        ::archive_entry_set_filetype(entry, AE_IFCHR);
        ::archive_entry_set_rdevmajor(entry, 1);
        ::archive_entry_set_rdevminor(entry, 3);
        break;
    }
    ::archive_entry_set_size(entry, has_bytes ? static_cast<std::int64_t>(made.content.size()) : 0);
    require(::archive_write_header(writer, entry));
    if (has_bytes && ::archive_write_data(writer, made.content.data(), made.content.size()) !=
                         static_cast<std::int64_t>(made.content.size()))
      throw std::runtime_error(::archive_error_string(writer));
    ::archive_entry_free(entry);
  }
  require(::archive_write_close(writer));
  ::archive_write_free(writer);
}

std::vector<ArchiveEntry> entries_of(const Path& folder) {
  std::vector<ArchiveEntry> entries;
  for (const Path& file : list_files(folder))
    entries.push_back({relative_name(file, folder), read_file(file)});
  return entries;
}

}  // namespace maskmill::tests
