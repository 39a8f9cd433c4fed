// SPDX-License-Identifier: Apache-2.0
#include "formats/trainannot/trainannot.h"

#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/trainannot/lists.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Ids = std::vector<std::string>;
using Rules = std::map<std::string, int>;

void put_trainannot(const Scratch& scratch, const std::string& subset, const std::string& name,
                    const std::vector<int>& values = {0, 1, 2}) {
  scratch.write(subset + "/" + name, png_picture());
  scratch.write(subset + "annot/" + name, png_mask(values));
}

ReadDataSet read_trainannot(const Scratch& scratch, std::vector<std::string> settings = {}) {
  return read_data_set(trainannot(), scratch.path(), std::move(settings));
}

/// Pixels by subset and label.
std::map<std::string, std::vector<std::int64_t>> pixels_of(Source& source) {
  const LabelMap& labels = source.metadata().labels;
  std::map<std::string, std::vector<std::int64_t>> pixels;
  Findings findings;
  source.rewind();
  for_each_item(source, findings, [&](Item&& item) {
    const SemanticMask mask = semantic_of(item, labels);
    std::vector<std::int64_t>& counts = pixels[item.subset];
    counts.resize(static_cast<std::size_t>(labels.size()));
    for (int label = 0; label < labels.size(); ++label)
      counts[static_cast<std::size_t>(label)] += cv::countNonZero(mask.labels == label);
  });
  return pixels;
}

}  // namespace

TEST_CASE("trainannot: a path may go through folders of the subset's name") {
  const Scratch scratch;
  scratch.write("train/nut/train/a.png", png_picture());
  scratch.write("trainannot/nut/train/a.png", png_mask({0, 1}));
  scratch.write("train/a.png", png_picture());
  scratch.write("trainannot/a.png", png_mask({1}));
  scratch.write(
      "train.txt",
      "train/nut/train/a.png trainannot/nut/train/a.png\n/train/set/train/a.png /train/set/trainannot/a.png\n");
  const ReadDataSet data = read_data_set(trainannot(), scratch.path());
  CHECK(data.rules().empty());
  CHECK(data.ids() == std::vector<std::string>{"nut/train/a", "a"});
}

TEST_CASE("train and trainannot: subsets in their usual order, items by name") {
  const Scratch scratch;
  for (const char* subset : {"val", "train", "test", "extra"})
    for (const char* name : {"b", "a"}) put_trainannot(scratch, subset, std::string(subset) + name + ".png");
  CHECK(trainannot().probe(scratch.path()).confidence >= 80);
  const ReadDataSet data = read_trainannot(scratch);
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"traina", "trainb", "vala", "valb", "testa", "testb", "extraa", "extrab"});
  CHECK(data.items[2].subset == "val");
  CHECK(data.items[2].semantic->file == scratch / "valannot/vala.png");
  CHECK(data.labels().size() == 3);
}

TEST_CASE("a list's order and pairs are taken, wherever its paths point") {
  const Scratch scratch;
  for (const char* name : {"a.png", "b.png", "deep/c.png", "d d.png"}) put_trainannot(scratch, "train", name);
  put_trainannot(scratch, "val", "v.png");
  scratch.write("train.txt",
                "/SegNet/CamVid/train/d d.png /SegNet/CamVid/trainannot/b.png\r\n"
                "train/deep/c.png\ttrainannot/deep/c.png\n\n"
                "C/train/b.png /somewhere/trainannot/b.png\n"
                "a.png");
  const ReadDataSet data = read_trainannot(scratch);
  CHECK(data.findings.empty());
  CHECK(data.ids() == Ids{"d d", "deep/c", "b", "a", "v"});
  CHECK(data.items[0].semantic->file == scratch / "trainannot/b.png");
  CHECK(data.items[3].semantic->file == scratch / "trainannot/a.png");
  CHECK(data.items[1].origin == Place{(scratch / "train.txt").string(), 2, "deep/c.png"});
  CHECK(data.items[4].origin.file == (scratch / "val/v.png").string());
}

TEST_CASE("what is wrong with a list is said, with its line") {
  const Scratch scratch;
  for (const char* name : {"a.png", "b.png", "c.png"}) put_trainannot(scratch, "train", name);
  scratch.write("train.txt",
                "train/a.png trainannot/a.png\n"
                "train/gone.png trainannot/gone.png\n"
                "no paths at all\n"
                "train/a.png trainannot/a.png\n"
                "train/b.png trainannot/gone.png\n");
  const ReadDataSet data = read_trainannot(scratch);
  CHECK(data.ids() == Ids{"a"});
  CHECK(data.rules() == Rules{{"pair-missing", 1},
                              {"unreadable-list-line", 1},
                              {"listed-twice", 1},
                              {"unreadable-mask", 1},
                              {"not-listed", 1}});
  CHECK(data.finding("pair-missing").place.line == 2u);
  CHECK(data.finding("unreadable-list-line").place.line == 3u);
  CHECK(data.finding("listed-twice").place.line == 4u);
  CHECK(data.finding("not-listed").place.file == (scratch / "train/c.png").string());
}

TEST_CASE("a subset without masks is not annotated, and other folders are none") {
  const Scratch scratch;
  put_trainannot(scratch, "train", "a.png");
  scratch.write("test/b.png", png_picture());
  scratch.write("thumbnails/a.png", png_picture());
  const ReadDataSet data = read_trainannot(scratch);
  CHECK(data.ids() == Ids{"a", "b"});
  CHECK_FALSE(data.items[1].annotated);
  CHECK(data.source->metadata().subsets == Ids{"test", "train"});
  CHECK(data.findings.empty());
}

