// SPDX-License-Identifier: Apache-2.0
#include "formats/finetune/categories.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/json_field.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostDocuments = 64;

constexpr std::uintmax_t kMostBytes = 1 << 20;  // a list of categories has no more

std::optional<Rgb> colour_of(const JsonField& category) {
  const auto stated = category.find("color");
  if (!stated) return std::nullopt;
  const std::vector<JsonField> samples = stated->elements();
  if (samples.size() != 3) throw stated->unexpected("[red, green, blue]");
  std::array<std::uint8_t, 3> rgb{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t sample = samples[i].integer();
    if (sample < 0 || sample > 255) throw samples[i].unexpected("0 to 255");
    rgb[i] = static_cast<std::uint8_t>(sample);
  }
  return Rgb{rgb[0], rgb[1], rgb[2]};
}

Label label_of(const JsonField& category, std::int64_t value) {
  Label label;
  label.name = category.at("name").text();
  label.id = value;
  label.colour = colour_of(category);
  return label;
}

/// Nothing for what is no JSON object, or too large for a list of categories.
std::optional<Json> small_object(const Path& file) {
  boost::system::error_code failure;
  if (fs::file_size(file, failure) > kMostBytes || failure) return std::nullopt;
  try {
    Json document = read_json(file);
    return document.is_object() ? std::optional(std::move(document)) : std::nullopt;
  } catch (const Error& error) {
    if (error.code() == Code::bug) throw;
    return std::nullopt;
  }
}

}  // namespace

Categories parse_categories(std::string_view text, const Path& file) {
  const Json document = parse_json(text, file);
  const JsonField root(document);
  Categories out;
  out.labels.coding = PixelCoding::index;
  try {
    const JsonField folder = root.at("mask_folder");
    out.mask_folder = folder.text();
    if (!is_safe_relative(out.mask_folder)) throw folder.unexpected("the name of a folder in each subset");
    for (const JsonField& category : root.at("categories").elements()) {
      const auto value = static_cast<int>(out.labels.labels.size());
      out.labels.labels.push_back(label_of(category, value));
      out.labels.values.push_back(value);
    }
    const JsonField count = root.at("N_categories");
    if (count.integer() != std::ssize(out.labels.labels))
      throw count.error(
          fmt::format("says {}, and the list has {}", count.integer(), out.labels.labels.size()));
  } catch (Error& error) {
    throw error.at_file(file);
  }
  return out;
}

std::string to_text(const Categories& categories) {
  Json list = Json::array();
  const LabelMap map(categories.labels.labels);
  for (int i = 0; i < map.size(); ++i) {
    const Rgb colour = map.colour(i);
    list.push_back({{"name", map[i].name}, {"color", {colour.r, colour.g, colour.b}}});
  }
  return to_text(
      Json{{"mask_folder", categories.mask_folder}, {"N_categories", list.size()}, {"categories", list}});
}

std::optional<Categories> find_categories(const Path& source, Findings& findings) {
  const std::vector<Path> documents = list_files_of(source, {"json"});
  std::vector<Path> named, stray;
  // So many are annotations of images, and to read them all would take longer than reading the data set.
  if (documents.size() > kMostDocuments) return std::nullopt;
  for (const Path& file : documents) {
    const auto document = small_object(file);
    (document && document->contains("mask_folder") ? named : stray).push_back(file);
  }
  if (named.size() > 1)
    throw Error(Code::bad_format, fmt::format("{} and {} both name the folder of masks",
                                              named[0].filename().string(), named[1].filename().string()))
        .at_file(source)
        .hint("keep one of them");
  for (const Path& file : stray)
    findings.add({"stray-json", Severity::warning, Place{file.string(), {}, {}},
                  "the demo takes whichever JSON file it meets here for the list of categories",
                  "move it into another folder"});
  if (named.empty()) return std::nullopt;
  return parse_categories(read_file(named.front()), named.front());
}

LabelFile completed(LabelFile labels, const std::optional<LabelFile>& ours) {
  if (!ours) return labels;
  labels.subsets = ours->subsets;
  for (std::size_t i = 0; i < labels.labels.size(); ++i)
    for (std::size_t k = 0; k < ours->labels.size(); ++k)
      if (ours->values[k] == labels.values[i] && ours->labels[k].name == labels.labels[i].name)
        labels.labels[i] = ours->labels[k];
  return labels;
}

}  // namespace maskmill
