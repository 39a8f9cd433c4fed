// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/item_names.h"

#include <algorithm>
#include <string>

#include "base/hash_index.h"
#include "base/text.h"

namespace maskmill {
namespace {

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string_view without_extension(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const bool is_extension =
      dot != std::string_view::npos && dot > path.size() - last_part(path).size() && dot + 1 < path.size();
  return is_extension ? path.substr(0, dot) : path;
}

bool is_end_of(std::string_view end, std::string_view path) {
  return path.ends_with(end) && (path.size() == end.size() || path[path.size() - end.size() - 1] == '/');
}

}  // namespace

void ItemNames::add(std::string_view id) {
  ids_.push_back(names_.add(id));
}

std::vector<std::uint32_t> ItemNames::find(std::string_view line) {
  if (entries_.size() != ids_.size()) {
    entries_.clear();
    entries_.reserve(ids_.size());
    for (std::uint32_t item = 0; item < ids_.size(); ++item)
      entries_.push_back({hash_of(last_part((*this)[item])), item});
    std::ranges::sort(entries_, {}, &Entry::hash);
  }
  std::string path(trimmed(line));
  std::ranges::replace(path, '\\', '/');
  std::vector<std::uint32_t> found = named_by(path);
  if (const std::size_t blank = path.find_first_of(" \t"); found.empty() && blank != std::string::npos)
    found = named_by(std::string_view(path).substr(0, blank));
  return found;
}

std::vector<std::uint32_t> ItemNames::named_by(std::string_view text) const {
  std::vector<std::uint32_t> found = related_to(text);
  if (const std::string_view stem = without_extension(text); found.empty() && stem != text)
    found = related_to(stem);
  return found;
}

std::vector<std::uint32_t> ItemNames::related_to(std::string_view path) const {
  std::vector<std::uint32_t> ends_in;  // ids in which the path ends
  std::vector<std::uint32_t> ending;   // ids that end in the path
  const auto same_part = std::ranges::equal_range(entries_, hash_of(last_part(path)), {}, &Entry::hash);
  for (const Entry& entry : same_part) {
    const std::string_view id = (*this)[entry.item];
    if (is_end_of(id, path))
      ends_in.push_back(entry.item);
    else if (is_end_of(path, id))
      ending.push_back(entry.item);
  }
  if (ends_in.empty()) return ending;
  // All are ends of one path: the longest is unique, since ids are.
  return {*std::ranges::max_element(ends_in, {}, [&](std::uint32_t item) { return (*this)[item].size(); })};
}

}  // namespace maskmill