TEST_CASE("a subset that lost its images is a finding for each mask") {
  const Scratch scratch;
  put_trainannot(scratch, "train", "a.png");
  scratch.write("valannot/b.png", png_mask({0, 1}));
  const ReadDataSet data = read_trainannot(scratch);
  CHECK(data.ids() == Ids{"a"});
  CHECK(data.rules() == Rules{{"pair-missing", 1}});
  CHECK(data.finding("pair-missing").place.file == (scratch / "valannot/b.png").string());
}

TEST_CASE("one name in two subsets is two items with two ids") {
  const Scratch scratch;
  put_trainannot(scratch, "train", "1.png");
  put_trainannot(scratch, "val", "1.png");
  put_trainannot(scratch, "val", "2.png");
  CHECK(read_trainannot(scratch).ids() == Ids{"train/1", "val/1", "2"});
}

TEST_CASE("where the layout is not there, it says what was looked for") {
  const Scratch scratch;
  scratch.write("train/a.png", png_picture());
  CHECK(trainannot().probe(scratch.path()).confidence == 0);
  const Error error = thrown_by([&] { read_trainannot(scratch); });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.message(), contains("trainannot/"));
}

TEST_CASE("lines of lists: paths may hold blanks, and nothing else may stand there") {
  CHECK_FALSE(parse_pair_line("  \t"));
  CHECK(parse_pair_line("my set/a b.png my set/a c.png")->mask == "my set/a c.png");
  CHECK(parse_pair_line("a.png")->mask.empty());
  for (const char* line : {"a", "a.png b", "a.png b.png c.png"})
    CHECK(thrown_by([&] { parse_pair_line(line); }).code() == Code::bad_value);
  CHECK(to_pair_line({"a b.png", "c.png"}) == "a b.png c.png");
  CHECK(thrown_by([] { to_pair_line({"a\nb.png", "c.png"}); }).code() == Code::bad_value);
}

TEST_CASE("written masks are gray, and lists name the pairs") {
  const Scratch scratch;
  put_trainannot(scratch, "train", "b.png");
  put_trainannot(scratch, "train", "a.png");
  put_trainannot(scratch, "val", "c.png", {2, 7});
  scratch.write("train.txt", "train/b.png trainannot/b.png\ntrain/a.png trainannot/a.png\n");
  const ReadDataSet data = read_trainannot(scratch, {"ignore=7", "background=0"});
  data.source->rewind();
  write_data_set(trainannot(), *data.source, {.target = scratch / "out", .settings = {"list-prefix=/x/"}});
  CHECK(read_file(scratch / "out/train.txt") ==
        "/x/train/b.png /x/trainannot/b.png\n/x/train/a.png /x/trainannot/a.png\n");
  CHECK(read_file(scratch / "out/val.txt") == "/x/val/c.png /x/valannot/c.png\n");
  const RawImage mask = read_raw(scratch / "out/valannot/c.png");
  CHECK(mask.palette.empty());
  CHECK(cv::countNonZero(mask.pixels != read_raw(scratch / "valannot/c.png").pixels) == 0);
  const ReadDataSet back = read_data_set(trainannot(), scratch / "out");
  CHECK(back.findings.empty());
  CHECK(back.source->metadata() == data.source->metadata());
  CHECK(back.ids() == data.ids());
}

TEST_CASE("an item without a subset has no place, nor have subsets whose folders would be one") {
  const Scratch scratch;
  put_trainannot(scratch, "train", "a.png");
  const ReadDataSet data = read_trainannot(scratch);
  std::vector<Item> items = data.items;
  items[0].subset.clear();
  const auto without = make_source(data.source->metadata(), items);
  const Error error = thrown_by([&] { write_data_set(trainannot(), *without, {.target = scratch / "out"}); });
  CHECK_THAT(error.hint_text(), contains("maskmill split"));
  CHECK(!fs::exists(scratch / "out"));
  Metadata metadata = data.source->metadata();
  metadata.subsets = {"train", "trainannot"};
  CHECK(thrown_by([&] { trainannot().create({.target = scratch / "out", .metadata = metadata}); }).code() ==
        Code::bad_value);
}

// The numbers were counted with Pillow and NumPy.
TEST_CASE("CamVid as train and trainannot: every frame, every pixel, there and back") {
  const Path sample = real_data() / "camvid_sample";
  if (!fs::is_directory(sample)) {
    WARN("skipped: the sample of CamVid is not beside the checkout");
    return;
  }
  CHECK(trainannot().probe(sample).confidence >= 60);
  const ReadDataSet data = read_data_set(trainannot(), sample, {"ignore=11"});
  CHECK(data.findings.empty());
  std::map<std::string, int> subsets;
  for (const Item& item : data.items) ++subsets[item.subset];
  CHECK(subsets == std::map<std::string, int>{{"train", 123}, {"val", 51}});
  REQUIRE(data.labels().size() == 12);
  CHECK(data.labels().is_ignored(11));
  CHECK(!data.labels().background());

  const auto pixels = pixels_of(*data.source);
  CHECK(pixels.at("train") == std::vector<std::int64_t>{3595077, 4994893, 212933, 6718735, 949677, 2036169,
                                                        246424, 238186, 1239547, 145683, 55861, 821215});
  CHECK(pixels.at("val") == std::vector<std::int64_t>{807432, 2281516, 48949, 2548202, 773901, 1441472, 77767,
                                                      272211, 154358, 56663, 194717, 155612});

  const Scratch scratch;
  data.source->rewind();
  write_data_set(trainannot(), *data.source, {.target = scratch / "out", .media = Media::link});
  const auto back = trainannot().open({scratch / "out", {}});
  CHECK(back->metadata() == data.source->metadata());
  CHECK(pixels_of(*back) == pixels);
}
