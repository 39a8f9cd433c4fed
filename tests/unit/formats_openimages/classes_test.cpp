// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <opencv2/core.hpp>

#include "catch.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/openimages/openimages.h"
#include "formats/openimages_classes/openimages_classes.h"
#include "formats/registry.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using rc::gen::arbitrary;
using rc::gen::element;
using rc::gen::inRange;

/// As the downloader writes it: lxml, whole pixels from 0.
std::string downloaded_xml(const std::string& label, const std::string& id,
                           const std::vector<std::array<int, 4>>& boxes) {
  std::string text =
      "<annotation>\n  <folder>images</folder>\n  <filename>" + id + ".jpg</filename>\n  <path>anno/" +
      label + "/images/" + id +
      ".jpg</path>\n  <source>\n    <database>OpenImages</database>\n  </source>\n" +
      "  <size>\n    <width>20</width>\n    <height>10</height>\n    <depth>3</depth>\n  </size>\n" +
      "  <segmented>0</segmented>\n";
  for (const auto& [left, right, top, bottom] : boxes)
    text += "  <object>\n    <name>" + label +
            "</name>\n    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n" +
            "    <difficult>0</difficult>\n    <bndbox>\n      <xmin>" + std::to_string(left) +
            "</xmin>\n      <xmax>" + std::to_string(right) + "</xmax>\n      <ymin>" + std::to_string(top) +
            "</ymin>\n      <ymax>" + std::to_string(bottom) + "</ymax>\n    </bndbox>\n  </object>\n";
  return text + "</annotation>\n";
}

/// A hot dog of two boxes and three masks, and the same image as a bun.
void write_downloaded(const Scratch& scratch) {
  const std::string id = "677c122b0eaa5d16", picture = jpeg_picture({20, 10});
  scratch.write("anno/hot dog/images/" + id + ".jpg", picture);
  scratch.write("anno/bun/images/" + id + ".jpg", picture);
  scratch.write("anno/hot dog/pascal/" + id + ".xml",
                downloaded_xml("hot dog", id, {{0, 6, 0, 6}, {10, 19, 5, 9}}));
  scratch.write("anno/bun/pascal/" + id + ".xml", downloaded_xml("bun", id, {{0, 19, 0, 9}}));
  const auto filled = [](int left, int right, int top, int bottom) {
    std::vector<std::pair<int, int>> inside;
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x) inside.emplace_back(x, y);
    return one_bit_mask({40, 20}, inside);
  };
  scratch.write("anno/hot dog/segmentations/" + id + "_m01b9xk_00000001.png", filled(21, 39, 10, 19));
  scratch.write("anno/hot dog/segmentations/" + id + "_m01b9xk_00000002.png", filled(0, 12, 0, 12));
  scratch.write("anno/hot dog/segmentations/" + id + "_m01b9xk_00000003.png", filled(30, 32, 0, 2));
}

}  // namespace

TEST_CASE("a downloader's tree is read: masks find their boxes, and an image of two classes is one item") {
  const Scratch scratch;
  write_downloaded(scratch);
  for (const char* path : {"anno", "anno/hot dog"})
    CHECK(formats::best(formats::detect(scratch / path), scratch / path).format == &openimages_classes());
  const ReadDataSet read = read_data_set(openimages_classes(), scratch / "anno");
  CHECK(read.findings.empty());
  CHECK(read.ids() == std::vector<std::string>{"677c122b0eaa5d16"});
  REQUIRE(read.labels().size() == 2);
  CHECK(read.labels()[0].name == "bun");
  CHECK(read.labels()[1].name == "hot dog");
  CHECK(text_attribute(read.source->metadata().attributes, "openimages_mids") ==
        R"({"hot dog":"/m/01b9xk"})");
  const Item& item = read.items.at(0);
  CHECK(item.size == Size{20, 10});
  CHECK(item.file_name == "677c122b0eaa5d16.jpg");
  CHECK_FALSE(find_attribute(item.attributes, "path"));
  REQUIRE(item.annotations.size() == 4);
  CHECK(std::get<Box>(item.annotations[0].shape) == Box{0, 0, 19, 9});
  CHECK(item.annotations[1].id == 2);
  CHECK(item.annotations[1].box == Box{0, 0, 6, 6});
  CHECK(item.annotations[1].flags.truncated == false);
  CHECK(area(read_mask_shape(std::get<MaskRef>(item.annotations[1].shape), item.size)) == 36);
  CHECK(item.annotations[2].id == 1);
  CHECK(item.annotations[2].box == Box{10, 5, 9, 4});
  CHECK(item.annotations[3].id == 3);  // which no box surrounds
  CHECK_FALSE(item.annotations[3].box.has_value());
  CHECK(item.annotations[3].label == 1);
  // One class alone.
  const ReadDataSet one = read_data_set(openimages_classes(), scratch / "anno/hot dog");
  CHECK(one.labels()[0].name == "hot dog");
  CHECK(one.items.at(0).annotations.size() == 3);
}

