// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "base/text.h"
#include "support/program.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::vector<std::string> verbs() {
  std::vector<std::string> names;
  for (fs::directory_iterator entry(MASKMILL_BIN_DIR), end; entry != end; ++entry)
    if (const std::string name = entry->path().filename().string(); name.starts_with("maskmill-"))
      names.push_back(name.substr(9));
  return names;
}

}  // namespace

TEST_CASE("maskmill lists every verb that is there, and each explains itself") {
  const Ran help = tests::maskmill({"--help"});
  CHECK(help.status == 0);
  REQUIRE(verbs().size() >= 6);
  for (const std::string& verb : verbs()) {
    INFO(verb);
    CHECK(help.out.find("\n  " + verb + " ") != std::string::npos);
    CHECK(fs::exists(MASKMILL_SOURCE_DIR "/schemas/" + verb + ".schema.json"));
    const Ran own = tests::maskmill({verb, "--help"});
    CHECK(own.status == 0);
    CHECK(own.err.empty());
    for (const char* part : {"Usage: maskmill ", "Options:", "--json", "--jobs", "--quiet", "Examples:"})
      CHECK(own.out.find(part) != std::string::npos);
  }
}

TEST_CASE("wrong usage ends with 2 and says what would be right") {
  const Ran typo = tests::maskmill({"chekc", "x"});
  CHECK(typo.status == 2);
  CHECK_THAT(typo.err, contains("did you mean check?"));
  CHECK(tests::maskmill({}).status == 2);
  CHECK(tests::maskmill({"../../bin/sh"}).status == 2);
  for (const std::string& verb : verbs()) {
    INFO(verb);
    const Ran option = tests::maskmill({verb, "x", "--no-such-option"});
    CHECK(option.status == 2);
    CHECK_THAT(option.err, contains("maskmill " + verb + " --help"));
  }
  const Ran misspelt = tests::maskmill({"convert", ".", "--form", "coco"});
  CHECK(misspelt.status == 2);
  CHECK_THAT(misspelt.err, contains("there is no option --form") && contains("did you mean --from?"));
  const Ran without_value = tests::maskmill({"convert", ".", "-o"});
  CHECK(without_value.status == 2);
  CHECK_THAT(without_value.err, contains("--output needs a value: "));
  CHECK_THAT(tests::maskmill({"split", "-o", "x"}).err, contains("SRC is missing"));
  const Ran nowhere = tests::maskmill({"convert", ".", "--to", "coco"});
  CHECK(nowhere.status == 2);
  CHECK_THAT(nowhere.err, contains("-o is missing: where to write"));
  CHECK_THAT(tests::maskmill({"convert", "--help"}).out,
             contains("Usage: maskmill convert SRC -o OUT --to FORMAT [options]"));
  const Ran format = tests::maskmill({"convert", ".", "-o", "x", "--to", "cocoo"});
  CHECK(format.status == 2);
  CHECK_THAT(format.err, contains("coco"));
}

TEST_CASE("data tools do not link torch") {
  for (const std::string& verb : verbs()) {
    if (verb == "train" || verb == "test" || verb == "predict" || verb == "export") continue;
    INFO(verb);
    const Ran ran = run_program_at({"/usr/bin/ldd", std::string(MASKMILL_BIN_DIR) + "/maskmill-" + verb});
    REQUIRE(ran.status == 0);
    CHECK(ran.out.find("libtorch") == std::string::npos);
    CHECK(ran.out.find("libc10") == std::string::npos);
  }
}

TEST_CASE("every format has its page, as text and as JSON") {
  const Ran list = tests::maskmill({"formats", "--json"});
  REQUIRE(list.status == 0);
  const Json document = Json::parse(list.out);
  REQUIRE(document["formats"].size() >= 4);
  for (const Json& format : document["formats"]) {
    const Ran page = tests::maskmill({"formats", format["name"].get<std::string>()});
    CHECK(page.status == 0);
    CHECK_THAT(page.out, contains(format["title"].get<std::string>()));
    CHECK_THAT(page.out, contains("holds: "));
  }
}
