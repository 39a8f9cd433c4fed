// SPDX-License-Identifier: Apache-2.0
// Every id that a reader or writer reports is declared with its meaning, so that the reference page has it.
#include <boost/filesystem.hpp>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "base/text.h"
#include "formats/finding_kinds.h"
#include "formats/registry.h"
#include "prepare/check/rule.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Literals that look like ids and are none: of formats, then fields of HTTP and names of files.
const std::set<std::string> kOtherLiterals{"z-order",
                                           "data-node-from",
                                           "data-node-to",
                                           "us-ascii",
                                           "class-descriptions",
                                           "classes-description",
                                           "group-by",
                                           "group-column",
                                           "group-by-time",
                                           "content-digest",
                                           "content-length",
                                           "content-range",
                                           "last-modified",
                                           "repr-digest",
                                           "x-goog-hash",
                                           "x-goog-stored-content-encoding",
                                           "image-size",
                                           "maskmill-lifted",
                                           "maskmill-open-images"};

std::set<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
    found.insert((*match)[1]);
  return found;
}

std::set<std::string> declared() {
  std::set<std::string> ids;
  for (const auto kinds : {reader_findings(), writer_findings(), evaluation_findings(), fetch_findings()})
    for (const FindingKind& kind : kinds) ids.emplace(kind.id);
  return ids;
}

/// All sources of formats, metrics and fetch but the lists themselves, and those of split, without comments.
std::string sources() {
  const Path lib = Path(MASKMILL_SOURCE_DIR) / "lib";
  std::string text = read_file(lib / "prepare/split.cpp");
  for (const char* folder : {"formats", "metrics", "fetch", "prepare/split"})
    for (const Path& path : list_files(lib / folder))
      if (lower_extension(path) == "cpp" && path.filename() != "finding_kinds.cpp") text += read_file(path);
  return std::regex_replace(text, std::regex("//[^\n]*"), "");
}

}  // namespace

TEST_CASE("every finding of a format, of fetch or of split is declared, or is a rule's") {
  std::set<std::string> known = declared();
  for (const Rule* rule : rules()) known.emplace(rule->id);
  std::set<std::string> settings;
  for (const Format* format : formats::all())
    for (const auto declare : {format->read_settings, format->write_settings})
      if (declare)
        for (const Setting& setting : declare()) settings.insert(setting.key);
  const std::string text = sources();
  std::set<std::string> used = matches(text, std::regex("\"([a-z]+(?:-[a-z]+)+)\""));
  used.merge(matches(text, std::regex("\"([a-z-]+)\",\\s*Severity::")));
  used.merge(matches(text, std::regex("to_finding\\([^;]*?\"([a-z-]+)\"")));
  CHECK(used.size() > 50);
  for (const std::string& id : used) {
    INFO(id << " is reported: describe it in lib/formats/finding_kinds.cpp");
    CHECK((known.contains(id) || settings.contains(id) || kOtherLiterals.contains(id)));
  }
}

TEST_CASE("every declared finding is one that a format, fetch or split reports, and no rule's") {
  const std::string text = sources();
  for (const std::string& id : declared()) {
    INFO(id);
    CHECK(text.find("\"" + id + "\"") != std::string::npos);
    for (const Rule* rule : rules()) CHECK(rule->id != id);
  }
  for (const auto kinds : {reader_findings(), writer_findings(), evaluation_findings(), fetch_findings()})
    CHECK(std::ranges::is_sorted(kinds, {}, &FindingKind::id));
}