TEST_CASE("of a downloader that stopped early what is there is read, and the rest counted") {
  const Scratch scratch;
  write_downloaded(scratch);
  const std::string folder = "anno/hot dog/";
  scratch.write(folder + "pascal/0000000000000001.xml",
                downloaded_xml("hot dog", "0000000000000001", {{0, 1, 0, 1}}));
  for (int i = 1; i < 4; ++i)
    scratch.write(folder + "segmentations/000000000000000" + std::to_string(i) + "_m01b9xk_00000001.png",
                  png_mask({1}, {2, 2}));
  scratch.write(folder + "segmentations/notes.png", png_mask({1}, {2, 2}));
  scratch.write(folder + "images/0000000000000009.jpg", jpeg_picture({20, 10}));
  scratch.write(folder + "images/0000000000000008.jpg", "");
  scratch.write(folder + "images/readme.txt", "x");
  rewrite(scratch / (folder + "segmentations/677c122b0eaa5d16_m01b9xk_00000003.png"), "no picture");
  rewrite(scratch / "anno/bun/pascal/677c122b0eaa5d16.xml", "<annotation><object>");
  scratch.write("anno/bun/images/0000000000000009.jpg", jpeg_picture({21, 10}));
  const ReadDataSet read = read_data_set(openimages_classes(), scratch / "anno");
  CHECK(read.ids() == std::vector<std::string>{"0000000000000009", "677c122b0eaa5d16"});
  CHECK_FALSE(read.items[0].annotated);
  CHECK(read.items[1].annotations.size() == 2);
  CHECK(read.rules() == std::map<std::string, int>{{"file-left-out", 1},
                                                   {"files-differ", 1},
                                                   {"not-an-image", 1},
                                                   {"unknown-image", 2},
                                                   {"unreadable-annotation", 1},
                                                   {"unreadable-image", 1},
                                                   {"unreadable-mask", 1}});
  CHECK(thrown_by([&] { openimages_classes().open({scratch / "anno/hot dog/images"}); }).code() ==
        Code::bad_format);
}

TEST_CASE("a tree of classes that is written is read back the same") {
  const bool holds = rc::check([] {
    const Scratch scratch;
    Metadata metadata;
    Json mids = Json::object();
    for (const char* name : {"a & b", "hot dog", "\xC3\xA9"}) {
      Label label;
      label.name = name;
      metadata.labels.add(label);
    }
    metadata.attributes.emplace_back("openimages_mids", JsonText{R"({"hot dog":"/m/01b9xk"})"});
    bool any_hot_dog_mask = false;
    std::vector<Item> items;
    for (int i = *inRange(1, 4); i > 0; --i) {
      Item item;
      item.id = *element<std::string>("", "deep/", "a_b/", "images/") + "item " + std::to_string(i);
      item.file_name = item.id + ".png";
      const Size size{*inRange(3, 20), *inRange(3, 20)};
      item.size = size;
      item.image = scratch.write("pictures/" + item.file_name, png_picture(size));
      item.annotated = *inRange(0, 5) != 0;
      for (int k = item.annotated ? *inRange(0, 6) : 0; k > 0; --k) {
        Annotation one;
        one.label = *inRange(0, 3);
        const Box box{*inRange(0, 40) / 4., *inRange(0, 40) / 4., *inRange(1, 40) / 4., *inRange(1, 40) / 4.};
        one.shape = box;
        if (*arbitrary<bool>()) {
          cv::Mat mask(size.height, size.width, CV_8UC1, cv::Scalar(0));
          mask.at<std::uint8_t>(*inRange(0, size.height), *inRange(0, size.width)) = 1;
          one.shape = rle_from_mask(mask);
          one.box = box;
          one.id = 1000 * k + *inRange(0, 1000);
          any_hot_dog_mask |= one.label == 1;
        }
        one.flags = {*element<Flag>(true, false, std::nullopt), *element<Flag>(true, std::nullopt),
                     std::nullopt, *element<Flag>(false, std::nullopt)};
        if (*arbitrary<bool>()) one.score = *inRange(0, 101) / 100.;
        if (*arbitrary<bool>()) one.attributes.emplace_back("Source", "x & \"y\"");
        item.annotations.push_back(one);
      }
      std::ranges::stable_sort(item.annotations, {}, &Annotation::label);  // as classes lie beside each other
      if (item.annotated && *arbitrary<bool>()) item.attributes.emplace_back("mine", std::int64_t{7});
      items.push_back(item);
    }
    std::ranges::sort(items, {}, &Item::id);
    RC_ASSERT(write_items(openimages_classes(), scratch / "out", metadata, items).empty());
    const ReadDataSet read = read_data_set(openimages_classes(), scratch / "out");
    for (const Finding& finding : read.findings) RC_ASSERT(finding.rule == "box-empty");
    RC_ASSERT(read.labels() == metadata.labels);
    RC_ASSERT(read.source->metadata().attributes.empty() != any_hot_dog_mask);
    RC_ASSERT(read.items.size() == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Item &a = read.items[i], &b = items[i];
      RC_ASSERT(a.id == b.id);
      RC_ASSERT(a.file_name == b.file_name);
      RC_ASSERT(a.annotated == b.annotated);
      RC_ASSERT(a.attributes == b.attributes);
      RC_ASSERT(a.annotations.size() == b.annotations.size());
      for (std::size_t k = 0; k < b.annotations.size(); ++k) {
        Annotation ours = a.annotations[k];
        if (const auto* mask = std::get_if<MaskRef>(&ours.shape)) ours.shape = read_mask_shape(*mask, a.size);
        RC_ASSERT(ours == b.annotations[k]);
      }
    }
  });
  CHECK(holds);
}

