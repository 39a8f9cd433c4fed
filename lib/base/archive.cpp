// SPDX-License-Identifier: Apache-2.0
#include "base/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "base/staging.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::array<std::string_view, 12> kEndings{".tar.gz",   ".tar.bz2", ".tar.xz", ".tar.zst",
                                                    ".tar.zstd", ".tgz",     ".tbz2",   ".txz",
                                                    ".tzst",     ".tar",     ".zip",    ".7z"};
constexpr std::size_t kReadAtOnce = std::size_t{1} << 18;
constexpr std::uint64_t kMostTimesItsSize = 200;
constexpr std::uint64_t kLeastLimit = std::uint64_t{1} << 30;

std::size_t ending_length(const Path& path) {
  const std::string name = lower_case(path.filename().string());
  for (const std::string_view ending : kEndings)
    if (name.size() > ending.size() && name.ends_with(ending)) return ending.size();
  return 0;
}

/// libarchive converts names into the thread's encoding, and drops those that do not fit into that of "C".
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_) before_ = ::uselocale(locale_);
  }
  ~Utf8Locale() {
    if (!locale_) return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t locale_;
  locale_t before_{};
};

struct FreeArchive {
  void operator()(::archive* reader) const { ::archive_read_free(reader); }
};

class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return descriptor_; }
  int close() { return ::close(std::exchange(descriptor_, -1)); }

 private:
  int descriptor_;
};

struct Link {
  std::string name, target;
};

class Unpacker {
 public:
  Unpacker(const Path& archive, const Path& folder, const UnpackOptions& options)
      : path_(archive),
        folder_(folder),
        most_bytes_(options.most_bytes.value_or(usual_unpacked_limit(archive))),
        place_(options.place),
        reader_(::archive_read_new()) {
    ::archive_read_support_filter_all(reader_.get());
    ::archive_read_support_format_tar(reader_.get());
    ::archive_read_support_format_zip(reader_.get());
    ::archive_read_support_format_7zip(reader_.get());
    if (::archive_read_open_filename(reader_.get(), archive.c_str(), kReadAtOnce) != ARCHIVE_OK)
      throw failure("cannot be read as an archive");
  }

