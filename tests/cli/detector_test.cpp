// SPDX-License-Identifier: Apache-2.0
// Objects, from a data set to predictions.
#include <algorithm>
#include <boost/filesystem.hpp>

#include "support.h"
#include "support/schemas.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// A Mask R-CNN that saw a few drawn shapes once: it finds much of nothing, which is enough here.
struct Detector {
  Scratch scratch;
  std::string split, run;
  Json trained;
  Detector() {
    const std::string data = (scratch / "shapes").string();
    split = (scratch / "split").string(), run = (scratch / "run").string();
    REQUIRE(run_program_at({std::string(MASKMILL_BIN_DIR) + "/quickstart-shapes", data}).status == 0);
    REQUIRE(tests::maskmill(
                {"split", data, "-o", split, "--ratio", "train=0.03,val=0.02,test=0.02,rest=0.93", "--quiet"})
                .status == 0);
    trained = json_of({"train", split, "-o", run, "model.name=maskrcnn_resnet50_fpn", "input.min-size=64",
                       "input.max-size=64", "batch-size=2", "epochs=1", "model.detector.box-score-thresh=0"});
  }
};

const Detector& detector() {
  static const Detector once;
  return once;
}

}  // namespace

TEST_CASE("a detector's run says what was learned, and goes on") {
  const Path run = detector().run;
  CHECK(detector().trained["monitor"] == "val_mask_ap");
  CHECK(departures(read_file(run / "config.json"), "train-settings").empty());
  CHECK(departures(read_file(run / "model.json"), "model").empty());
  CHECK(read_file(run / "labels.txt") == "background\ndisc\nbox\ntriangle\n");
  const std::string metrics = read_file(run / "metrics.csv");
  for (const char* column :
       {"train_loss_mask", "train_loss_objectness", "val_loss", "val_mask_ap", "val_box_ap50"})
    CHECK_THAT(metrics, contains(column));

  const Json longer = json_of({"train", detector().split, "-o", detector().run, "--resume", "epochs=2"});
  CHECK(longer["epochs"] == 2);
}

TEST_CASE("a detector is scored as COCO scores, its predictions stay, its worst images are shown") {
  const Json scores = json_of({"test", detector().run, detector().split});
  CHECK(scores["coco"].contains("bbox"));
  CHECK(scores["coco"]["segm"]["AP"].is_number());
  CHECK(fs::exists(Path(scores["predictions"].get<std::string>()) / "annotations"));

  const std::string page = read_file(scores["report"].get<std::string>());
  CHECK_THAT(page, contains("Worst images") && contains("lowest F1 at an IoU of .5"));
  CHECK_THAT(page, contains(": truth\"") && contains(": prediction\""));
  CHECK_THAT(page, !contains("without its image"));
  // The worst one alone, on one thread, is drawn the same.
  const Scratch scratch;
  const std::string other = (scratch / "one.html").string();
  json_of({"test", detector().run, detector().split, "--report", other, "--worst", "1", "--jobs", "1"});
  const std::string one = read_file(other);
  const std::size_t figure = one.find("<figure");
  CHECK(one.find("<figure", figure + 1) == one.npos);
  CHECK(page.find(one.substr(figure, one.find("</figure>") - figure)) == page.find("<figure"));
}

TEST_CASE("a detector is scored alike whether the truth is one mask an image or one a label") {
  const Scratch scratch;
  const std::string masks = (scratch / "masks").string();
  const Json expected = json_of({"test", detector().run, detector().split});
  json_of({"convert", detector().split, "-o", masks, "--to", "label_masks", "--media", "copy"});
  CHECK(json_of({"test", detector().run, masks, "--from", "label_masks"})["coco"] == expected["coco"]);
}

TEST_CASE("a picture that a detector cannot read is not scored, and the exit code says so") {
  const Scratch scratch;
  const std::string coco = (scratch / "coco").string();
  json_of({"convert", detector().split, "-o", coco, "--to", "coco", "--media", "copy"});
  const Json whole = json_of({"test", detector().run, coco});
  const Path annotations = scratch / "coco/annotations/instances_test.json";
  const std::string broken = read_json(annotations)["images"][0]["file_name"];
  std::string picture;
  for (const Path& file : list_files(scratch / "coco"))
    if (file.filename() == Path(broken).filename()) picture = file.string();
  REQUIRE_FALSE(picture.empty());
  scratch.write(Path(picture).lexically_relative(scratch.path()).string(), "broken");
  const Json scored = json_of({"test", detector().run, coco}, 1);
  CHECK(scored["left_out"] == 1);
  CHECK(scored["items"] == whole["items"].get<int>() - 1);
}