TEST_CASE("boxes are written as the downloaders' whole pixels, which IceVision reads") {
  const Scratch scratch;
  write_official(scratch, "oid");
  const auto source = openimages().open({scratch / "oid"});
  CreateRequest request;
  request.target = scratch / "anno";
  write_data_set(openimages_classes(), *source, request);
  const std::string xml = read_file(scratch / "anno/Man/pascal/677c122b0eaa5d16.xml");
  for (const char* part : {"<xmin>1</xmin>", "<ymin>2</ymin>", "<xmax>4</xmax>", "<ymax>4</ymax>",
                           "<folder>images</folder>", "<truncated>1</truncated>", "<width>8</width>"}) {
    INFO(part << " in " << xml);
    CHECK(xml.find(part) != std::string::npos);
  }
  CHECK(fs::exists(scratch / "anno/Man/segmentations/677c122b0eaa5d16_m04yx4_9a041d52.png"));
  CHECK(fs::exists(scratch / "anno/Person/images/677c122b0eaa5d16.jpg"));
  CHECK(fs::is_empty(scratch / "anno/Tortoise/images"));
  const ReadDataSet before = read_data_set(openimages(), scratch / "oid"),
                    after = read_data_set(openimages_classes(), scratch / "anno");
  const Annotation& man = after.items.at(0).annotations.at(1);
  CHECK(man.box == before.items.at(0).annotations.at(0).box);
  CHECK(man.id == 0x9a041d52);
}

TEST_CASE("labels after which no folder can be called are refused before anything is written") {
  for (const char* name : {"a/b", "..", ".hidden"}) {
    const Scratch scratch;
    Metadata metadata;
    Label label;
    label.name = name;
    metadata.labels.add(label);
    CHECK(thrown_by([&] { write_items(openimages_classes(), scratch / "out", metadata, {}); }).code() ==
          Code::bad_value);
    CHECK_FALSE(fs::exists(scratch / "out"));
  }
}

TEST_CASE("without images the items of a tree are those of its XML files") {
  const Scratch scratch;
  Metadata metadata;
  Label label;
  label.name = "hot dog";
  metadata.labels.add(label);
  Item item;
  item.id = "a";
  item.file_name = "a.png";
  item.size = Size{6, 4};
  item.image = scratch.write("a.png", png_picture());
  for (const Media media : {Media::none, Media::reference}) {
    const Path target = scratch / std::string(name_of(media));
    write_items(openimages_classes(), target, metadata, {item}, media);
    const ReadDataSet read = read_data_set(openimages_classes(), target);
    CHECK(read.items.at(0).size == item.size);
    CHECK(read.items.at(0).file_name == "a.png");
    CHECK(read.items.at(0).image == (media == Media::reference ? item.image : Path()));
    CHECK(read.items.at(0).attributes.empty());
  }
}
