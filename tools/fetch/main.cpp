// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/archive.h"
#include "base/progress.h"
#include "base/text.h"
#include "data_options.h"
#include "fetch/archives.h"
#include "fetch/cache.h"
#include "fetch/download.h"
#include "fetch/source.h"
#include "open_images.h"
#include "planned_files.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  std::optional<std::string> output;
  bool force = false;
  bool list = false, dry_run = false, offline = false, no_unpack = false, drop_archives = false;
  std::vector<std::string> catalogue, checksum, members;
  std::optional<std::string> urls, mirror;
  int transfers = fetch::Access{}.transfers;
  int attempts = fetch::Patience{}.attempts;
  OpenImagesOptions open_images;
  static void visit(auto& self, auto&& setting) {
    setting(
        "output", self.output,
        "the folder to write: a data set's, or that in which files come to lie; of several data sets each "
        "gets a folder in it",
        short_flag('o'), unset("archives and weights are only put into the cache"));
    setting("force", self.force, "replace a file, or a folder that a maskmill command wrote");
    setting("list", self.list, "show the catalogue, and fetch nothing");
    setting("dry-run", self.dry_run, "show what would be downloaded, with sizes, and fetch nothing",
            short_flag('n'));
    setting("urls", self.urls,
            "a file with URLs to fetch, one a line, each with its checksum where it is "
            "known; - is the standard input",
            unset("none"));
    setting("checksum", self.checksum,
            "of the URLs, in their order: sha256:, md5: or crc32c: and hexadecimal digits");
    setting("no-unpack", self.no_unpack, "keep archives as they are");
    setting("members", self.members,
            "unpack only what has such a name in its archive, with * and ? as in a shell; of a zip file on a "
            "server with ranges only that is downloaded");
    setting("drop-archives", self.drop_archives, "remove archives from the cache once they are unpacked");
    setting("catalogue", self.catalogue, "JSON files with further entries");
    setting("mirror", self.mirror,
            "ask for URL/HOST/PATH in the place of http://HOST/PATH and https://HOST/PATH", unset("none"));
    setting("offline", self.offline, "use what is in the cache, and ask nobody");
    setting("transfers", self.transfers, "at once; of one server over at most 8 connections",
            between(1, 256));
    setting("attempts", self.attempts, "that a file gets without headway, with growing waits between",
            between(1, 100));
    OpenImagesOptions::visit(self.open_images, setting);
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "SOURCE is a name of the catalogue, a URL, or openimages. Data sets and archives are downloaded\n"
    "into the cache (MASKMILL_CACHE, else maskmill in ~/.cache) and unpacked into the output, which\n"
    "is whole or absent; other files come to lie in it, and where some of them cannot be had, the\n"
    "exit code is 1. What was interrupted goes on where it ended, if the server's file is still the\n"
    "same. Bytes are held to the checksums that are known, to those that the server publishes, and\n"
    "to what came the first time. Proxies come from the environment (https_proxy, no_proxy),\n"
    "certificates too (SSL_CERT_FILE), users and passwords from ~/.netrc. Names of one's own are\n"
    "added by JSON files in ~/.config/maskmill/catalogue.",
    {{"SOURCE", "a name of the catalogue, a URL, or openimages", Operand::Count::any}},
    {{"maskmill fetch --list", "what the catalogue knows"},
     {"maskmill fetch oxford-iiit-pet -o pets", "a data set, as check, convert and train take it"},
     {"maskmill fetch https://example.org/masks.zip -o masks --members '*/train/*.png'",
      "some members of an archive"},
     {"maskmill fetch openimages --classes \"Hot dog\" --max 500 -o anno", "Open Images by class"},
     {"maskmill fetch --urls list.txt -o images", "many files at once"}}};

fetch::Access access_of(const Options& options) {
  fetch::Access access;
  access.patience.attempts = options.attempts;
  access.transfers = options.transfers;
  access.offline = options.offline;
  if (options.mirror) access.mirror.emplace(*options.mirror);
  return access;
}

fetch::Catalogue catalogue_of(const Options& options) {
  fetch::Catalogue catalogue = fetch::known_catalogue();
  for (const std::string& file : options.catalogue)
    catalogue.add(fetch::parse_catalogue(read_file(file), file));
  return catalogue;
}

int list(const CommandLine& line, const fetch::Catalogue& catalogue) {
  Json document{{"data", Json::array()}, {"weights", Json::array()}};
  std::string text = "Data sets\n";
  for (const fetch::DataEntry& entry : catalogue.data) {
    text += fmt::format("  {:<22} {}; {}{}\n", entry.name, entry.title, entry.format,
                        entry.account.empty() ? "" : "; needs an account");
    document["data"].push_back({{"name", entry.name},
                                {"title", entry.title},
                                {"description", entry.description},
                                {"homepage", entry.homepage},
                                {"format", entry.format},
                                {"licence", entry.licence},
                                {"citation", entry.citation},
                                {"needs_account", !entry.account.empty()}});
  }
  text += "Weights\n";
  for (const fetch::WeightsEntry& entry : catalogue.weights) {
    text += fmt::format("  {}: {}\n", entry.name, entry.description);
    document["weights"].push_back(
        {{"name", entry.name}, {"network", entry.network}, {"description", entry.description}});
  }
  line.print(text, document);
  return 0;
}