TEST_CASE("predictions are polygons and leave out what is small, where that is asked for") {
  const Scratch scratch;
  const auto predicted = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> words{"predict",
                                   detector().run,
                                   detector().split + "/test/images",
                                   "-o",
                                   (scratch / name).string(),
                                   "--to",
                                   "coco",
                                   "--threshold",
                                   "0"};
    words.insert(words.end(), more.begin(), more.end());
    json_of(words);
    return read_json(scratch / name / "annotations/instances.json")["annotations"];
  };
  const Json all = predicted("all", {});
  std::size_t large = 0, filled = 0;
  for (const Json& annotation : all) {
    large += annotation["area"].get<double>() >= 20;
    filled += annotation["area"].get<double>() > 0;
  }
  REQUIRE(large < all.size());
  CHECK(predicted("large", {"--min-area", "20"}).size() == large);
  std::size_t polygons = 0;
  for (const Json& annotation : predicted("polygons", {"--shape", "polygon"}))
    polygons += annotation["segmentation"].is_array() && !annotation["segmentation"].empty();
  CHECK(polygons > filled / 2);  // those with holes stay as they are
}

TEST_CASE("what a detector finds is written in any format, under other names, and each object's mask alone") {
  const Scratch scratch;
  const std::string out = (scratch / "out").string();
  const Json said =
      json_of({"predict", detector().run, detector().split + "/test/images", "-o", out, "--to", "coco",
               "--threshold", "0", "--rename", "disc=plate", "--object-masks", "--overlay"});
  const Json written = read_json(scratch / "out/annotations/instances.json");
  CHECK(written["categories"][0]["name"] == "plate");
  REQUIRE(written["annotations"].size() > 3);
  for (const Json& annotation : written["annotations"]) {
    CHECK(annotation["score"].get<double>() >= 0);
    CHECK(annotation["bbox"][2].get<double>() > 0);
  }
  CHECK(list_files(scratch / "out/objects").size() == written["annotations"].size());
  CHECK(list_files(scratch / "out/overlays").size() == said["items"]);
  // The second threshold is above every score.
  const Json none = json_of({"predict", detector().run, detector().split + "/test/images", "-o",
                             (scratch / "none").string(), "--to", "coco", "--threshold", "1"});
  CHECK(read_json(scratch / "none/annotations/instances.json")["annotations"].empty());
  CHECK(none["items"] == said["items"]);

  CHECK(tests::maskmill({"predict", detector().run, detector().split + "/test/images", "-o",
                         (scratch / "p").string(), "--probabilities"})
            .status == 2);
  CHECK(tests::maskmill({"predict", detector().run, detector().split + "/test/images", "-o",
                         (scratch / "p").string(), "--rename", "dis=plate"})
            .status == 2);
}

TEST_CASE("a run is written as TorchScript, and held against the model on the way") {
  const Scratch scratch;
  const Json written =
      json_of({"export", detector().run, "--to", "torchscript", "-o", (scratch / "jit-model.pt").string()});
  CHECK(written["bytes"].get<std::size_t>() == fs::file_size(scratch / "jit-model.pt"));
}

TEST_CASE("settings that do not go with a network say which do") {
  const Scratch scratch;
  const auto refused = [&](const std::string& setting) {
    const Ran ran = tests::maskmill({"train", detector().split, "-o", (scratch / "run").string(),
                                     "model.name=fasterrcnn_resnet50_fpn", setting});
    CHECK(ran.status == 2);
    return ran.err;
  };
  CHECK_THAT(refused("monitor=val_mask_ap"), contains("val_box_ap"));
  CHECK_THAT(refused("monitor=val_mean_dice"), contains("fasterrcnn_resnet50_fpn"));
  CHECK_THAT(refused("input.max-size=100"), contains("input.min-size"));
}
