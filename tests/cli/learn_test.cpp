// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>

#include "base/json.h"
#include "base/output.h"
#include "learn/tensor_file.h"
#include "support/drawn.h"
#include "support/folder_server.h"
#include "support/program.h"
#include "support/schemas.h"
#include "support/web_server.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Ran checked(std::vector<std::string> words, int status = 0) {
  const Ran ran = tests::maskmill(words);
  INFO(ran.err);
  REQUIRE(ran.status == status);
  return ran;
}

// A small run, trained once for all tests here.
struct Trained {
  Scratch scratch;
  std::string data, split, run;
  Trained() {
    data = (scratch / "shapes").string(), split = (scratch / "split").string(),
    run = (scratch / "run").string();
    REQUIRE(run_program_at({std::string(MASKMILL_BIN_DIR) + "/quickstart-shapes", data}).status == 0);
    checked({"split", data, "-o", split, "--ratio", "train=0.4,val=0.1,test=0.1,rest=0.4", "--media", "link",
             "--quiet"});
    checked({"train", split, "-o", run, "epochs=8", "model.init-features=8", "input.width=64",
             "input.height=64", "loss.terms=ce,dice", "schedule.name=one-cycle",
             "optimizer.learning-rate=0.01", "--quiet", "--json"});
  }
};

const Trained& trained() {
  static const Trained once;
  return once;
}

}  // namespace

TEST_CASE("a run directory holds what the documentation says") {
  const Path run = trained().run;
  for (const char* name : {"config.json", "environment.json", "provenance.json", "model.json", "labels.txt",
                           "metrics.csv", "model.pth"}) {
    INFO(name);
    CHECK(fs::exists(run / name));
  }
  const Json used = Json::parse(read_file(run / "provenance.json"))["inputs"][0];
  CHECK(used["items"] == 96 + 24);
  CHECK(used["fingerprint"].get<std::string>().size() == 32);
  CHECK(read_file(run / "labels.txt") == "background\ndisc\nbox\ntriangle\n");
  CHECK(Json::parse(read_file(run / "config.json"))["model"]["init-features"] == 8);
  const std::map<std::string, std::string> schemas{{"config.json", "train-settings"},
                                                   {"model.json", "model"},
                                                   {"environment.json", "environment"},
                                                   {"provenance.json", "provenance"}};
  for (const auto& [file, schema] : schemas) {
    INFO(file);
    CHECK(departures(read_file(run / file), schema).empty());
  }
  const std::string metrics = read_file(run / "metrics.csv");
  CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 9);
  CHECK_THAT(metrics, contains("val_mean_dice"));
}

TEST_CASE("a sweep trains each combination, and says which is best") {
  const Scratch scratch;
  scratch.write("model.json", R"({"model": {"init-features": 2}, "input": {"width": 32, "height": 32}})");
  scratch.write("course.json", R"({"epochs": 1, "input": {"height": 16}})");
  const std::string out = (scratch / "sweep").string();
  const std::vector<std::string> words{
      "train",
      trained().split,
      "-o",
      out,
      "--sweep",
      "--config",
      (scratch / "model.json").string() + "," + (scratch / "course.json").string(),
      "optimizer.learning-rate=0.0001,0.01",
      "seed=0,1",
      "--quiet",
      "--json"};
  const Json said = Json::parse(checked(words).out);
  REQUIRE(said["sweep"].size() == 4);
  double best = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const Path run = scratch / ("sweep/" + std::to_string(i + 1));
    CHECK(said["sweep"][i]["run"] == run.string());
    const Json config = Json::parse(read_file(run / "config.json"));
    CHECK(config["seed"] == i % 2);
    CHECK(config["optimizer"]["learning-rate"] == (i < 2 ? 0.0001 : 0.01));
    CHECK(config["input"]["width"] == 32);
    CHECK(config["input"]["height"] == 16);
    best = std::max(best, said["sweep"][i]["best_score"].get<double>());
  }
  CHECK(said["best_score"] == best);
  CHECK(tests::maskmill(words).status == 3);  // the runs are there already
}

TEST_CASE("a run of a sweep that fails is told, and the others are trained") {
  const Scratch scratch;
  const Ran ran = tests::maskmill({"train", trained().split, "-o", (scratch / "sweep").string(), "--sweep",
                                   "optimizer.learning-rate=1e30,0.001", "epochs=2", "model.init-features=2",
                                   "input.width=32", "input.height=32", "--json"});
  CHECK(ran.status == 1);
  const Json said = parse_json(ran.out, "train");
  REQUIRE(said["sweep"].size() == 2);
  CHECK_THAT(said["sweep"][0]["failed"].get<std::string>(), contains("no longer a number"));
  CHECK(said["sweep"][1]["best_score"] == said["best_score"]);
  CHECK_THAT(ran.err, contains("learning-rate"));
}

