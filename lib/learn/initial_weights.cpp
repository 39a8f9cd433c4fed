// SPDX-License-Identifier: Apache-2.0
#include "learn/initial_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "fetch/cache.h"
#include "fetch/catalogue.h"
#include "fetch/url.h"
#include "learn/detector.h"

namespace maskmill::learn {
namespace {

// How a file's names become the network's: less a beginning, more another.
struct Renaming {
  std::string without, with;
  std::optional<std::string> operator()(const std::string& name) const {
    if (!name.starts_with(without)) return std::nullopt;
    return with + name.substr(without.size());
  }
};

// Every beginning up to a dot, and none.
std::set<std::string> beginnings(const StateDict& state) {
  std::set<std::string> found{""};
  for (const NamedTensor& tensor : state)
    for (std::size_t dot = tensor.name.find('.'); dot != std::string::npos;
         dot = tensor.name.find('.', dot + 1))
      found.insert(tensor.name.substr(0, dot + 1));
  return found;
}

// The first modules of the network's names, such as "backbone." and "backbone.body.", and none.
std::set<std::string> modules(const std::vector<TensorSpec>& network) {
  constexpr int kDeep = 2;
  std::set<std::string> found{""};
  for (const TensorSpec& spec : network) {
    std::size_t dot = spec.name.find('.');
    for (int depth = 0; depth < kDeep && dot != std::string::npos; ++depth, dot = spec.name.find('.', dot + 1))
      found.insert(spec.name.substr(0, dot + 1));
  }
  return found;
}

bool is_counter(const std::string& name) {
  return name.ends_with("num_batches_tracked");
}

using Shapes = std::map<std::string, const TensorSpec*>;

std::size_t fitting(const StateDict& state, const Renaming& renaming, const Shapes& network) {
  return static_cast<std::size_t>(std::ranges::count_if(state, [&](const NamedTensor& tensor) {
    const auto name = renaming(tensor.name);
    const auto spec = name ? network.find(*name) : network.end();
    return spec != network.end() && spec->second->shape == tensor.shape;
  }));
}

// Many beginnings are those of single layers; only what most names share can be a wrapper.
Renaming best_renaming(const StateDict& state, const std::vector<TensorSpec>& network, const Shapes& shapes) {
  Renaming best;
  std::size_t most = 0;
  const std::set<std::string> added = modules(network);
  for (const std::string& without : beginnings(state)) {
    const auto named_so = std::ranges::count_if(
        state, [&](const NamedTensor& tensor) { return tensor.name.starts_with(without); });
    if (static_cast<std::size_t>(named_so) <= most) continue;  // cannot fit better
    for (const std::string& with : added) {
      const Renaming renaming{without, with};
      const std::size_t fits = fitting(state, renaming, shapes);
      if (fits > most) best = renaming, most = fits;
    }
  }
  if (most == 0)
    throw Error(Code::bad_value, "holds none of this network's weights: it has " +
                                     in_quotes(state.empty() ? "" : state.front().name) + ", the network " +
                                     in_quotes(network.front().name))
        .hint("model.name and model.init-features say which network it is");
  return best;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kNamed = 4;
  std::vector<std::string> some(names.begin(),
                                names.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, names.size())));
  std::string text = joined(some, ", ");
  if (names.size() > kNamed) text += fmt::format(" and {} more", names.size() - kNamed);
  return text;
}

}  // namespace

StateDict read_weights(const Path& path) {
  return read_tensors(fs::is_directory(path) ? path / "model.pth" : path);
}

namespace {

StateDict read_cached(const fetch::Url& url, const std::vector<fetch::Checksum>& checksums = {}) {
  const Path file = fetch::cached(url, checksums);
  try {
    return read_tensors(file);
  } catch (const Error& error) {
    if (error.code() != Code::bad_format && error.code() != Code::unsupported) throw;
    throw Error(error.code(), error.message())
        .at(error.place())
        .hint((error.hint_text().empty() ? "" : error.hint_text() + "\n") + "it came from " +
              url.printable() + "; where that has other weights now, delete the file to download it again");
  }
}

}  // namespace

StateDict find_and_read_weights(const std::string& where) {
  if (fetch::is_url(where)) return read_cached(fetch::Url(where));
  if (fs::exists(where)) return read_weights(where);
  if (const auto published = fetch::find_weights(where))
    return read_cached(fetch::Url(published->file.url), published->file.checksums);
  std::vector<std::string> names;
  for (const fetch::WeightsEntry& weights : fetch::known_catalogue().weights) names.push_back(weights.name);
  throw Error(Code::not_found, "is no file, and no published weights have this name")
      .at_file(where)
      .hint("there are: " + joined(names, ", "));
}

std::string printable_weights(const std::string& where) {
  return fetch::is_url(where) ? fetch::Url(where).printable() : where;
}

Adopted adopt(StateDict found, const std::vector<TensorSpec>& network) {
  Shapes shapes;
  for (const TensorSpec& spec : network) shapes[spec.name] = &spec;
  if (shapes.contains("rpn.head.conv.0.0.weight"))
    for (NamedTensor& tensor : found) tensor.name = current_detector_name(tensor.name);
  const Renaming renaming = best_renaming(found, network, shapes);
  Adopted adopted;
  std::set<std::string> met;
  for (NamedTensor& tensor : found) {
    const auto name = renaming(tensor.name);
    const auto spec = name ? shapes.find(*name) : shapes.end();
    if (spec == shapes.end()) {
      if (!is_counter(tensor.name)) adopted.unused.push_back(tensor.name);
      continue;
    }
    met.insert(*name);
    if (spec->second->shape != tensor.shape) {
      adopted.resized.push_back(*name);
      continue;
    }
    tensor.name = *name;
    adopted.tensors.push_back(std::move(tensor));
  }
  for (const TensorSpec& spec : network)
    if (!met.contains(spec.name) && !spec.counter) adopted.drawn.push_back(spec.name);
  return adopted;
}

std::string describe(const Adopted& adopted, const std::string& from) {
  std::string text = fmt::format("begins with {} of {}", counted(adopted.tensors.size(), "tensor"), from);
  if (!adopted.resized.empty())
    text += "; drawn anew, being of another shape there: " + listed(adopted.resized);
  if (!adopted.drawn.empty()) text += "; drawn anew, not being there: " + listed(adopted.drawn);
  if (!adopted.unused.empty()) text += "; not used: " + listed(adopted.unused);
  return text;
}

}  // namespace maskmill::learn