  std::size_t run() {
    ::archive_entry* entry = nullptr;
    for (;;) {
      throw_if_interrupted();
      const int result = ::archive_read_next_header(reader_.get(), &entry);
      if (result == ARCHIVE_EOF) break;
      name_.clear();
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) throw failure("cannot be read to its end");
      const char* name = ::archive_entry_pathname(entry);
      if (!name) throw Error(Code::bad_format, "has an entry without a name").at_file(path_);
      name_ = name;
      unpack_entry(entry);
    }
    // Only now, so that nothing is ever written through one.
    for (const Link& link : links_) make_link(link);
    return count_;
  }

 private:
  Error error(Code code, std::string message) const {
    Error made(code, std::move(message));
    made.at_file(path_);
    if (!name_.empty()) made.at_field(printable(name_));
    return made;
  }
  /// Of the last call to libarchive.
  Error failure(std::string_view what) const {
    const char* said = ::archive_error_string(reader_.get());
    return error(Code::bad_format, fmt::format("{}: {}", what, said ? said : "no reason is given"));
  }

  void unpack_entry(::archive_entry* entry) {
    while (name_.starts_with("./")) name_.erase(0, 2);
    while (name_.ends_with('/')) name_.pop_back();
    if (name_.empty() || name_ == ".") return;
    if (!is_safe_relative(name_)) throw error(Code::bad_format, "an entry's name leads out of the archive");
    const std::optional<std::string> place = placed(name_);
    if (const char* target = ::archive_entry_hardlink(entry)) {
      if (place) add_hard_link(target, *place);
      return;
    }
    switch (::archive_entry_filetype(entry)) {
      case AE_IFDIR:
        if (place && !place->empty()) make_folder(folder_ / *place);
        return;
      case AE_IFREG:
        if (place) unpack_file(entry, *place);
        return;
      case AE_IFLNK: {
        const char* target = ::archive_entry_symlink(entry);
        if (place) links_.push_back({*place, target ? target : ""});
        return;
      }
      default:
        throw error(Code::bad_format, "an entry is neither a file nor a folder nor a link");
    }
  }

  std::optional<std::string> placed(const std::string& name) const {
    if (!place_) return name;
    std::optional<std::string> place = place_(name);
    if (place && !place->empty() && !is_safe_relative(*place))
      throw error(Code::bad_format, "an entry's name leads out of the archive");
    return place;
  }

  void make_folder(const Path& folder) const {
    boost::system::error_code problem;
    fs::create_directories(folder, problem);
    if (problem && !fs::is_directory(folder))
      throw error(Code::bad_format, "an entry is a file and a folder: " + problem.message());
  }

  void unpack_file(::archive_entry* entry, const std::string& place) {
    if (::archive_entry_size_is_set(entry))
      require_room(std::max<std::int64_t>(0, ::archive_entry_size(entry)));
    const Path target = folder_ / place;
    make_folder(target.parent_path());
    OpenFile file(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (file.get() < 0) throw not_made(target, errno);
    std::int64_t end = 0;
    for (;;) {
      throw_if_interrupted();
      const void* bytes = nullptr;
      std::size_t count = 0;
      std::int64_t offset = 0;
      const int result = ::archive_read_data_block(reader_.get(), &bytes, &count, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result != ARCHIVE_OK) throw failure("an entry cannot be read");
      if (offset < end) throw error(Code::bad_format, "an entry's parts overlap");
      end = offset + static_cast<std::int64_t>(count);
      require_room(end);
      write_at(file.get(), target, static_cast<const char*>(bytes), count, offset);
    }
    if (::ftruncate(file.get(), end) != 0 || file.close() != 0) throw cannot_write(target, errno);
    unpacked_ += static_cast<std::uint64_t>(end);
    ++count_;
  }

  /// For an entry of `size` bytes.
  void require_room(std::int64_t size) const {
    if (static_cast<std::uint64_t>(size) > most_bytes_ - unpacked_)
      throw error(Code::bad_format, fmt::format("unpacks to more than {} bytes, far more than it holds",
                                                with_thousands(most_bytes_)))
          .hint("unpack it yourself if you know what it is, and name the folder");
  }

  static void write_at(int descriptor, const Path& target, const char* bytes, std::size_t count,
                       std::int64_t offset) {
    while (count > 0) {
      const ssize_t written = ::pwrite(descriptor, bytes, count, offset);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw cannot_write(target, errno);
      bytes += written;
      count -= static_cast<std::size_t>(written);
      offset += written;
    }
  }

  Error not_made(const Path& target, int number) const {
    if (number == EEXIST || number == EISDIR)
      return error(Code::bad_format, "there are two entries of one name");
    return cannot_write(target, number);
  }

  void add_hard_link(const std::string& to, const std::string& place) {
    if (!is_safe_relative(to))
      throw error(Code::bad_format, "a link leads out of the archive, to " + in_quotes(to));
    const Path target = folder_ / place;
    make_folder(target.parent_path());
    const std::optional<std::string> there = placed(to);
    if (there && ::linkat(AT_FDCWD, (folder_ / *there).c_str(), AT_FDCWD, target.c_str(), 0) == 0) {
      ++count_;
      return;
    }
    if (!there || errno == ENOENT)
      throw error(Code::bad_format, "a link leads to " + in_quotes(to) + ", which is not before it");
    throw not_made(target, errno);
  }

  /// ".." may stand at a target's beginning alone: behind the name of another link, it would not lead where
  /// it seems to.
  static bool stays_inside(const Link& link) {
    if (link.target.empty() || link.target.front() == '/') return false;
    std::ptrdiff_t depth = std::ranges::count(link.name, '/');
    bool may_rise = true;
    for (const std::string& part : split_text(link.target, '/')) {
      if (part == "..") {
        if (!may_rise || --depth < 0) return false;
      } else if (!part.empty() && part != ".") {
        may_rise = false;
      }
    }
    return true;
  }

  void make_link(const Link& link) {
    name_ = link.name;
    if (!stays_inside(link))
      throw error(Code::bad_format, "a link leads out of the archive, to " + in_quotes(link.target));
    const Path target = folder_ / link.name;
    make_folder(target.parent_path());
    if (::symlink(link.target.c_str(), target.c_str()) != 0) throw not_made(target, errno);
    ++count_;
  }

  const Path& path_;
  const Path& folder_;
  const std::uint64_t most_bytes_;
  const std::function<std::optional<std::string>(const std::string&)>& place_;
  Utf8Locale locale_;
  std::unique_ptr<::archive, FreeArchive> reader_;
  std::string name_;  // of the entry
  std::uint64_t unpacked_ = 0;
  std::size_t count_ = 0;
  std::vector<Link> links_;
};

}  // namespace

bool has_archive_name(const Path& path) {
  return ending_length(path) > 0;
}

std::string archive_stem(const Path& path) {
  const std::string name = path.filename().string();
  return name.substr(0, name.size() - ending_length(path));
}

std::uint64_t usual_unpacked_limit(std::uint64_t archive_bytes) {
  return std::max(kLeastLimit, kMostTimesItsSize * archive_bytes);
}

std::uint64_t usual_unpacked_limit(const Path& archive) {
  boost::system::error_code failure;
  const std::uint64_t size = fs::file_size(archive, failure);
  return usual_unpacked_limit(failure ? 0 : size);
}

std::size_t unpack(const Path& archive, const Path& folder, const UnpackOptions& options) {
  if (!fs::exists(archive)) throw Error(Code::not_found, "there is no such file").at_file(archive);
  if (!fs::is_regular_file(archive)) throw Error(Code::unreadable, "is no regular file").at_file(archive);
  return Unpacker(archive, folder, options).run();
}

}  // namespace maskmill