TEST_CASE("weights go out in another format and come back the same") {
  const Scratch scratch;
  const std::string safe = (scratch / "a.safetensors").string(), back = (scratch / "b.pth").string();
  const Json said = Json::parse(checked({"export", trained().run, "-o", safe, "--json", "--quiet"}).out);
  CHECK(said["tensors"] == 118);
  CHECK(said["bytes"] == fs::file_size(safe));
  checked({"export", safe, "--to", "pth", "-o", back});
  const auto sorted = [](learn::StateDict state) {
    std::ranges::sort(state, {}, &learn::NamedTensor::name);
    return state;
  };
  CHECK((sorted(learn::read_tensors(back)) == sorted(learn::read_tensors(trained().run + "/model.pth"))));
  CHECK(tests::maskmill({"export", trained().run, "-o", safe}).status == 3);
  checked({"train", trained().split, "-o", (scratch / "run").string(), "init=" + safe, "epochs=1",
           "model.init-features=8", "input.width=64", "input.height=64", "--quiet"});
}

TEST_CASE("a network begins with weights from the web, which are kept") {
  const Scratch scratch;
  const std::string weights = read_file(trained().run + "/model.pth");
  const WebServer server([&](const WebRequest& request) { return file_reply(request, weights, "\"1\""); });
  const std::vector<std::string> environment{"/usr/bin/env", "MASKMILL_CACHE=" + (scratch / "cache").string(),
                                             "https_proxy=http://127.0.0.1:1"};
  const auto train = [&](const std::string& from, const std::string& run) {
    return tests::maskmill({"train", trained().split, "-o", (scratch / run).string(), "model.weights=" + from,
                            "epochs=1", "model.init-features=8", "input.width=64", "input.height=64"},
                           environment);
  };
  for (const char* run : {"a", "b"}) {
    const Ran ran = train(server.url("/models/model.pth"), run);
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    CHECK_THAT(ran.err, contains("begins with 118 tensors of http://127.0.0.1:"));
  }
  CHECK(server.requests().size() == 1);
  CHECK(Json::parse(read_file(scratch / "a/config.json"))["model"]["weights"] ==
        server.url("/models/model.pth"));
  CHECK_FALSE(Json::parse(read_file(scratch / "a/model.json"))["model"].contains("weights"));

  const Ran offline = train("ResNet50_Weights.IMAGENET1K_V2", "c");
  CHECK(offline.status == 3);
  CHECK_THAT(offline.err, contains("resnet50-11ad3fa6.pth cannot be downloaded") && contains("put it at "));
  const std::string place = offline.err.substr(offline.err.find("put it at ") + 10);
  const Path put = place.substr(0, place.find('\n'));
  CHECK(put.filename() == "resnet50-11ad3fa6.pth");
  scratch.write(relative_name(put, scratch.path()), weights);
  CHECK_THAT(train("ResNet50_Weights.IMAGENET1K_V2", "c").err, contains("not 11ad3fa6"));
  CHECK_THAT(train("ResNet50_Weights.IMAGENET1K_V4", "c").err, contains("did you mean ResNet50_Weights."));
  CHECK_THAT(train("absent.pth", "c").err,
             contains("absent.pth: is no file") && contains("FCN_ResNet50_Weights"));
  CHECK_FALSE(fs::exists(scratch / "c"));
}

TEST_CASE("a run that goes on with other arithmetic says so") {
  const Scratch scratch;
  const std::string run = (scratch / "run").string();
  checked({"train", trained().split, "-o", run, "epochs=1", "threads=1", "model.init-features=2",
           "input.width=16", "input.height=16", "--quiet"});
  const auto goes_on = [&](const std::string& setting) {
    return checked({"train", trained().split, "-o", run, "--resume", setting}).err;
  };
  CHECK_THAT(goes_on("epochs=2"), !contains("differ in the last bits"));
  CHECK_THAT(goes_on("threads=2"), contains("differ in the last bits: threads 1 -> 2"));
}

TEST_CASE("what training sees is drawn") {
  const Scratch scratch;
  const std::string page = (scratch / "seen.html").string();
  const Json said = Json::parse(checked({"show", trained().split, "-o", page, "--augment", trained().run,
                                         "--max-items", "5", "augment.rotation=30", "--json", "--quiet"})
                                    .out);
  CHECK(said["items"] == 5);
  CHECK_THAT(read_file(page), contains("as training sees them"));
  CHECK(tests::maskmill({"show", trained().split, "-o", page, "augment.rotation=30"}).status == 2);
  CHECK(tests::maskmill({"show", trained().split, "-o", page, "--augment", "defaults", "--label", "disc"})
            .status == 2);
}

