// SPDX-License-Identifier: Apache-2.0
#include "fetch/catalogue.h"

#include <boost/filesystem.hpp>
#include <cstdlib>

#include "base/error.h"
#include "base/json.h"
#include "catch.h"
#include "fetch/url.h"
#include "formats/registry.h"
#include "support/schemas.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::fetch;
using maskmill::tests::contains;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;

namespace {

const Json kData{{"name", "mine"},
                 {"title", "Mine"},
                 {"description", "what I have"},
                 {"homepage", "https://example.org/"},
                 {"format", "coco"},
                 {"licence", "none"},
                 {"citation", "me"},
                 {"files", {{{"url", "https://example.org/mine.zip"}}}}};
const Json kWeights{{"name", "a"},
                    {"url", "https://example.org/a"},
                    {"checksum", "sha256:01234567"},
                    {"network", "n"},
                    {"description", "d"}};

std::string refusal(const std::string& list, const Json& first, const std::string& key, const Json& value) {
  Json changed = first;
  changed[key] = value;
  return thrown_by([&] { parse_catalogue(to_text({{list, {first, changed}}}), "mine.json"); }).what();
}

struct Config {
  explicit Config(const Path& folder) { ::setenv("XDG_CONFIG_HOME", folder.c_str(), 1); }
  ~Config() { ::unsetenv("XDG_CONFIG_HOME"); }
};

}  // namespace

TEST_CASE("the program's catalogue fits its schema, and names formats that there are") {
  CHECK(tests::departures(read_file(Path(MASKMILL_SOURCE_DIR) / "lib/fetch/catalogue.json"), "catalogue")
            .empty());
  for (const DataEntry& entry : own_catalogue().data) {
    INFO(entry.name);
    CHECK(formats::find(entry.format).name == entry.format);
    CHECK(entry.files.empty() != entry.account.empty());
    for (const CatalogueFile& file : entry.files) CHECK_NOTHROW(Url(file.url));
  }
}

TEST_CASE(
    "published weights have torchvision's names, and the digits in their files' names are the digest's") {
  for (const WeightsEntry& weights : own_catalogue().weights) {
    INFO(weights.name);
    REQUIRE(weights.file.checksums.size() == 1);
    CHECK_THAT(weights.file.url, contains("-" + weights.file.checksums.front().digits + ".pth"));
    CHECK(find_weights(weights.name)->file.url == weights.file.url);
  }
}

TEST_CASE("a misspelt name is pointed out, and any other word is none") {
  CHECK_THAT(thrown_by([] { find_weights("ResNet50_Weights.IMAGENET1K_V3"); }).what(),
             contains("did you mean ResNet50_Weights."));
  CHECK_THAT(thrown_by([] { find_weights("VGG16_Weights.FEATURES"); }).what(),
             contains("there are: ResNet18"));
  for (const char* path : {"model", "runs/a/model.pth", "runs/My_Weights/last", "My_Weights.pth"})
    CHECK_FALSE(find_weights(path));
}

TEST_CASE("a catalogue's mistakes are errors with their place") {
  CHECK_THAT(refusal("weights", kWeights, "url", "a.pth"), contains("mine.json: weights[1].url"));
  CHECK_THAT(refusal("weights", kWeights, "checksum", "0123"), contains("weights[1].checksum"));
  CHECK_THAT(refusal("weights", kWeights, "nmae", "b"), contains("nmae"));
  CHECK_THAT(refusal("weights", kWeights, "url", "https://example.org/b"), contains("stands here twice"));
  CHECK_THAT(refusal("data", kData, "files", Json::array()), contains("data[1].files"));
  CHECK_THAT(refusal("data", kData, "root", "../up"), contains("data[1].root"));
  CHECK_THAT(refusal("data", kData, "format", "cocoo"), contains("data[1].format") && contains("coco"));
  for (const char* name : {"", "a/b", "-o", "..", "http://a"})
    CHECK_THAT(refusal("data", kData, "name", name), contains("data[1].name"));
  CHECK_THAT(thrown_by([] { parse_catalogue(R"({"dta": []})", "mine.json"); }).what(), contains("data"));
}

TEST_CASE("a user's entries come beside the program's, and instead of those of their names") {
  const Scratch scratch;
  const Config config(scratch.path());
  const std::size_t before = own_catalogue().data.size();
  CHECK(known_catalogue().data.size() == before);
  Json changed = kData;
  changed["name"] = "coco-2017";
  fs::create_directories(scratch / "maskmill/catalogue");
  scratch.write("maskmill/catalogue/a.json", to_text({{"data", {kData, changed}}, {"weights", {kWeights}}}));
  const Catalogue catalogue = known_catalogue();
  CHECK(catalogue.data.size() == before + 1);
  CHECK(catalogue.find_data("coco-2017")->title == "Mine");
  CHECK(catalogue.find_data("mine")->files.front().url == "https://example.org/mine.zip");
  CHECK(find_weights("a")->file.url == "https://example.org/a");
  scratch.write("maskmill/catalogue/b.json", "{");
  CHECK_THAT(thrown_by([] { known_catalogue(); }).what(), contains("b.json"));
}
