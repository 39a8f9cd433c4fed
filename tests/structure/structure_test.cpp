// SPDX-License-Identifier: Apache-2.0
// Linking alone does not guard layers: a header-only leak would link. So every include is held against the
// order here.
#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

// Libraries that each may include; docs/architecture/README.md has the drawing.
const std::map<std::string, std::set<std::string>> kMayInclude{
    {"base", {"base"}},
    {"image", {"base", "image"}},
    {"dataset", {"base", "image", "dataset"}},
    {"formats", {"base", "image", "dataset", "formats"}},
    {"metrics", {"base", "image", "dataset", "metrics"}},
    {"render", {"base", "image", "dataset", "metrics", "render"}},
    {"prepare", {"base", "image", "dataset", "formats", "metrics", "prepare"}},
    {"fetch", {"base", "image", "dataset", "formats", "fetch"}},
    {"learn", {"base", "image", "dataset", "formats", "metrics", "render", "prepare", "fetch", "learn"}},
};

std::vector<Path> sources(const Path& folder) {
  std::vector<Path> all;
  for (const Path& path : list_files(folder))
    if (const std::string extension = lower_extension(path);
        extension == "h" || extension == "cpp" || extension == "cu")
      all.push_back(path);
  return all;
}

struct Include {
  std::size_t line;
  std::string path;
  bool quoted;
};

std::vector<Include> includes(const Path& path) {
  std::vector<Include> found;
  const std::string text = read_file(path);
  std::size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const std::string_view rest = trimmed(line);
    if (!rest.starts_with("#include")) continue;
    const std::size_t open = rest.find_first_of("\"<");
    const std::size_t close = rest.find_first_of("\">", open + 1);
    if (open == std::string_view::npos || close == std::string_view::npos) continue;
    found.push_back({number, std::string(rest.substr(open + 1, close - open - 1)), rest[open] == '"'});
  }
  return found;
}

const Path kRoot = MASKMILL_SOURCE_DIR;

/// The types that a source defines for others to see, with their namespaces: not those of nameless ones.
std::set<std::string> types_defined(const Path& path) {
  static const std::regex kNamespace("(?:inline )?namespace ?([A-Za-z0-9_:]*) \\{");
  static const std::regex kType(
      "(?:struct|class|enum class|enum|union) ([A-Za-z0-9_]+)(?: final)?(?: ?:(?!:)[^;{]*)? ?\\{.*");
  std::set<std::string> types;
  std::vector<std::string> namespaces;
  const std::string text = read_file(path);
  for (const std::string_view view : lines_of(text)) {
    const std::string line(view);
    std::smatch match;
    if (std::regex_match(line, match, kNamespace)) namespaces.push_back(match[1]);
    if (line.starts_with("}  // namespace") && !namespaces.empty()) namespaces.pop_back();
    const bool nameless = std::ranges::find(namespaces, "") != namespaces.end();
    if (!nameless && std::regex_match(line, match, kType))
      types.insert(joined(namespaces, "::") + "::" + match[1].str());
  }
  return types;
}

}  // namespace

TEST_CASE("a library includes only itself and what lies below it") {
  std::size_t seen = 0;
  for (const Path& path : sources(kRoot / "lib")) {
    const std::string library = split_text(relative_name(path, kRoot / "lib"), '/').front();
    REQUIRE(kMayInclude.count(library) == 1);
    for (const Include& include : includes(path)) {
      const std::string from = split_text(include.path, '/').front();
      if (!include.quoted || !kMayInclude.count(from)) continue;
      INFO(path.string() << ":" << include.line << " includes " << include.path);
      CHECK(kMayInclude.at(library).count(from) == 1);
      ++seen;
    }
  }
  CHECK(seen > 200);
}

TEST_CASE(
    "torch is included in lib/learn/torch alone, and nothing that its wheel carries too is included there") {
  for (const char* folder : {"lib", "tools"})
    for (const Path& path : sources(kRoot / folder)) {
      const bool in_torch = relative_name(path, kRoot).starts_with("lib/learn/torch/");
      for (const Include& include : includes(path)) {
        const std::string first = split_text(include.path, '/').front();
        INFO(path.string() << ":" << include.line << " includes " << include.path);
        if (first == "torch" || first == "ATen" || first == "c10") CHECK(in_torch);
        if (in_torch) CHECK((first != "fmt" && first != "spdlog" && first != "google"));
      }
    }
}

// Where two types have one name, the linker keeps the functions of one of them for both, and says nothing.
TEST_CASE("a type is defined once") {
  std::map<std::string, Path> defined_in;
  for (const char* folder : {"lib", "tools"})
    for (const Path& path : sources(kRoot / folder))
      for (const std::string& type : types_defined(path)) {
        const auto [known, is_new] = defined_in.emplace(type, path);
        INFO(type << " is defined in " << known->second << " and in " << path);
        CHECK(is_new);
      }
  CHECK(defined_in.size() > 200);
}

TEST_CASE("every source begins with its licence") {
  for (const char* folder : {"lib", "tools", "tests", "pipelines"})
    for (const Path& path : sources(kRoot / folder)) {
      INFO(path.string());
      CHECK(read_file(path).starts_with("// SPDX-License-Identifier: Apache-2.0\n"));
    }
}

TEST_CASE("every source that lies in the tree is built") {
  std::string lists;
  for (const char* folder : {"lib", "tools", "tests", "pipelines"})
    for (const Path& path : list_files(kRoot / folder))
      if (path.filename() == "CMakeLists.txt") lists += read_file(path);
  for (const char* folder : {"lib", "tests", "pipelines"})
    for (const Path& path : sources(kRoot / folder)) {
      if (lower_extension(path) == "h") continue;
      INFO(path.string());
      CHECK(lists.find(path.filename().string()) != std::string::npos);
    }
}
