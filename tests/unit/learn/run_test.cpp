// SPDX-License-Identifier: Apache-2.0
#include "learn/run.h"

#include <boost/filesystem.hpp>
#include <limits>

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;

namespace {

ModelCard two_classes() {
  ModelCard card;
  Label background, cat;
  background.name = "background", background.id = 0, background.role = Role::background;
  cat.name = "big\ncat", cat.id = 1;
  card.classes = LabelMap({background, cat});
  return card;
}

RunFolder complete_run(const Path& path) {
  RunFolder run = RunFolder::create(path, Overwrite::no);
  TrainSettings settings;
  settings.epochs = 77;
  RunFolder::Files files = files_of(two_classes());
  files.emplace_back("config.json", to_text(to_json(settings_of(settings))));
  run.begin(files);
  return run;
}

}  // namespace

TEST_CASE("a run is read back as it was written") {
  const Scratch scratch;
  complete_run(scratch / "deep/run");
  const RunFolder run = RunFolder::open(scratch / "deep/run");
  CHECK(run.card() == two_classes());
  CHECK(run.settings().epochs == 77);
  CHECK(run.metrics().empty());
  CHECK(read_file(run.file("labels.txt")) == "background\nbig\\ncat\n");
}

TEST_CASE("a run is not written over another, nor into a folder of the user's") {
  const Scratch scratch;
  complete_run(scratch / "run").append_metrics({{"epoch", 1}});
  const Error there = thrown_by([&] { RunFolder::create(scratch / "run", Overwrite::no); });
  CHECK(there.code() == Code::write_failed);
  CHECK_THAT(there.hint_text(), contains("--force"));

  scratch.write("mine/thesis.txt", "x");
  for (const Overwrite overwrite : {Overwrite::no, Overwrite::yes}) {
    CHECK(thrown_by([&] { RunFolder::create(scratch / "mine", overwrite); }).code() == Code::write_failed);
    CHECK(thrown_by([&] { RunFolder::create(scratch / "mine/thesis.txt", overwrite); }).code() ==
          Code::write_failed);
  }
  CHECK(read_file(scratch / "mine/thesis.txt") == "x");
}

TEST_CASE("a run in the place of an old one has nothing of it") {
  const Scratch scratch;
  {
    const RunFolder old = complete_run(scratch / "run");
    old.append_metrics({{"epoch", 1}});
    old.write("model.pth", "weights");
    old.write("report.html", "page");
    scratch.write("run/notes.txt", "mine");
  }
  const RunFolder run = RunFolder::create(scratch / "run", Overwrite::yes);
  CHECK(run.metrics().size() == 1);  // until the new one writes
  run.begin({{"config.json", "{}"}, {"model.json", "{}"}});
  CHECK(read_file(scratch / "run/config.json") == "{}");
  for (const char* name : {"metrics.csv", "model.pth", "report.html", "labels.txt"})
    CHECK_FALSE(fs::exists(run.file(name)));
  CHECK(read_file(scratch / "run/notes.txt") == "mine");
}

TEST_CASE("predictions that test keeps in a run go with it, and a user's own are not touched") {
  const Scratch scratch;
  const RunFolder old = complete_run(scratch / "run");
  scratch.write("run/predictions/provenance.json", R"({"command": "maskmill test run data"})");
  CHECK(old.place_of_predictions() == scratch / "run/predictions");
  old.begin({{"config.json", "{}"}, {"model.json", "{}"}});
  CHECK_FALSE(fs::exists(scratch / "run/predictions"));

  scratch.write("run/predictions/provenance.json", R"({"command": "maskmill predict run photos"})");
  CHECK(thrown_by([&] { old.place_of_predictions(); }).code() == Code::write_failed);
  old.begin({{"config.json", "{}"}, {"model.json", "{}"}});
  CHECK(fs::exists(scratch / "run/predictions/provenance.json"));
}

TEST_CASE("what a killed command left of a run can be replaced") {
  const Scratch scratch;
  scratch.write("run/provenance.json", "{}");
  scratch.write("run/.maskmill-lock", "");
  scratch.write("run/.model.pth.maskmill-1-0/lock", "");
  CHECK(thrown_by([&] { RunFolder::create(scratch / "run", Overwrite::no); }).code() == Code::write_failed);
  RunFolder::create(scratch / "run", Overwrite::yes).begin({{"config.json", "{}"}});
  CHECK(list_files(scratch / "run") == std::vector{scratch / "run/config.json"});
  CHECK(std::distance(fs::directory_iterator(scratch / "run"), {}) == 1);

  scratch.write("begun/.maskmill-lock", "");
  RunFolder::create(scratch / "begun", Overwrite::no);
}

