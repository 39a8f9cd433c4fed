// SPDX-License-Identifier: Apache-2.0
#include "fetch/source.h"

#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::fetch {

FetchSource find_source(const std::string& text, const Catalogue& catalogue) {
  if (is_url(text)) return Url(text);
  if (const DataEntry* entry = catalogue.find_data(text)) {
    if (!entry->account.empty())
      throw Error(Code::unsupported, entry->title + " cannot be downloaded by a program")
          .hint(entry->account);
    return *entry;
  }
  if (const WeightsEntry* entry = catalogue.find_weights(text)) return *entry;
  const auto nearest = nearest_name(text, catalogue.names());
  throw Error(Code::usage, in_quotes(text) + " is neither a URL nor a name of the catalogue")
      .hint(nearest ? "did you mean " + *nearest + "?" : "maskmill fetch --list shows the catalogue");
}

std::vector<CatalogueFile> read_url_list(const std::string& file) {
  const std::string text =
      file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_file(file);
  std::vector<CatalogueFile> list;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const std::string_view content = trimmed(line);
    if (content.empty() || content.front() == '#') continue;
    const std::size_t blank = content.find_first_of(" \t");
    try {
      CatalogueFile entry{Url(std::string(content.substr(0, blank))).text(), {}};
      if (blank != std::string_view::npos)
        entry.checksums.push_back(parse_checksum(trimmed(content.substr(blank))));
      list.push_back(std::move(entry));
    } catch (Error& error) {
      throw Error(Code::bad_value, error.message()).at_file(file).at_line(number).hint(error.hint_text());
    }
  }
  return list;
}

std::string about(const DataEntry& entry) {
  std::string text = fmt::format(
      "# {}\n\n{}.\n\n- Homepage: <{}>\n- Licence: {}\n- Citation: {}\n- Format: {}\n", entry.title,
      entry.description, entry.homepage, entry.licence, entry.citation, entry.format);
  for (const CatalogueFile& file : entry.files)
    text += fmt::format("- From: <{}>\n", Url(file.url).printable());
  return text + "\nWhat was downloaded, with its SHA-256, stands in maskmill/provenance.json.\n";
}

}  // namespace maskmill::fetch