TEST_CASE("a setting that is typed as an option is pointed out as one") {
  const Ran setting = tests::maskmill({"train", ".", "--optimizer.learning-rate=0.1"});
  CHECK(setting.status == 2);
  CHECK_THAT(setting.err, contains("no option --optimizer.learning-rate") &&
                              contains("it is a setting: write optimizer.learning-rate=0.1"));
  const Ran apart = tests::maskmill({"train", ".", "--epochs", "3"});
  CHECK_THAT(apart.err, contains("write epochs=3"));
  CHECK_THAT(tests::maskmill({"test", "run"}).err, contains("DATA is missing"));
}

TEST_CASE("test prints the scores of a subset and writes the page") {
  const Ran ran = checked({"test", trained().run, trained().split, "--json", "--quiet"});
  const Json scores = Json::parse(ran.out);
  CHECK(scores["items"] == 24);
  CHECK(scores["semantic"]["classes"].size() == 4);
  CHECK(scores["semantic"]["mean_dice"].get<double>() > 0.6);
  const std::string page = read_file(Path(trained().run) / "report.html");
  CHECK_THAT(page, contains("triangle"));
  for (const char* remote : {"src=\"http", "href=\"http", "url(http", "@import"})
    CHECK(page.find(remote) == std::string::npos);
  CHECK(tests::maskmill({"test", trained().run, trained().split, "--subset", "tset"}).status == 2);
}

TEST_CASE("what could not be scored is said, and makes the exit code 1") {
  const Scratch scratch;
  const std::string split = (scratch / "split").string();
  checked({"split", trained().data, "-o", split, "--ratio", "test=1", "--quiet"});
  const Path image = list_files(split + "/test/images").front();
  replace_file(image, read_file(image).substr(0, 200));
  const Ran ran = checked({"test", trained().run, split, "--report", (scratch / "page.html").string()}, 1);
  CHECK_THAT(ran.err, contains("scored without 1 item that could not be read"));
  CHECK_THAT(ran.out, contains("239 items"));
}

TEST_CASE("an item that nobody annotated is no fault of the data that are scored") {
  const Scratch scratch;
  const std::string split = (scratch / "split").string();
  checked({"split", trained().data, "-o", split, "--ratio", "test=1", "--quiet"});
  fs::remove(list_files(split + "/test/masks").front());
  const std::vector<std::string> words{"test", trained().run, split, "--report",
                                       (scratch / "page.html").string()};
  const Ran ran = checked(words);
  CHECK_THAT(ran.err, contains("scored without 1 item that nobody annotated") && !contains("read"));
  CHECK_THAT(ran.out, contains("239 items"));
  CHECK_THAT(read_file(scratch / "page.html"), contains("1 item that nobody annotated"));
}

TEST_CASE("predictions are index masks of the inputs' own sizes, and a data set") {
  const Scratch scratch;
  const std::string out = (scratch / "out").string(), images = trained().split + "/test/images";
  checked({"predict", trained().run, images, "-o", out, "--overlay", "--quiet", "--json"});
  std::size_t count = 0;
  for (const Path& image : list_files(images)) {
    const RawImage mask = read_raw(Path(out) / "masks" / (image.stem().string() + ".png"));
    const Size size = probe_image(image).size();
    CHECK(mask.pixels.cols == size.width);
    CHECK(mask.pixels.rows == size.height);
    CHECK(mask.palette.size() >= 4);
    double highest = 0;
    cv::minMaxLoc(mask.pixels, nullptr, &highest);
    CHECK(highest < 4);
    CHECK(probe_image(Path(out) / "overlays" / (image.stem().string() + ".jpg")).size() == size);
    ++count;
  }
  CHECK(count == 24);
  CHECK(Json::parse(checked({"info", out, "--json"}).out)["items"] == 24);
}

TEST_CASE("a URL is predicted as its file is, and a page that is no picture is refused") {
  const Scratch scratch;
  const Path image = list_files(trained().split + "/test/images").front();
  scratch.write("served/a/street one.jpg", read_file(image));
  scratch.write("served/page.jpg", "<html>gone</html>");
  const FolderServer server(scratch / "served");
  const std::string url = server.url("/a/street%20one.jpg?token=secret"), out = (scratch / "out").string();
  fs::create_directories(scratch / "tmp");
  const std::vector<std::string> through{"/usr/bin/env", "TMPDIR=" + (scratch / "tmp").string()};
  const Ran ran = tests::maskmill({"predict", trained().run, url, "-o", out}, through);
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  checked({"predict", trained().run, image.string(), "-o", (scratch / "file").string()});
  const std::vector<Path> masks = list_files(Path(out) / "masks");
  REQUIRE(masks.size() == 1);
  CHECK(read_file(masks.front()) == read_file(scratch / "file/masks" / (image.stem().string() + ".png")));
  const std::string provenance = read_file(Path(out) / "provenance.json");
  CHECK_THAT(Json::parse(provenance)["inputs"][0]["path"].get<std::string>(),
             contains("street") && !contains("secret"));
  CHECK(list_files(scratch / "tmp").empty());
  CHECK(tests::maskmill({"predict", trained().run, server.url("/absent.jpg"), "-o", out + "2"}).status == 3);
  CHECK(tests::maskmill({"predict", trained().run, server.url("/page.jpg"), "-o", out + "3"}).status != 0);
}

