// SPDX-License-Identifier: Apache-2.0
#include "fetch/cache.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"

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
  replace_file(record_of(file), sum + "  " + file.filename().string() + "\n");
}

std::string read_record(const Path& record) {
  constexpr std::size_t kDigits = 64;
  const std::string sum = lower_case(read_file(record).substr(0, kDigits));
  if (sum.size() == kDigits && sum.find_first_not_of("0123456789abcdef") == std::string::npos) return sum;
  throw Error(Code::bad_format, "does not begin with the 64 digits of a SHA-256")
      .at_file(record)
      .hint("delete it and the file beside it, which is downloaded again");
}

void verify(const Path& file, const Url& url, const std::vector<Checksum>& known) {
  const Path record = record_of(file);
  const bool is_recorded = fs::exists(record);
  std::vector<Checksum> expected = known;
  expected.push_back({ChecksumKind::sha256, is_recorded ? read_record(record) : ""});
  Checksums sums(expected);
  add_file(sums, file);
  try {
    require_equal(sums, expected, url.printable());
  } catch (const Error& error) {
    throw Error(error.code(), error.message()).at_file(file).hint("delete it, and it is downloaded again");
  }
  if (!is_recorded) write_record(file, sums.hex(ChecksumKind::sha256));
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

Path cached(const Url& url, const std::vector<Checksum>& checksums, const Access& access) {
  const Path file = cached_file(url);
  if (fs::exists(file)) {
    verify(file, url, checksums);
    return file;
  }
  try {
    write_record(file, download({url, file, checksums}, access).sha256);
  } catch (const Error& error) {
    if (error.code() != Code::unreadable && error.code() != Code::not_found) throw;
    throw Error(error.code(), error.message())
        .at(error.place())
        .hint((error.hint_text().empty() ? "" : error.hint_text() + "\n") +
              "where you have the file, put it at " + file.string());
  }
  return file;
}

}  // namespace maskmill::fetch
