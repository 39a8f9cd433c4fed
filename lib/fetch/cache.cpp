// SPDX-License-Identifier: Apache-2.0
#include "fetch/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "fetch/download.h"

namespace maskmill::fetch {
namespace {

std::optional<Path> folder_from(const char* variable) {
  const char* value = std::getenv(variable);
  if (!value || *value == '\0') return std::nullopt;
  return Path(value);
}

Path record_of(const Path& file) {
  return file.string() + ".sha256";
}

// As `sha256sum -c` reads it.
void write_record(const Path& file, const std::string& sum) {
  replace_file(record_of(file), fmt::format("{}  {}\n", sum, file.filename().string()));
}

std::string read_record(const Path& record) {
  constexpr std::size_t kDigits = 64;
  const std::string sum = lower_case(read_file(record).substr(0, kDigits));
  if (sum.size() == kDigits && sum.find_first_not_of("0123456789abcdef") == std::string::npos) return sum;
  throw Error(Code::bad_format, "does not begin with the 64 digits of a SHA-256")
      .at_file(record)
      .hint("delete it and the file beside it, which is downloaded again");
}

/// What is known of it, and what was recorded when it came first.
std::vector<Checksum> expected_of(const Path& file, std::vector<Checksum> known) {
  if (fs::exists(record_of(file))) {
    std::string recorded = read_record(record_of(file));
    known.push_back({ChecksumKind::sha256, std::move(recorded)});
  }
  return known;
}

CachedFile verified(const Path& file, const Url& url, const std::vector<Checksum>& expected) {
  CachedFile found{.path = file, .bytes = 0, .sha256 = {}};
  try {
    found.sha256 = sha256_of_known(file, expected, url.printable());
  } catch (const Error& error) {
    if (error.code() != Code::bad_format) throw;
    throw Error(error.code(), error.message()).at_file(file).hint("delete it, and it is downloaded again");
  }
  found.bytes = fs::file_size(file);
  if (!fs::exists(record_of(file))) write_record(file, found.sha256);
  return found;
}

Error explained(const Error& error, const Path& file) {
  std::string what_to_do = error.hint_text();
  const auto add = [&](const std::string& line) { what_to_do += (what_to_do.empty() ? "" : "\n") + line; };
  if (error.code() == Code::unreadable || error.code() == Code::not_found)
    add("where you have the file, put it at " + file.string());
  if (error.code() == Code::bad_format && fs::exists(record_of(file)))
    add("where its publisher has changed it, delete " + record_of(file).string());
  return Error(error.code(), error.message()).at(error.place()).hint(what_to_do);
}

}  // namespace

Path cache_folder() {
  if (const auto given = folder_from("MASKMILL_CACHE")) return *given;
  if (const auto caches = folder_from("XDG_CACHE_HOME"); caches && caches->is_absolute())
    return *caches / "maskmill";
  if (const auto home = folder_from("HOME")) return *home / ".cache" / "maskmill";
  throw Error(Code::usage, "there is no folder for downloads").hint("set MASKMILL_CACHE to one, or HOME");
}

Path cached_file(const Url& url) {
  return cache_folder() / (url.host() + "-" + url.digest().substr(0, 16)) / url.file_name();
}

std::vector<CachedFile> cached(std::span<const CatalogueFile> files, const Access& access) {
  std::vector<CachedFile> all(files.size());
  std::vector<std::size_t> absent;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Url url(files[i].url);
    all[i].path = cached_file(url);
    if (fs::exists(all[i].path))
      all[i] = verified(all[i].path, url, expected_of(all[i].path, files[i].checksums));
    else
      absent.push_back(i);
  }
  std::size_t begun = 0;
  download_all(
      [&]() -> std::optional<Wanted> {
        if (begun == absent.size()) return std::nullopt;
        const std::size_t i = absent[begun++];
        return Wanted{Url(files[i].url), all[i].path, expected_of(all[i].path, files[i].checksums)};
      },
      [&](const Wanted& wanted, const DownloadResult& result) {
        if (const auto* error = std::get_if<Error>(&result)) throw explained(*error, wanted.target);
        const auto& got = std::get<Downloaded>(result);
        write_record(wanted.target, got.sha256);
        for (CachedFile& file : all)
          if (file.path == wanted.target) file = {wanted.target, got.bytes, got.sha256};
      },
      access);
  return all;
}

Path cached(const Url& url, const std::vector<Checksum>& checksums, const Access& access) {
  const CatalogueFile file{url.text(), checksums};
  return cached({&file, 1}, access).front().path;
}

}  // namespace maskmill::fetch
