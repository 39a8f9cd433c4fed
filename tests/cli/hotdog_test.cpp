// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "support/folder_server.h"
#include "support/program.h"
#include "support/small_openimages.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("make hotdog goes from the name of a class to predictions, and goes on where it was") {
  const Scratch scratch;
  const auto images = write_small_openimages(scratch / "hosts", {.train = 60, .validation = 20, .test = 20});
  const FolderServer server(scratch / "hosts");
  const Path work = scratch / "work";
  const auto make = [&](const std::string& settings) {
    return run_program_at({"/usr/bin/make", "-C", MASKMILL_SOURCE_DIR "/pipelines/hotdog",
                           "MASKMILL=" MASKMILL_BIN_DIR "/maskmill", "WORK=" + work.string(),
                           "MIRROR=" + server.url("/"), "CLASSES=hot dog,Cat", "MAX=12", "WEIGHTS=",
                           "SETTINGS=input.min-size=48 input.max-size=48 input.presize=64 " + settings});
  };
  const Ran first = make("epochs=1");
  INFO(first.err);
  REQUIRE(first.status == 0);
  const Json coco = read_json(work / "coco/annotations/instances_train.json");
  CHECK(coco["categories"].size() == 2);
  CHECK(coco["annotations"].size() > 4);
  CHECK(fs::exists(work / "run/report.html"));
  const Json tested = read_json(work / "split/annotations/instances_test.json");
  CHECK(read_json(work / "predictions/annotations/instances_test.json")["images"].size() ==
        tested["images"].size());
  CHECK(list_files(work / "predictions/overlays").size() == tested["images"].size());
  for (const char* name : {"model.pth", "labels.txt", "jit-model.pt"}) CHECK(fs::exists(work / "run" / name));

  const std::size_t asked = server.web().counts().requests;
  const auto made = fs::last_write_time(work / "run/model.pth");
  const Ran again = make("epochs=1");
  CHECK(again.status == 0);
  CHECK(fs::last_write_time(work / "run/model.pth") == made);
  CHECK(make("epochs=2").status == 0);
  CHECK(fs::last_write_time(work / "run/model.pth") != made);
  CHECK(server.web().counts().requests == asked);
}
