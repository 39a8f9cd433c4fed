// SPDX-License-Identifier: Apache-2.0
#include "fetch/catalogue.h"

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/json_field.h"
#include "base/text.h"
#include "catalogue_json.h"
#include "fetch/url.h"
#include "formats/registry.h"

namespace maskmill::fetch {
namespace {

constexpr std::array<std::string_view, 2> kKeys{"data", "weights"}, kFileKeys{"url", "checksum"};
constexpr std::array<std::string_view, 11> kDataKeys{"name",     "title", "description", "homepage",
                                                     "format",   "root",  "settings",    "licence",
                                                     "citation", "files", "account"};
constexpr std::array<std::string_view, 5> kWeightsKeys{"name", "url", "checksum", "network", "description"};

CatalogueFile read_file_entry(const JsonField& entry) {
  CatalogueFile file{entry.at("url").text(), {}};
  if (!is_url(file.url)) throw entry.at("url").unexpected("a URL");
  if (const auto sum = entry.find("checksum")) try {
      file.checksums.push_back(parse_checksum(sum->text()));
    } catch (const Error& error) {
      throw std::move(sum->error(error.message()).hint(error.hint_text()));
    }
  return file;
}

// It becomes part of a path, and what is typed to name it.
std::string read_name(const JsonField& entry) {
  const std::string& name = entry.at("name").text();
  if (name.empty() || name.front() == '-' || name.find('/') != std::string::npos || is_url(name) ||
      !is_safe_relative(name))
    throw entry.at("name").unexpected("a name without slashes");
  return name;
}

std::string read_format(const JsonField& field) {
  try {
    return std::string(formats::find(field.text()).name);
  } catch (const Error& error) {
    throw std::move(field.error(error.message()).hint(error.hint_text()));
  }
}

DataEntry read_data(const JsonField& entry) {
  entry.require_known_keys(kDataKeys);
  DataEntry data;
  data.name = read_name(entry);
  data.title = entry.at("title").text();
  data.description = entry.at("description").text();
  data.homepage = entry.at("homepage").text();
  data.format = read_format(entry.at("format"));
  data.licence = entry.at("licence").text();
  data.citation = entry.at("citation").text();
  if (const auto settings = entry.find("settings")) data.settings = settings->texts();
  if (const auto root = entry.find("root")) {
    data.root = root->text();
    if (!data.root->empty() && !is_safe_relative(*data.root))
      throw root->unexpected("a folder in what is unpacked");
  }
  if (const auto account = entry.find("account")) {
    data.account = account->text();
    return data;
  }
  for (const JsonField& file : entry.at("files").elements()) {
    file.require_known_keys(kFileKeys);
    data.files.push_back(read_file_entry(file));
  }
  if (data.files.empty()) throw entry.at("files").unexpected("a file or more");
  return data;
}

WeightsEntry read_weights(const JsonField& entry) {
  entry.require_known_keys(kWeightsKeys);
  return {read_name(entry), read_file_entry(entry), entry.at("network").text(),
          entry.at("description").text()};
}

template <class Entry>
void read_list(const JsonField& top, std::string_view key, std::vector<Entry>& list,
               Entry (*read)(const JsonField&)) {
  const auto field = top.find(key);
  if (!field) return;
  for (const JsonField& entry : field->elements()) {
    list.push_back(read(entry));
    if (std::ranges::count(list, list.back().name, &Entry::name) > 1)
      throw entry.at("name").error("stands here twice: " + in_quotes(list.back().name));
  }
}

template <class Entry>
const Entry* find_in(const std::vector<Entry>& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &Entry::name);
  return found == list.end() ? nullptr : &*found;
}

template <class Entry>
void put_over(std::vector<Entry>& list, std::vector<Entry> others) {
  for (Entry& other : others) {
    const auto found = std::ranges::find(list, other.name, &Entry::name);
    if (found == list.end())
      list.push_back(std::move(other));
    else
      *found = std::move(other);
  }
}

std::optional<Path> users_folder() {
  const auto from = [](const char* variable) -> std::optional<Path> {
    const char* value = std::getenv(variable);
    return value && *value == '/' ? std::optional(Path(value)) : std::nullopt;
  };
  if (const auto config = from("XDG_CONFIG_HOME")) return *config / "maskmill" / "catalogue";
  if (const auto home = from("HOME")) return *home / ".config" / "maskmill" / "catalogue";
  return std::nullopt;
}

}  // namespace

const DataEntry* Catalogue::find_data(std::string_view name) const {
  return find_in(data, name);
}

const WeightsEntry* Catalogue::find_weights(std::string_view name) const {
  return find_in(weights, name);
}

std::vector<std::string> Catalogue::names() const {
  std::vector<std::string> all;
  for (const DataEntry& entry : data) all.push_back(entry.name);
  for (const WeightsEntry& entry : weights) all.push_back(entry.name);
  return all;
}

void Catalogue::add(Catalogue other) {
  put_over(data, std::move(other.data));
  put_over(weights, std::move(other.weights));
}

Catalogue parse_catalogue(std::string_view json, const Path& name_for_messages) {
  const Json document = parse_json(json, name_for_messages);
  Catalogue catalogue;
  try {
    const JsonField top(document);
    top.require_known_keys(kKeys);
    read_list(top, "data", catalogue.data, read_data);
    read_list(top, "weights", catalogue.weights, read_weights);
  } catch (Error& error) {
    throw std::move(error.at_file(name_for_messages));
  }
  return catalogue;
}

const Catalogue& own_catalogue() {
  static const Catalogue catalogue = parse_catalogue(kCatalogueJson, "catalogue.json");
  return catalogue;
}

Catalogue known_catalogue() {
  Catalogue catalogue = own_catalogue();
  const auto folder = users_folder();
  if (!folder || !fs::is_directory(*folder)) return catalogue;
  for (const Path& file : list_files_of(*folder, {"json"}))
    catalogue.add(parse_catalogue(read_file(file), file));
  return catalogue;
}

std::optional<WeightsEntry> find_weights(std::string_view name) {
  const Catalogue catalogue = known_catalogue();
  if (const WeightsEntry* found = catalogue.find_weights(name)) return *found;
  std::vector<std::string> names;
  for (const WeightsEntry& entry : catalogue.weights) names.push_back(entry.name);
  if (name.find('/') != std::string_view::npos || name.ends_with(".pth") || name.ends_with(".safetensors"))
    return std::nullopt;
  const bool looks_so = name.find("_Weights") != std::string_view::npos;
  const auto nearest = nearest_name(name, names);
  if (!nearest && !looks_so) return std::nullopt;
  throw Error(Code::usage, "no weights are known by the name " + in_quotes(name))
      .hint(nearest ? "did you mean " + *nearest + "?" : "there are: " + joined(names, ", "));
}

}  // namespace maskmill::fetch