/// What is to be fetched, by how it is.
struct Work {
  struct Unpacked {
    std::string name;
    std::optional<fetch::DataEntry> entry;  ///< none: of a URL
    std::vector<fetch::CatalogueFile> files;
  };
  std::vector<Unpacked> unpacked;
  std::vector<fetch::CatalogueFile> weights, files;

  bool is_one() const { return unpacked.size() + weights.size() + files.size() == 1; }
};

void add_url(Work& work, const fetch::CatalogueFile& file, const Options& options) {
  const Path name(fetch::Url(file.url).file_name());
  if (!options.no_unpack && has_archive_name(name))
    work.unpacked.push_back({archive_stem(name), std::nullopt, {file}});
  else
    work.files.push_back(file);
}

fetch::Checksum checksum_of(const std::string& text) {
  try {
    return fetch::parse_checksum(text);
  } catch (const Error& error) {
    throw Error(Code::usage, error.message()).at_field("checksum").hint(error.hint_text());
  }
}

Work find_work(const CommandLine& line, const Options& options, const fetch::Catalogue& catalogue) {
  Work work;
  std::size_t urls = 0;
  for (const std::string& text : line.operands("SOURCE")) {
    const fetch::FetchSource source = fetch::find_source(text, catalogue);
    if (const auto* entry = std::get_if<fetch::DataEntry>(&source))
      work.unpacked.push_back({entry->name, *entry, entry->files});
    if (const auto* entry = std::get_if<fetch::WeightsEntry>(&source)) work.weights.push_back(entry->file);
    if (const auto* url = std::get_if<fetch::Url>(&source)) {
      fetch::CatalogueFile file{url->text(), {}};
      if (urls < options.checksum.size()) file.checksums.push_back(checksum_of(options.checksum[urls]));
      ++urls;
      add_url(work, file, options);
    }
  }
  if (options.checksum.size() > urls)
    throw Error(Code::usage, "there are more checksums than URLs").at_field("checksum");
  if (options.urls)
    for (const fetch::CatalogueFile& file : fetch::read_url_list(*options.urls)) add_url(work, file, options);
  if (work.unpacked.empty() && work.weights.empty() && work.files.empty())
    throw Error(Code::usage, "there is nothing to fetch")
        .hint("name a URL or an entry of the catalogue, which --list shows");
  if (!work.files.empty() && !options.output && !options.dry_run)
    throw Error(Code::usage, "--output is missing: the folder for the files");
  return work;
}

int dry_run(const CommandLine& line, const Options& options, const Work& work, const fetch::Access& access) {
  std::vector<fetch::CatalogueFile> all = work.weights;
  for (const Work::Unpacked& some : work.unpacked)
    all.insert(all.end(), some.files.begin(), some.files.end());
  std::vector<fetch::PlannedFile> planned = fetch::plan(all, access);
  const std::optional<Path> folder = options.output ? std::optional<Path>(*options.output) : std::nullopt;
  for (fetch::PlannedFile& file : fetch::plan(work.files, access, folder)) planned.push_back(std::move(file));
  PlannedFiles files;
  files.add(planned);
  const auto unknown = static_cast<std::size_t>(
      std::ranges::count_if(planned, [](const fetch::PlannedFile& file) { return !file.bytes; }));
  files.text += fmt::format("{} would be downloaded{}\n", bytes_in_words(files.to_come),
                            unknown == 0 ? "" : ", and " + counted(unknown, "file") + " of unknown size");
  line.print(files.text, {{"files", std::move(files.list)}, {"bytes", files.to_come}});
  return 0;
}

Json to_json(const std::vector<Provenance::Download>& downloads) {
  Json files = Json::array();
  for (const Provenance::Download& file : downloads) files.push_back(maskmill::to_json(file));
  return files;
}

