// SPDX-License-Identifier: Apache-2.0
#include "formats/contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <map>
#include <optional>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostFiles = 10'000;
constexpr std::size_t kSampledDocuments = 8;
constexpr std::size_t kBeginning = 1 << 16;
constexpr std::size_t kShownKinds = 4;

/// JSON that is known by its keys, and that no format reads.
struct KnownDocument {
  std::array<std::string_view, 2> keys;
  std::string_view name;
};
constexpr std::array<KnownDocument, 3> kKnown{{
    {{"\"class_name\"", "\"layers\""}, "the description of a Keras network, and no data set"},
    {{"\"class_name\"", "\"config\""}, "the description of a Keras network, and no data set"},
    {{"\"neural_network\"", ""}, "rmldnn's configuration, and no data set"},
}};

std::optional<std::string_view> known_document(const Path& file) {
  try {
    ByteSource bytes(file);
    const std::string_view start = bytes.at(0, kBeginning);
    for (const KnownDocument& known : kKnown)
      if (std::ranges::all_of(known.keys,
                              [&](std::string_view key) { return start.find(key) != start.npos; }))
        return known.name;
  } catch (const Error&) {
  }
  return std::nullopt;
}

struct Listing {
  std::map<std::string, std::size_t> kinds;  ///< files by extension
  std::vector<Path> documents;
  bool is_cut = false;
};

Listing listed(const Path& folder) {
  Listing found;
  std::size_t files = 0;
  boost::system::error_code failure;
  for (fs::recursive_directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
      continue;
    }
    boost::system::error_code ignored;
    if (entry->status(ignored).type() != fs::regular_file) continue;
    if (files++ == kMostFiles) {
      found.is_cut = true;
      break;
    }
    const std::string extension = lower_extension(entry->path());
    ++found.kinds[extension.empty() ? "without an extension" : "." + extension];
    if (extension == "json") found.documents.push_back(entry->path());
  }
  std::ranges::sort(found.documents);  // the file system's order is no machine's twice
  return found;
}

std::string counts_in_words(const Listing& found) {
  std::vector<std::pair<std::size_t, std::string>> kinds;
  for (const auto& [kind, count] : found.kinds) kinds.emplace_back(count, kind);
  std::ranges::stable_sort(kinds, std::greater<>(), [](const auto& kind) { return kind.first; });
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::min(kinds.size(), kShownKinds); ++i)
    words.push_back(fmt::format("{} {}", with_thousands(kinds[i].first), printable(kinds[i].second)));
  if (kinds.size() > kShownKinds) words.push_back("others");
  return fmt::format("{}files: {}", found.is_cut ? "more than 10,000 " : "", joined(words, ", "));
}

bool is_about_the_data(const Path& file) {
  constexpr std::array<std::string_view, 5> kNames{"readme", "license", "licence", "copying", "citation"};
  const std::string name = lower_case(file.filename().string());
  return std::ranges::any_of(kNames, [&](std::string_view start) { return name.starts_with(start); });
}

}  // namespace

std::vector<Path> nested_roots(const Path& folder) {
  std::vector<Path> roots{folder};
  boost::system::error_code failure;
  while (fs::is_directory(roots.back(), failure)) {
    std::vector<Path> inside = list_folders(roots.back());
    if (inside.size() > 1) break;
    for (Path& file : list_files(roots.back(), false))
      if (!is_about_the_data(file)) inside.push_back(std::move(file));
    if (inside.size() != 1) break;
    roots.push_back(std::move(inside.front()));
  }
  return roots;
}

std::string contents_in_words(const Path& path) {
  boost::system::error_code failure;
  if (!fs::is_directory(path, failure)) {
    const auto known = known_document(path);
    return known ? fmt::format("it is {}", *known) : std::string();
  }
  const Listing found = listed(path);
  if (found.kinds.empty()) return {};
  std::string words = counts_in_words(found);
  for (std::size_t i = 0; i < std::min(found.documents.size(), kSampledDocuments); ++i)
    if (const auto known = known_document(found.documents[i]))
      return fmt::format("{}; {} is {}", words, relative_name(found.documents[i], path), *known);
  return words;
}

}  // namespace maskmill
