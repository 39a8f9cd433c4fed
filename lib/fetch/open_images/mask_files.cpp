// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/mask_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <functional>
#include <optional>

#include "base/csv.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/staging.h"
#include "base/text.h"
#include "fetch/download.h"
#include "fetch/remote_zip.h"
#include "formats/openimages/mask_names.h"
#include "formats/openimages/oid_tables.h"

namespace maskmill::fetch {
namespace {

/// A zip file of no more bytes is not worth a look into its directory.
constexpr std::uint64_t kSmallShard = 4 << 20;
/// What a request costs, in bytes that would have come meanwhile.
constexpr std::uint64_t kRequestBytes = 32 << 10;

Path folder_of(const Path& masks, OpenImagesSplit split) {
  return masks / std::string(enum_names<OpenImagesSplit>[static_cast<std::size_t>(split)]);
}

/// The zip file that has a mask; nothing for a name that Open Images does not give.
std::optional<std::size_t> shard_of(const std::string& name) {
  if (name.find('/') != std::string::npos || !parse_mask_name(name)) return std::nullopt;
  const std::size_t shard = kOpenImagesShards.find(name.front());
  return shard == std::string_view::npos ? std::nullopt : std::optional(shard);
}

void for_each_mask(const Path& table, const std::function<void(std::string name)>& visit) {
  const auto columns = find_table(table);
  const auto column = columns ? columns->column("MaskPath") : std::nullopt;
  if (!column) throw Error(Code::bad_format, "has no column MaskPath").at_file(table);
  CsvScanner scanner(table);
  CsvLine line;
  scanner.next(line);
  std::vector<std::string> fields;
  while (scanner.next(line)) {
    if (line.is_plain) {
      visit(std::string(plain_csv_field(line.text, *column)));
      continue;
    }
    parse_csv_row(line.text, true, fields);
    if (fields.size() > *column) visit(fields[*column]);
  }
}

bool is_there(const Path& file) {
  boost::system::error_code failure;
  return fs::is_regular_file(file, failure);
}

class Shard {
 public:
  Shard(const MaskTable& table, char digit, const TableFiles& files, const MaskPlaces& places,
        Findings& findings)
      : url_(open_images_shard(table.split, digit)),
        files_(files),
        places_(places),
        folder_(folder_of(places.masks, table.split)),
        findings_(findings) {}

  /// Returns those that it does not have. `names` is bytewise, each once.
  std::vector<std::string> fetch(const std::vector<std::string>& names, OpenImagesMaskFiles how) try {
    if (const Path whole = whole_path(); how == OpenImagesMaskFiles::shards || is_there(whole))
      return take_from_whole(names);
    if (how == OpenImagesMaskFiles::members) {
      const RemoteFile file(url_, files_.access());
      return take(RemoteZip(ranges_of(file)), names);
    }
    return fetch_least(names);
  } catch (const Error& error) {
    if (error.code() != Code::not_found || files_.access().offline) throw;
    for (const std::string& name : names) report(name);
    return names;
  }

 private:
  Path whole_path() const { return files_.place(url_).value_or(places_.shards / url_.file_name()); }

  std::vector<std::string> fetch_least(const std::vector<std::string>& names) {
    const RemoteState state = look(url_, files_.access());
    if (!state.has_ranges || !state.bytes || *state.bytes <= kSmallShard) return take_from_whole(names);
    const RemoteFile file(url_, files_.access());
    const RemoteZip zip(ranges_of(file));
    const RemoteZip::Cost cost = zip.cost(found_in(zip, names));
    if (cost.bytes + kRequestBytes * cost.requests >= file.size()) return take_from_whole(names);
    return take(zip, names);
  }

  std::vector<std::string> take_from_whole(const std::vector<std::string>& names) {
    const Path path = files_.whole(url_, places_.shards);
    std::vector<std::string> missing = [&] {
      try {
        return take(RemoteZip(ranges_of(path)), names);
      } catch (Error& error) {
        throw error.at_file(path);
      }
    }();
    boost::system::error_code ignored;
    if (!files_.place(url_)) fs::remove(path, ignored);
    return missing;
  }

  static std::vector<RemoteZip::Number> found_in(const RemoteZip& zip,
                                                 const std::vector<std::string>& names) {
    std::vector<RemoteZip::Number> found;
    for (const std::string& name : names)
      if (const auto number = zip.find(name)) found.push_back(*number);
    return found;
  }

  std::vector<std::string> take(const RemoteZip& zip, const std::vector<std::string>& names) {
    std::vector<std::string> missing;
    for (const std::string& name : names)
      if (!zip.find(name)) missing.push_back(name);
    for (const std::string& name : missing) report(name);
    const std::vector<RemoteZip::Number> found = found_in(zip, names);
    boost::system::error_code failure;
    fs::create_directories(folder_, failure);
    if (failure) throw cannot_write(folder_, failure.value());
    zip.read(found, [&](RemoteZip::Number number, std::string_view content) {
      if (interrupted()) throw Error(Code::interrupted, "interrupted");
      write(std::string(zip.name(number)), content);
    });
    return missing;
  }

  /// Whole under its name or not there: what a kill leaves lies elsewhere.
  void write(const std::string& name, std::string_view content) {
    std::ofstream file(places_.incoming.string(), std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file || std::rename(places_.incoming.c_str(), (folder_ / name).c_str()) != 0)
      throw cannot_write(folder_ / name, errno);
  }

  void report(const std::string& name) {
    findings_.add({"mask-missing",
                   Severity::warning,
                   {name, {}, {}},
                   url_.printable() + " does not have this mask",
                   {}});
  }

  Url url_;
  const TableFiles& files_;
  const MaskPlaces& places_;
  Path folder_;
  Findings& findings_;
};

}  // namespace

std::vector<std::size_t> count_masks_to_fetch(const MaskTable& table, const Path& masks) {
  std::vector<std::size_t> counts(kOpenImagesShards.size());
  const Path folder = folder_of(masks, table.split);
  for_each_mask(table.file, [&](const std::string& name) {
    if (const auto shard = shard_of(name); shard && !is_there(folder / name)) ++counts[*shard];
  });
  return counts;
}

std::vector<std::string> fetch_masks(const MaskTable& table, OpenImagesMaskFiles how, const TableFiles& files,
                                     const MaskPlaces& places, Findings& findings) {
  const std::vector<std::size_t> counts = count_masks_to_fetch(table, places.masks);
  const Path folder = folder_of(places.masks, table.split);
  std::vector<std::string> missing;
  for_each_mask(table.file, [&](std::string name) {
    if (shard_of(name)) return;
    findings.add({"mask-missing",
                  Severity::warning,
                  {table.file.filename().string(), {}, "MaskPath"},
                  in_quotes(name) + " is no name of a mask of Open Images",
                  {}});
    missing.push_back(std::move(name));
  });
  // Names of one zip file at a time: of all splits they may be millions.
  for (std::size_t shard = 0; shard < counts.size(); ++shard) {
    if (counts[shard] == 0) continue;
    std::vector<std::string> names;
    for_each_mask(table.file, [&](std::string name) {
      if (shard_of(name) == shard && !is_there(folder / name)) names.push_back(std::move(name));
    });
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const auto more = Shard(table, kOpenImagesShards[shard], files, places, findings).fetch(names, how);
    missing.insert(missing.end(), more.begin(), more.end());
  }
  return missing;
}

}  // namespace maskmill::fetch