/// Into the output, or where there is none into the cache alone.
void fetch_unpacked(const CommandLine& line, const Options& options, const Work& work,
                    const fetch::Access& access, std::string& text, Json& sources) {
  for (const Work::Unpacked& some : work.unpacked) {
    Json source{{"name", some.name}, {"kind", some.entry ? "data" : "archive"}};
    if (!options.output) {
      std::vector<Provenance::Download> downloads;
      fetch::require_room(fetch::plan(some.files, access));
      const auto cached = fetch::cached(some.files, access);
      for (std::size_t i = 0; i < cached.size(); ++i) {
        downloads.push_back({fetch::Url(some.files[i].url).printable(), cached[i].bytes, cached[i].sha256});
        text += cached[i].path.string() + "\n";
      }
      source["files"] = to_json(downloads);
      sources.push_back(std::move(source));
      continue;
    }
    const Path target = work.is_one() ? Path(*options.output) : Path(*options.output) / some.name;
    fetch::ArchivesRequest request{some.files,       "", options.members, !options.drop_archives, "",
                                   {line.text(), {}}};
    if (some.entry) {
      request.root = some.entry->root;
      request.about = fetch::about(*some.entry);
      request.provenance.licence = some.entry->licence;
      request.provenance.citation = some.entry->citation;
    }
    const fetch::ArchivesFetched fetched =
        fetch::fetch_archives(request, target, overwrite(options.force), access);
    source["output"] = target.string();
    source["unpacked"] = fetched.files;
    source["files"] = to_json(fetched.downloads);
    text += fmt::format("{} in {}\n", counted(fetched.files, "file"), target.string());
    if (some.entry) {
      source["format"] = some.entry->format;
      source["licence"] = some.entry->licence;
      source["citation"] = some.entry->citation;
      text += fmt::format("licence:  {}\ncitation: {}\n", some.entry->licence, some.entry->citation);
      std::string check = "maskmill check " + shell_quoted(target.string()) + " --from " + some.entry->format;
      for (const std::string& setting : some.entry->settings) check += " --read " + shell_quoted(setting);
      text += "next:     " + check + "\n";
    }
    sources.push_back(std::move(source));
  }
}

void fetch_weights(const Options& options, const Work& work, const fetch::Access& access, std::string& text,
                   Json& sources) {
  const auto cached = fetch::cached(work.weights, access);
  for (std::size_t i = 0; i < cached.size(); ++i) {
    Path path = cached[i].path;
    if (options.output) {
      path = Path(*options.output) / path.filename();
      OutputFile copy(path, overwrite(options.force));
      copy.write(read_file(cached[i].path));
      copy.commit();
    }
    text += path.string() + "\n";
    sources.push_back({{"name", cached[i].path.filename().string()},
                       {"kind", "weights"},
                       {"output", path.string()},
                       {"files", to_json({{fetch::Url(work.weights[i].url).printable(), cached[i].bytes,
                                           cached[i].sha256}})}});
  }
}

struct FilesFetched {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  std::vector<Error> failed;
};

FilesFetched fetch_files(const Options& options, const Work& work, const fetch::Access& access) {
  FilesFetched fetched;
  std::size_t begun = 0;
  fetch::download_all(
      [&]() -> std::optional<fetch::Wanted> {
        if (begun == work.files.size()) return std::nullopt;
        const fetch::CatalogueFile& file = work.files[begun++];
        const fetch::Url url(file.url);
        return fetch::Wanted{url, Path(*options.output) / url.file_name(), file.checksums, options.force};
      },
      [&](const fetch::Wanted&, const fetch::DownloadResult& result) {
        if (const auto* error = std::get_if<Error>(&result)) {
          fetched.failed.push_back(*error);
          return;
        }
        ++fetched.count;
        fetched.bytes += std::get<fetch::Downloaded>(result).bytes;
      },
      access);
  return fetched;
}

int run(const CommandLine& line, const Options& options) {
  const fetch::Catalogue catalogue = catalogue_of(options);
  if (options.list) return list(line, catalogue);
  const fetch::Access access = access_of(options);
  const std::vector<std::string>& sources = line.operands("SOURCE");
  if (std::ranges::find(sources, kOpenImages) != sources.end()) {
    if (sources.size() > 1 || options.urls)
      throw Error(Code::usage, "openimages goes alone").hint("fetch the others in a second call");
    if (options.dry_run) return plan(line, options.open_images, access);
    if (!options.output) throw Error(Code::usage, "--output is missing: the folder for the data set");
    return fetch_open_images(line, options.open_images, *options.output, overwrite(options.force), access);
  }
  require_unused(options.open_images);
  const Work work = find_work(line, options, catalogue);
  if (options.dry_run) return dry_run(line, options, work, access);

  std::string text;
  Json document{{"sources", Json::array()}};
  fetch_unpacked(line, options, work, access, text, document["sources"]);
  fetch_weights(options, work, access, text, document["sources"]);
  if (work.files.empty()) {
    line.print(text, document);
    return 0;
  }
  const FilesFetched files = fetch_files(options, work, access);
  // Of one file its error is the command's.
  if (work.is_one() && !files.failed.empty()) throw files.failed.front();
  text += fmt::format("{}, {}, in {}\n", counted(files.count, "file"), bytes_in_words(files.bytes),
                      *options.output);
  document["files"] = files.count;
  document["bytes"] = files.bytes;
  document["output"] = *options.output;
  document["failed"] = Json::array();
  for (const Error& error : files.failed) {
    notice(error.what());
    document["failed"].push_back(error.message());
  }
  line.print(text, document);
  return files.failed.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
