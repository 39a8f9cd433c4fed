// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/given_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "formats/subset_folders.h"

namespace maskmill {
namespace {

constexpr int kNowhere = -1;

/// By their subsets' names.
std::map<std::string, Path> lists_at(const std::vector<std::string>& paths) {
  std::map<std::string, Path> lists;
  const auto add = [&](const Path& file) {
    const std::string subset = file.stem().string();
    if (const auto [known, is_new] = lists.try_emplace(subset, file); !is_new)
      throw Error(Code::usage, fmt::format("two lists of the subset {}: {} and {}", in_quotes(subset),
                                           known->second.string(), file.string()))
          .at_field("lists");
  };
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      add(path);
      continue;
    }
    const std::vector<Path> files = list_files_of(path, {"txt"});
    if (files.empty())
      throw Error(Code::not_found, "no list lies here")
          .at_file(path)
          .hint("a list is called as its subset is, train.txt, and names an item a line");
    for (const Path& file : files) add(file);
  }
  return lists;
}

class Reader {
 public:
  Reader(ItemNames& names, Findings& findings) : names_(names), findings_(findings) {
    given_.subset_of.assign(names.size(), kNowhere);
    line_of_.resize(names.size());
  }

  GivenSubsets run(const std::map<std::string, Path>& lists) {
    for (const auto& [subset, file] : lists) given_.names.push_back(subset);
    sort_subsets(given_.names);
    for (const std::string& subset : given_.names) files_.push_back(lists.at(subset).string());
    for (std::size_t subset = 0; subset < files_.size(); ++subset) read(static_cast<int>(subset));
    return std::move(given_);
  }

 private:
  void read(int subset) {
    const std::string text = read_file(files_[static_cast<std::size_t>(subset)]);
    std::uint32_t line = 0;
    for (const std::string_view name : lines_of(text)) {
      ++line;
      if (trimmed(name).empty()) continue;
      const std::vector<std::uint32_t> items = names_.find(name);
      if (items.empty() && trimmed(name).starts_with('#')) continue;
      take(subset, line, name, items);
    }
  }

  void take(int subset, std::uint32_t line, std::string_view name, const std::vector<std::uint32_t>& items) {
    if (items.empty()) {
      report(subset, line, "listed-absent", Severity::error, in_quotes(name) + " is no item",
             "ids and file names are known; items that cannot be read are not");
    } else if (items.size() > 1) {
      report(subset, line, "listed-ambiguous", Severity::error,
             fmt::format("{} may be {} or {}", in_quotes(name), in_quotes(names_[items[0]]),
                         in_quotes(names_[items[1]])),
             "write the id, with its folders");
    } else if (int& own = given_.subset_of[items[0]]; own == kNowhere) {
      own = subset;
      line_of_[items[0]] = line;
    } else if (own == subset) {
      report(subset, line, "listed-twice", Severity::warning,
             fmt::format("{} is named in line {} already", in_quotes(name), line_of_[items[0]]), "");
    } else {
      throw Error(Code::bad_value,
                  fmt::format("{} is in two subsets: {}:{} names it too", in_quotes(names_[items[0]]),
                              files_[static_cast<std::size_t>(own)], line_of_[items[0]]))
          .at_file(files_[static_cast<std::size_t>(subset)])
          .at_line(line)
          .hint(
              "name the lists that divide the data, and not one that joins others: "
              "--lists train.txt,val.txt");
    }
  }

  void report(int subset, std::uint32_t line, std::string rule, Severity severity, std::string message,
              std::string fix) {
    findings_.add({std::move(rule),
                   severity,
                   {files_[static_cast<std::size_t>(subset)], line, ""},
                   std::move(message),
                   std::move(fix)});
  }

  ItemNames& names_;
  Findings& findings_;
  GivenSubsets given_;
  std::vector<std::string> files_;      // by subset
  std::vector<std::uint32_t> line_of_;  // by item
};

}  // namespace

GivenSubsets read_lists(const std::vector<std::string>& paths, ItemNames& names, Findings& findings) {
  return Reader(names, findings).run(lists_at(paths));
}

}  // namespace maskmill
