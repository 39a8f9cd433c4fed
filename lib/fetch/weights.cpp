// SPDX-License-Identifier: Apache-2.0
#include "fetch/weights.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/json_field.h"
#include "base/text.h"
#include "fetch/url.h"
#include "weights_json.h"

namespace maskmill::fetch {
namespace {

constexpr std::array<std::string_view, 5> kKeys{"name", "url", "sha256", "network", "description"};

PublishedWeights read_entry(const JsonField& entry) {
  entry.require_known_keys(kKeys);
  PublishedWeights weights;
  weights.name = entry.at("name").text();
  weights.url = entry.at("url").text();
  weights.sha256 = entry.at("sha256").text();
  weights.network = entry.at("network").text();
  weights.description = entry.at("description").text();
  if (!is_url(weights.url)) throw entry.at("url").unexpected("a URL");
  const bool digits = weights.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!digits || weights.sha256.size() < 8 || weights.sha256.size() > 64)
    throw entry.at("sha256").unexpected("8 to 64 lower-case hexadecimal digits");
  return weights;
}

}  // namespace

std::vector<PublishedWeights> parse_weights(std::string_view json, const Path& name_for_messages) {
  const Json document = parse_json(json, name_for_messages);
  std::vector<PublishedWeights> all;
  try {
    const JsonField top(document);
    for (const JsonField& entry : top.at("weights").elements()) {
      all.push_back(read_entry(entry));
      if (std::ranges::count(all, all.back().name, &PublishedWeights::name) > 1)
        throw entry.at("name").error("stands here twice: " + in_quotes(all.back().name));
    }
  } catch (Error& error) {
    throw std::move(error.at_file(name_for_messages));
  }
  return all;
}

const std::vector<PublishedWeights>& published_weights() {
  static const std::vector<PublishedWeights> all = parse_weights(kWeightsJson, "weights.json");
  return all;
}

std::optional<PublishedWeights> find_weights(std::string_view name) {
  std::vector<std::string> names;
  for (const PublishedWeights& weights : published_weights()) {
    if (weights.name == name) return weights;
    names.push_back(weights.name);
  }
  if (name.find('/') != std::string_view::npos || name.ends_with(".pth") || name.ends_with(".safetensors"))
    return std::nullopt;
  const bool looks_so = name.find("_Weights") != std::string_view::npos;
  const auto nearest = nearest_name(name, names);
  if (!nearest && !looks_so) return std::nullopt;
  throw Error(Code::usage, "no weights are known by the name " + in_quotes(name))
      .hint(nearest ? "did you mean " + *nearest + "?" : "there are: " + joined(names, ", "));
}

}  // namespace maskmill::fetch
