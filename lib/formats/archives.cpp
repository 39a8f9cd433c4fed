// SPDX-License-Identifier: Apache-2.0
#include "formats/archives.h"

#include <boost/filesystem.hpp>
#include <map>
#include <mutex>
#include <utility>

#include "base/archive.h"
#include "base/staging.h"
#include "formats/contents.h"

namespace maskmill {
namespace {

struct Unpacked {
  std::unique_ptr<Staging> staging;
  Path folder;  // in it; has the archive's name, for messages that name what lies there
};

/// Of the whole process: items refer to files in it when their source is gone already.
class UnpackedArchives {
 public:
  static UnpackedArchives& all() {
    static UnpackedArchives archives;
    return archives;
  }

  Path folder_of(const Path& archive) {
    const std::lock_guard lock(mutex_);
    // A second archive of this name, or one that was written anew, is another.
    const Key key{fs::absolute(archive).lexically_normal(), fs::last_write_time(archive),
                  fs::file_size(archive)};
    const auto known = archives_.find(key);
    if (known != archives_.end()) return known->second.folder;
    Unpacked unpacked;
    unpacked.staging = std::make_unique<Staging>(fs::temp_directory_path() / "unpacked");
    unpacked.folder = unpacked.staging->folder() / archive.filename();
    fs::create_directory(unpacked.folder);
    try {
      unpack(archive, unpacked.folder);
    } catch (Error& error) {
      if (error.code() == Code::write_failed)
        error.hint("archives are unpacked into the folder for temporary files; TMPDIR names another");
      throw;
    }
    named_.emplace(unpacked.staging->folder(), archive);
    return archives_.emplace(key, std::move(unpacked)).first->second.folder;
  }

  /// The archive, and the path in it.
  std::optional<std::pair<Path, Path>> find(const Path& file) {
    const std::lock_guard lock(mutex_);
    for (const auto& [folder, archive] : named_) {
      const Path inside = file.lexically_relative(folder);
      if (inside.empty() || *inside.begin() == "..") continue;
      Path below;
      for (auto part = std::next(inside.begin()); part != inside.end(); ++part) below /= *part;
      return std::pair(archive, below);
    }
    return std::nullopt;
  }

  /// The inverse of find().
  std::optional<Path> lies_at(const Path& named) {
    const std::lock_guard lock(mutex_);
    for (const auto& [folder, archive] : named_) {
      const Path below = named.lexically_relative(archive);
      if (below.empty() || *below.begin() == "..") continue;
      return folder / archive.filename() / below;
    }
    return std::nullopt;
  }

 private:
  struct Key {
    Path path;
    std::time_t written;
    std::uintmax_t size;
    auto operator<=>(const Key& other) const {
      return std::tuple(path.native(), written, size) <=>
             std::tuple(other.path.native(), other.written, other.size);
    }
    bool operator==(const Key&) const = default;
  };
  std::mutex mutex_;
  std::map<Key, Unpacked> archives_;
  std::map<Path, Path> named_;  // the archives by the folders into which they were unpacked
};

class ArchiveSource : public Source {
 public:
  explicit ArchiveSource(std::unique_ptr<Source> source) : source_(std::move(source)) {
    source_->findings().for_each([&](const Finding& finding) { findings_.add(placed(finding)); });
  }

  const Metadata& metadata() const override { return source_->metadata(); }
  std::size_t size() const override { return source_->size(); }
  void rewind() override { source_->rewind(); }
  const Findings& findings() const override { return findings_; }

  ReadItem next() override {
    ReadItem read = source_->next();
    if (!read) return {};
    return [read = std::move(read)](std::vector<Finding>& findings, Look look) {
      std::vector<Finding> found;
      std::optional<Item> item = read(found, look);
      for (Finding& finding : found) findings.push_back(placed(std::move(finding)));
      if (!item) return item;
      item->origin = in_archive(std::move(item->origin));
      for (Annotation& annotation : item->annotations)
        annotation.origin = in_archive(std::move(annotation.origin));
      return item;
    };
  }

 private:
  static Finding placed(Finding finding) {
    finding.place = in_archive(std::move(finding.place));
    return finding;
  }

  std::unique_ptr<Source> source_;
  Findings findings_;
};

}  // namespace

std::vector<Path> roots_in_archive(const Path& archive) try {
  return nested_roots(UnpackedArchives::all().folder_of(archive));
} catch (const fs::filesystem_error& problem) {
  throw Error(Code::unreadable, "cannot be unpacked: " + problem.code().message()).at_file(archive);
}

std::optional<Path> archive_of(const Path& file) {
  const auto found = UnpackedArchives::all().find(file);
  return found ? std::optional(found->first) : std::nullopt;
}

Place in_archive(Place place) {
  if (place.file.empty()) return place;
  if (const auto found = UnpackedArchives::all().find(place.file))
    place.file = (found->second.empty() ? found->first : found->first / found->second).string();
  return place;
}

Error in_archive(const Error& error) {
  Error placed(error.code(), error.message());
  placed.at(in_archive(error.place()));
  if (!error.hint_text().empty()) placed.hint(error.hint_text());
  return placed;
}

Path unpacked(const Path& file) {
  return UnpackedArchives::all().lies_at(file).value_or(file);
}

std::unique_ptr<Source> in_archive(std::unique_ptr<Source> source) {
  return std::make_unique<ArchiveSource>(std::move(source));
}

}  // namespace maskmill