TEST_CASE("two commands do not train into one folder") {
  const Scratch scratch;
  {
    const RunFolder first = RunFolder::create(scratch / "run", Overwrite::no);
    for (const Overwrite overwrite : {Overwrite::no, Overwrite::yes}) {
      const Error second = thrown_by([&] { RunFolder::create(scratch / "run", overwrite); });
      CHECK(second.code() == Code::write_failed);
      CHECK_THAT(second.message(), contains("another command"));
    }
    first.begin({{"config.json", "{}"}, {"model.json", "{}"}});
    RunFolder::open(scratch / "run");  // reading is free
  }
  RunFolder::create(scratch / "run", Overwrite::yes);
}

TEST_CASE("folders that were made for a run that wrote nothing go, and no other") {
  const Scratch scratch;
  fs::create_directories(scratch / "there/empty");
  RunFolder::create(scratch / "there/deep/er", Overwrite::no).remove_if_unused();
  CHECK_FALSE(fs::exists(scratch / "there/deep"));
  RunFolder::create(scratch / "there/empty", Overwrite::no).remove_if_unused();
  CHECK(fs::exists(scratch / "there/empty"));
  const RunFolder used = RunFolder::create(scratch / "used", Overwrite::no);
  used.write("config.json", "{}");
  used.remove_if_unused();
  CHECK(fs::exists(scratch / "used/config.json"));
}

TEST_CASE("without a name runs go to a folder of the day and time, each to its own") {
  const Scratch scratch;
  const Path before = fs::current_path();
  fs::current_path(scratch.path());
  const RunFolder first = RunFolder::create("", Overwrite::no);
  const RunFolder second = RunFolder::create("", Overwrite::no);
  fs::current_path(before);
  CHECK(first.path() != second.path());
  CHECK(first.path().parent_path().parent_path() == Path("runs"));
  CHECK(fs::is_directory(scratch / first.path()));
  CHECK(fs::is_directory(scratch / second.path()));
}

TEST_CASE("what is no run says what is missing") {
  const Scratch scratch;
  CHECK(thrown_by([&] { RunFolder::open(scratch / "absent"); }).code() == Code::not_found);
  scratch.write("file", "");
  CHECK(thrown_by([&] { RunFolder::open(scratch / "file"); }).code() == Code::bad_format);
  scratch.write("half/config.json", "{}");
  const Error half = thrown_by([&] { RunFolder::open(scratch / "half"); });
  CHECK(half.code() == Code::bad_format);
  CHECK_THAT(half.message(), contains("model.json"));
}

TEST_CASE("settings of a run that somebody broke are refused with file and key") {
  const Scratch scratch;
  const RunFolder run = complete_run(scratch / "run");
  run.write("config.json", R"({"optimizer": {"learning-rate": "fast"}})");
  const Error error = thrown_by([&] { run.settings(); });
  CHECK(error.code() == Code::bad_format);
  CHECK(error.place().file == run.file("config.json").string());
  CHECK(error.place().field == "optimizer.learning-rate");
}

TEST_CASE("metrics come back to the last bit, in stable columns") {
  const Scratch scratch;
  const RunFolder run = complete_run(scratch / "run");
  const MetricsRow first{{"epoch", 1}, {"train_loss", 0.1}, {"val_mean_dice", 1.0 / 3}};
  run.append_metrics(first);
  run.append_metrics({{"val_mean_dice", 1e-300}, {"epoch", 2}});
  run.append_metrics({{"epoch", 3}, {"train_loss", std::numeric_limits<double>::quiet_NaN()}});
  const auto rows = run.metrics();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == first);
  CHECK(rows[1] == MetricsRow{{"epoch", 2}, {"val_mean_dice", 1e-300}});
  CHECK(rows[2] == MetricsRow{{"epoch", 3}});
  CHECK_THAT(read_file(run.file("metrics.csv")),
             contains("epoch,train_loss,val_mean_dice\n1,0.1,0.333333333"));
}

TEST_CASE("a metric that the first epoch did not have is a mistake of ours, and the file stays") {
  const Scratch scratch;
  const RunFolder run = complete_run(scratch / "run");
  run.append_metrics({{"epoch", 1}});
  CHECK(thrown_by([&] { run.append_metrics({{"epoch", 2}, {"new", 1}}); }).code() == Code::bug);
  CHECK(run.metrics().size() == 1);
  const RunFolder other = complete_run(scratch / "other");
  CHECK(thrown_by([&] { other.append_metrics({{"a,b", 1}}); }).code() == Code::bug);
  CHECK(thrown_by([&] { other.append_metrics({{"a", 1}, {"a", 2}}); }).code() == Code::bug);
}

TEST_CASE("broken metrics are refused at their line and column") {
  const Scratch scratch;
  const RunFolder run = complete_run(scratch / "run");
  run.write("metrics.csv", "epoch,loss\n1,0.5\n2,high\n");
  const Error error = thrown_by([&] { run.metrics(); });
  CHECK(error.place() == Place{run.file("metrics.csv").string(), 3, "loss"});
  run.write("metrics.csv", "epoch,loss\n1\n");
  CHECK(thrown_by([&] { run.metrics(); }).place().line == 2);
}
