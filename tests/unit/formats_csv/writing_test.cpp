// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "formats/csv/csv.h"
#include "support.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Items train/"b, c", val/a and one that nobody annotated.
ReadDataSet made(const Scratch& scratch) {
  const auto put = [&](const std::string& name, const std::vector<int>& values) {
    scratch.write("in/images/" + name + ".jpg", jpeg_picture());
    scratch.write("in/masks/" + name + ".png", png_mask(values));
  };
  put("b, c", {1, 2, 300});
  put("a", {1});
  scratch.write("in/images/d.jpg", jpeg_picture());
  scratch.write("in/df_train.csv", "img_rgb,img_mask\n\"images/b, c.jpg\",\"masks/b, c.png\"\n");
  scratch.write("in/df_valid.csv", "img_rgb,img_mask\nimages/a.jpg,masks/a.png\nimages/d.jpg,\n");
  return read_data_set(csv(), scratch / "in");
}

void write(const Scratch& scratch, Source& source, CreateRequest request = {}) {
  request.target = scratch / "out";
  source.rewind();
  write_data_set(csv(), source, request);
}

}  // namespace

TEST_CASE("tables name each pair and the values of its mask") {
  const Scratch scratch;
  const ReadDataSet data = made(scratch);
  write(scratch, *data.source);
  const std::string first = "\"images/b, c.jpg\",\"masks/b, c.png\",1,300,3,[1 2 300]\n",
                    rest = "images/a.jpg,masks/a.png,1,1,1,[1]\nimages/d.jpg,,,,,\n";
  CHECK(read_file(scratch / "out/df_train.csv") == kHeader + first);
  CHECK(read_file(scratch / "out/df_valid.csv") == kHeader + rest);
  CHECK(read_file(scratch / "out/df_data.csv") == kHeader + first + rest);
  CHECK(read_file(scratch / "out/df_label.csv") == "label_id,label_name\n1,1\n2,2\n300,300\n");
  CHECK(csv().probe(scratch / "out").confidence == 92);

  const ReadDataSet back = read_data_set(csv(), scratch / "out");
  CHECK(back.source->metadata() == data.source->metadata());
  CHECK(back.ids() == data.ids());
  for (std::size_t i = 0; i < back.items.size(); ++i) {
    CHECK(back.items[i].subset == data.items[i].subset);
    CHECK(back.items[i].annotated == data.items[i].annotated);
    if (back.items[i].annotated)
      CHECK(cv::countNonZero(semantic_of(back.items[i], back.labels()).labels !=
                             semantic_of(data.items[i], data.labels()).labels) == 0);
  }
}

TEST_CASE("void and roles come back through labels.json") {
  const Scratch scratch;
  scratch.write("in/images/a.jpg", jpeg_picture());
  scratch.write("in/masks/a.png", png_mask({0, 1, 9}));
  scratch.write("in/t.csv", "image,mask\nimages/a.jpg,masks/a.png\n");
  scratch.write("in/labels.txt", "ground\nroad\n");
  const ReadDataSet data = read_data_set(csv(), scratch / "in", {"background=ground"});
  write(scratch, *data.source);
  CHECK_THAT(read_file(scratch / "out/df_data.csv"), contains(",0,255,3,[0 1 255]"));
  CHECK_THAT(read_file(scratch / "out/df_label.csv"), contains("255,void\n"));
  const ReadDataSet back = read_data_set(csv(), scratch / "out");
  CHECK(back.labels().background() == 0);
  CHECK(back.labels().is_ignored(2));
}

TEST_CASE("a table that is replaced is kept beside the new one") {
  const Scratch scratch;
  const ReadDataSet data = made(scratch);
  write(scratch, *data.source);
  CHECK(!fs::exists(scratch / "out/df_data.csv.backup"));
  rewrite(scratch / "out/df_data.csv", "old");
  std::vector<Item> fewer{data.items[0]};
  const auto source = make_source(data.source->metadata(), fewer);
  write(scratch, *source, {.overwrite = Overwrite::yes});
  CHECK(read_file(scratch / "out/df_data.csv.backup") == "old");
  CHECK_THAT(read_file(scratch / "out/df_valid.csv.backup"), contains("images/a.jpg"));
  CHECK(read_file(scratch / "out/df_valid.csv") == kHeader);
  CHECK(fs::exists(scratch / "out/df_label.csv.backup"));
  CHECK(read_data_set(csv(), scratch / "out").items.size() == 1);
}

TEST_CASE("images may stay where they are") {
  const Scratch scratch;
  const ReadDataSet data = made(scratch);
  write(scratch, *data.source, {.media = Media::reference});
  CHECK(!fs::exists(scratch / "out/images"));
  CHECK_THAT(read_file(scratch / "out/df_valid.csv"), contains((scratch / "in/images/a.jpg").string()));
  CHECK(read_data_set(csv(), scratch / "out").ids() == data.ids());
}

TEST_CASE("the subset valid keeps its name, but not beside val") {
  const Scratch scratch;
  ReadDataSet data = made(scratch);
  Metadata metadata = data.source->metadata();
  metadata.subsets = {"train", "valid"};
  for (Item& item : data.items)
    if (item.subset == "val") item.subset = "valid";
  const auto source = make_source(metadata, data.items);
  write(scratch, *source);
  CHECK(read_data_set(csv(), scratch / "out").source->metadata().subsets == metadata.subsets);
  CHECK(read_data_set(csv(), scratch / "out").items[1].subset == "valid");

  for (const std::vector<std::string>& subsets :
       {std::vector<std::string>{"val", "valid"}, {"data"}, {"label"}}) {
    metadata.subsets = subsets;
    CHECK(thrown_by([&] { csv().create({.target = scratch / "other", .metadata = metadata}); }).code() ==
          Code::bad_value);
  }
}

TEST_CASE("a name of a file is no name for this output") {
  const Scratch scratch;
  CHECK_THAT(thrown_by([&] { csv().create({.target = scratch / "out.csv"}); }).hint_text(), contains("-o"));
}