TEST_CASE("predictions as COCO have scores, and paint to the same masks") {
  const Scratch scratch;
  const std::string images = trained().split + "/test/images";
  checked({"predict", trained().run, images, "-o", (scratch / "masks").string(), "--quiet"});
  checked({"predict", trained().run, images, "-o", (scratch / "coco").string(), "--to", "coco", "--media",
           "copy", "--quiet"});
  std::size_t annotations = 0;
  for (const Path& path : list_files(scratch / "coco"))
    if (lower_extension(path) == "json" && path.filename() != "provenance.json") {
      const Json document = Json::parse(read_file(path));
      for (const Json& annotation : document.at("annotations")) {
        ++annotations;
        const double score = annotation.at("score").get<double>();
        CHECK((score > 0.25 && score <= 1));
      }
    }
  CHECK(annotations > 0);
  checked({"convert", (scratch / "coco").string(), "-o", (scratch / "back").string(), "--to", "pairs",
           "--quiet"});
  for (const Path& mask : list_files(scratch / "masks/masks")) {
    const cv::Mat ours = read_raw(mask).pixels,
                  back = read_raw(scratch / "back/masks" / mask.filename()).pixels;
    CHECK(cv::countNonZero(ours != back) == 0);
  }
}

TEST_CASE("a picture that cannot be read costs itself, and is said") {
  const Scratch scratch;
  scratch.write("in/good.jpg", encode_jpeg(picture({70, 50}, 1)));
  scratch.write("in/empty.jpg", "");
  scratch.write("in/gray one.png", encode_png(blotches({33, 21}, {10, 200}, 3)));
  const Ran ran = tests::maskmill(
      {"predict", trained().run, (scratch / "in").string(), "-o", (scratch / "out").string(), "--json"});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, contains("empty.jpg"));
  CHECK(Json::parse(ran.out)["items"] == 2);
}

TEST_CASE("training says what is wrong before it begins") {
  const std::string data = trained().split;
  const auto refused = [&](std::vector<std::string> more, const std::string& words, int status) {
    const Scratch scratch;
    std::vector<std::string> all{"train", data, "-o", (scratch / "run").string()};
    all.insert(all.end(), more.begin(), more.end());
    const Ran ran = tests::maskmill(all);
    INFO(ran.err);
    CHECK(ran.status == status);
    CHECK_THAT(ran.err, contains(words));
    CHECK_FALSE(fs::exists(scratch / "run"));
  };
  refused({"optimizer.learningrate=1"}, "optimizer.learning-rate", 2);
  refused({"epochs=0"}, "epochs", 2);
  refused({"input.width=100"}, "16", 2);
  refused({"model.name=unett"}, "unet", 2);
  refused({"train-subset=trian"}, "train", 2);
  refused({"--config", "/no/such/file.json"}, "/no/such/file.json", 3);
}

TEST_CASE("a run is not overwritten without --force, and a folder of one's own never") {
  CHECK(tests::maskmill({"train", trained().split, "-o", trained().run, "epochs=1"}).status == 3);
  const Scratch scratch;
  scratch.write("mine/thesis.tex", "years of work");
  CHECK(tests::maskmill({"train", trained().split, "-o", (scratch / "mine").string(), "--force", "epochs=1"})
            .status == 3);
  CHECK(read_file(scratch / "mine/thesis.tex") == "years of work");
}

TEST_CASE("a run whose weights are not its model's is refused, naming the tensor") {
  const Scratch scratch;
  for (const Path& path : list_files(trained().run))
    scratch.write(Path("run") / path.filename(), read_file(path));
  Json card = Json::parse(read_file(scratch / "run/model.json"));
  card["model"]["init-features"] = 16;
  scratch.write("run/model.json", card.dump());
  scratch.write("a.jpg", encode_jpeg(picture({32, 32}, 1)));
  const Ran ran = tests::maskmill({"predict", (scratch / "run").string(), (scratch / "a.jpg").string(), "-o",
                                   (scratch / "out").string()});
  CHECK(ran.status == 3);
  CHECK_THAT(ran.err, contains("encoder1.enc1conv1.weight"));
}
