// SPDX-License-Identifier: Apache-2.0
#include "fetch/archives.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <utility>

#include "base/archive.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/text.h"
#include "fetch/cache.h"
#include "fetch/remote_file.h"
#include "fetch/remote_zip.h"

namespace maskmill::fetch {
namespace {

bool matches(const std::string& name, const std::vector<std::string>& patterns) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
         });
}

/// Where an entry comes to lie below a root; nothing where it is not wanted.
std::optional<std::string> place_of(const std::string& name, const ArchivesRequest& request) {
  const std::string root = request.root.value_or("");
  std::string place = name;
  if (!root.empty()) {
    if (name != root && !name.starts_with(root + "/")) return std::nullopt;
    place = name == root ? "" : name.substr(root.size() + 1);
  }
  return matches(name, request.members) ? std::optional(place) : std::nullopt;
}

/// Where a folder holds nothing but a folder, that one's content comes in its place.
void lift_only_folder(const Path& folder) {
  const std::vector<fs::directory_entry> entries{fs::directory_iterator(folder), fs::directory_iterator()};
  if (entries.size() != 1 || entries.front().symlink_status().type() != fs::directory_file) return;
  const Path lifted = folder / "maskmill-lifted";  // a name that nothing in it has
  fs::rename(entries.front().path(), lifted);
  for (const fs::directory_entry& entry : fs::directory_iterator(lifted))
    fs::rename(entry.path(), folder / entry.path().filename());
  fs::remove(lifted);
}

std::size_t unpack_members(const RemoteFile& file, const Path& folder, const ArchivesRequest& request) {
  const RemoteZip zip(ranges_of(file));
  std::uint64_t room = usual_unpacked_limit(file.size());
  std::vector<RemoteZip::Number> wanted;
  std::map<RemoteZip::Number, std::string> places;
  for (RemoteZip::Number member = 0; member < zip.size(); ++member) {
    const std::string name(zip.name(member));
    if (name.ends_with('/')) continue;
    if (!is_safe_relative(name))
      throw Error(Code::bad_format, "an entry's name leads out of the archive")
          .at_file(file.url().printable())
          .at_field(printable(name));
    std::optional<std::string> place = place_of(name, request);
    if (!place) continue;
    if (zip.bytes(member) > room)
      throw Error(Code::bad_format, "unpacks to far more than it holds")
          .at_file(file.url().printable())
          .at_field(printable(name));
    room -= zip.bytes(member);
    wanted.push_back(member);
    places.emplace(member, std::move(*place));
  }
  zip.read(wanted, [&](RemoteZip::Number member, std::string_view bytes) {
    OutputFile made(folder / places.at(member));
    made.write(bytes);
    made.commit();
  });
  return wanted.size();
}

/// The server's zip file, where its members can be had singly.
std::optional<RemoteFile> remote_zip_of(const CatalogueFile& file, const ArchivesRequest& request,
                                        const Access& access) {
  const Url url(file.url);
  if (request.members.empty() || access.offline || lower_extension(url.file_name()) != "zip" ||
      fs::exists(cached_file(url)))
    return std::nullopt;
  try {
    return RemoteFile(url, access);
  } catch (const Error& error) {
    if (error.code() != Code::unsupported) throw;
    notice(error.message() + "; all of it is downloaded");
    return std::nullopt;
  }
}

void require_found(std::size_t files, const ArchivesRequest& request) {
  if (files > 0) return;
  if (!request.members.empty())
    throw Error(Code::not_found,
                "nothing in the archive has a name like " + in_quotes(joined(request.members, ", ")));
  throw Error(Code::not_found, request.root.value_or("").empty()
                                   ? "the archive is empty"
                                   : "there is no " + in_quotes(*request.root) + " in the archive");
}

}  // namespace

std::vector<PlannedFile> plan(std::span<const CatalogueFile> files, const Access& access,
                              const std::optional<Path>& folder) {
  std::vector<PlannedFile> all;
  for (const CatalogueFile& file : files) {
    const Url url(file.url);
    const Path path = folder ? *folder / url.file_name() : cached_file(url), part = path.string() + ".part";
    PlannedFile planned{url.printable(), std::nullopt};
    if (fs::exists(path)) {
      planned.there = fs::file_size(path);
      planned.bytes = planned.there;
    } else {
      planned.bytes = look(url, access).bytes;
      if (fs::exists(part)) planned.there = fs::file_size(part);
    }
    all.push_back(std::move(planned));
  }
  return all;
}

void require_room(std::span<const PlannedFile> files) {
  std::uint64_t needed = 0;
  for (const PlannedFile& file : files) needed += file.to_come();
  Path folder = cache_folder();
  while (!fs::exists(folder) && folder.has_parent_path()) folder = folder.parent_path();
  boost::system::error_code failure;
  const fs::space_info space = fs::space(folder, failure);
  if (failure || space.available >= needed) return;
  throw Error(Code::write_failed, fmt::format("{} are to come, and {} are free", bytes_in_words(needed),
                                              bytes_in_words(space.available)))
      .at_file(folder)
      .hint("MASKMILL_CACHE names another folder for downloads");
}

namespace {

ArchivesFetched fetch_into(const OutputFolder& output, const ArchivesRequest& request, const Access& access,
                           std::vector<CachedFile>& archives) {
  const Path& folder = output.staging();
  ArchivesFetched fetched;
  std::vector<CatalogueFile> whole;
  for (const CatalogueFile& file : request.files) {
    const std::optional<RemoteFile> zip = remote_zip_of(file, request, access);
    if (!zip) {
      whole.push_back(file);
      continue;
    }
    const std::size_t members = unpack_members(*zip, folder, request);
    fetched.files += members;
    fetched.downloads.push_back({zip->url().printable(), zip->size(), "", members});
  }
  require_room(plan(whole, access));
  archives = cached(whole, access);
  for (std::size_t i = 0; i < archives.size(); ++i) {
    fetched.files += unpack(archives[i].path, folder,
                            {.place = [&](const std::string& name) { return place_of(name, request); }});
    fetched.downloads.push_back({Url(whole[i].url).printable(), archives[i].bytes, archives[i].sha256});
  }
  require_found(fetched.files, request);
  if (!request.root) lift_only_folder(folder);

  Provenance provenance = request.provenance;
  provenance.downloads = fetched.downloads;
  // In a folder of its own: who reads the layout may take any JSON file beside its folders for a part of it,
  // as the fine-tuning demo does. What maskmill wrote and somebody packed has one already, which stays.
  const bool has_one = fs::exists(folder / "maskmill/provenance.json");
  output.write(has_one ? "maskmill/fetched/provenance.json" : "maskmill/provenance.json",
               to_json_text(provenance));
  if (!request.about.empty() && !fs::exists(folder / "SOURCE.md")) output.write("SOURCE.md", request.about);
  return fetched;
}

}  // namespace

ArchivesFetched fetch_archives(const ArchivesRequest& request, const Path& target, Overwrite overwrite,
                               const Access& access) {
  OutputFolder output(target, overwrite);
  std::vector<CachedFile> archives;
  ArchivesFetched fetched;
  try {
    fetched = fetch_into(output, request, access, archives);
  } catch (const Error& error) {
    throw output.as_of_target(error);
  }
  output.commit();
  if (!request.keep_archives)
    for (const CachedFile& archive : archives) fs::remove(archive.path);
  return fetched;
}

}  // namespace maskmill::fetch
