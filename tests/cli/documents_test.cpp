// SPDX-License-Identifier: Apache-2.0
// tests::maskmill() holds every document that --json prints against schemas/: here each verb prints one.
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "base/output.h"
#include "support/drawn.h"
#include "support/program.h"
#include "support/schemas.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::string printed(std::vector<std::string> words) {
  words.emplace_back("--json");
  const Ran ran = tests::maskmill(words);
  INFO(ran.err);
  REQUIRE(ran.status <= 1);
  return ran.out;
}

}  // namespace

TEST_CASE("what the data verbs print and write fits the schemas") {
  const Scratch scratch;
  const std::string data = (scratch / "data").string(), split = (scratch / "split").string(),
                    coco = (scratch / "coco").string(), page = (scratch / "page.html").string();
  REQUIRE(run_program_at({std::string(MASKMILL_BIN_DIR) + "/quickstart-shapes", data}).status == 0);
  printed({"formats"});
  printed({"formats", "voc"});
  printed({"split", data, "-o", split, "--stratify"});
  printed({"split", data, "-o", (scratch / "groups").string(), "--count", "val=20,test=5",
           "--stratify-pixels", "--group-by", "shapes_(..)"});
  printed({"split", data, "-o", (scratch / "folds").string(), "--folds", "3", "--media", "link", "--hash"});
  printed({"convert", split, "-o", coco, "--to", "coco", "--shape", "polygon"});
  printed({"diff", split, coco, "--tolerance", "0.5"});
  printed({"merge", data, coco, "-o", (scratch / "both").string(), "--to", "coco", "--same-id", "rename"});
  printed({"transform", split, "-o", (scratch / "tiles").string(), "--to", "coco", "--tile", "32x32",
           "--min-area", "9"});
  fs::remove(list_files(split + "/val/images").front());
  for (const std::string& folder : {data, split, coco}) {
    printed({"info", folder, "--report", page, "--force"});
    printed({"info", folder, "--fast"});
    printed({"check", folder});
    printed({"show", folder, "-o", page, "--force", "--max-items", "2"});
  }
  printed({"check", split, "--for", "defaults", "input.width=64"});
  printed({"check", coco, "--for", "defaults", "model.name=maskrcnn_resnet50_fpn"});
  CHECK(departures(read_file(split + "/labels.json"), "labels").empty());
  for (const std::string& folder : {split, coco})
    CHECK(departures(read_file(folder + "/provenance.json"), "provenance").empty());
}

TEST_CASE("a schema refuses a document with a key too many or too few") {
  const Json document = Json::parse(printed({"formats"}));
  Json more = document, less = document;
  more["formats"][0]["colour"] = 1;
  less["formats"][0].erase("title");
  CHECK(departures(to_text(document), "formats").empty());
  CHECK_FALSE(departures(to_text(more), "formats").empty());
  CHECK_FALSE(departures(to_text(less), "formats").empty());
}
