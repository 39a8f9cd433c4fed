// SPDX-License-Identifier: Apache-2.0
#include "formats/csv/table_paths.h"

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/text.h"

namespace maskmill {
namespace {

bool is_absolute(std::string_view path) {
  const bool has_drive = path.size() > 2 && path[1] == ':' && path[2] == '/';
  return path.starts_with('/') || has_drive;
}

}  // namespace

std::string plain_path(std::string_view cell) {
  std::string path(trimmed(cell));
  if (path.find('/') == std::string::npos) std::ranges::replace(path, '\\', '/');
  while (path.starts_with("./")) path.erase(0, 2);
  return path;
}

TablePaths::TablePaths(Path table_folder, const std::optional<std::string>& root)
    : table_folder_(std::move(table_folder)) {
  if (root) {
    folders_.push_back(Path(*root).is_absolute() ? Path(*root) : table_folder_ / *root);
    return;
  }
  constexpr int kAbove = 3;
  Path folder = table_folder_;
  Path absolute = fs::absolute(folder).lexically_normal();
  for (int i = 0; i <= kAbove; ++i) {
    folders_.push_back(folder);
    if (!absolute.has_parent_path() || absolute == absolute.root_path()) break;
    absolute = absolute.parent_path();
    folder = absolute;
  }
}

void TablePaths::learn(const std::string& path) {
  if (path.empty() || tries_left_ == 0 || rule_for(path)) return;
  if (path.starts_with('/') && is_file(path)) {
    rules_.push_back({"/", "/"});
    return;
  }
  // The less is left out, the surer it is the file that was meant.
  for (std::size_t begin = 0; begin < path.size();) {
    for (const Path& folder : folders_)
      if (path[begin] != '/' && is_file(folder / path.substr(begin))) {
        rules_.push_back({path.substr(0, begin), folder});
        return;
      }
    const std::size_t slash = path.find('/', begin);
    if (slash == std::string::npos) break;
    begin = slash + 1;
  }
  --tries_left_;
}

const TablePaths::Rule* TablePaths::rule_for(const std::string& path) const {
  const Rule* best = nullptr;
  for (const Rule& rule : rules_) {
    if (!path.starts_with(rule.prefix) || (rule.prefix.empty() && is_absolute(path))) continue;
    if (!best || rule.prefix.size() > best->prefix.size()) best = &rule;
  }
  return best;
}

Path TablePaths::find(const std::string& path) const {
  if (const Rule* rule = rule_for(path)) return rule->folder / path.substr(rule->prefix.size());
  return is_absolute(path) ? Path(path) : folders_.front() / path;
}

std::vector<TablePaths::Rule> TablePaths::moved() const {
  std::vector<Rule> moved;
  for (const Rule& rule : rules_)
    if (rule.prefix != "/" && (!rule.prefix.empty() || rule.folder != table_folder_)) moved.push_back(rule);
  return moved;
}

}  // namespace maskmill
