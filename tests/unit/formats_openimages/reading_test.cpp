// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "catch.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/openimages/openimages.h"
#include "formats/registry.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

ReadDataSet read_oid(const Path& path, std::vector<std::string> settings = {}) {
  return read_data_set(openimages(), path, std::move(settings));
}

std::string label_of(const ReadDataSet& read, const Annotation& annotation) {
  return annotation.label ? read.labels()[*annotation.label].name : "none";
}

}  // namespace

TEST_CASE("the official download is read: boxes and masks of one object are one annotation") {
  const Scratch scratch;
  write_official(scratch, "oid");
  CHECK(formats::best(formats::detect(scratch / "oid"), scratch / "oid").format == &openimages());
  const ReadDataSet read = read_oid(scratch / "oid");
  CHECK(read.ids() == std::vector<std::string>{"677c122b0eaa5d16", "96e7ee70b428a54e", "b37f763ae67d0888"});
  CHECK(read.source->metadata().subsets == std::vector<std::string>{"train"});
  const Item& item = read.items.at(0);
  CHECK(item.subset == "train");
  CHECK(item.size == Size{8, 6});
  CHECK(item.file_name == "677c122b0eaa5d16.jpg");
  REQUIRE(item.annotations.size() == 4);

  const Annotation& man = item.annotations[0];
  CHECK(label_of(read, man) == "Man");
  REQUIRE(std::holds_alternative<MaskRef>(man.shape));
  CHECK(man.box == Box{1, 2.0000004, 3, 2.9999976});  // the digits of the table of boxes
  CHECK(man.id == 0x9a041d52);
  CHECK(man.flags == Flags{false, false, true, std::nullopt});
  CHECK_FALSE(man.score.has_value());
  CHECK(man.attributes == Attributes{{"Source", "xclick"},
                                     {"IsInside", false},
                                     {"XClick1X", .25},
                                     {"XClick2X", .125},
                                     {"XClick3X", .375},
                                     {"XClick4X", .5},
                                     {"XClick1Y", .333333},
                                     {"XClick2Y", .5},
                                     {"XClick3Y", .833333},
                                     {"XClick4Y", .75},
                                     {"PredictedIoU", .86864},
                                     {"Clicks", "0.95498 0.65197 1;0.89370 0.56579 1"}});
  CHECK(Path(man.origin.file).filename() == "oidv6-train-annotations-bbox.csv");
  CHECK(man.origin.line == 2);

  const Annotation& person = item.annotations[1];
  CHECK(std::get<Box>(person.shape) == Box{2, 1.000002, 4, 1.999998});
  const Annotation& clothing = item.annotations[2];  // whose box no table of boxes has
  CHECK(label_of(read, clothing) == "Clothing");
  CHECK(clothing.box == Box{4, 0, 4, 3});
  CHECK(clothing.flags == Flags());
  CHECK(clothing.origin.line == 3);
  const Annotation& building = item.annotations[3];  // of the whole image
  CHECK(building.shape.index() == 0);
  CHECK(label_of(read, building) == "Building");
  CHECK(building.attributes == Attributes{{"Source", "verification"}});

  CHECK(text_attribute(item.attributes, "Title") == "Boys, \"three\" on a hill");
  CHECK(*find_attribute(item.attributes, "Rotation") == AttributeValue(270.));
  CHECK(*find_attribute(item.attributes, "OriginalSize") == AttributeValue(std::int64_t{4405052}));
  CHECK(text_attribute(item.attributes, "absent_labels") ==
        R"([{"label":"Tortoise","source":"verification"}])");
  CHECK_FALSE(find_attribute(read.items.at(2).attributes, "Rotation"));

  CHECK(read.rules() == std::map<std::string, int>{{"rows-left-out", 2}});
  CHECK(read.finding("rows-left-out").message == "1 row of 4 are of images that are not there");
}

TEST_CASE("classes are called by their names, MIDs are kept, and parents come from the hierarchy") {
  const Scratch scratch;
  write_official(scratch, "oid");
  const ReadDataSet read = read_oid(scratch / "oid");
  std::vector<std::pair<std::string, std::string>> labels;
  for (const Label& label : read.labels()) labels.emplace_back(label.name, label.supercategory);
  // All that are boxable, and of the others those that are used.
  CHECK(labels == std::vector<std::pair<std::string, std::string>>{{"Tortoise", ""},
                                                                   {"Man", "Person"},
                                                                   {"Clothing", ""},
                                                                   {"Person", ""},
                                                                   {"Building", ""},
                                                                   {"Dog", ""}});
  const Attributes& attributes = read.source->metadata().attributes;
  CHECK(
      text_attribute(attributes, "openimages_mids") ==
      R"({"Tortoise":"/m/011k07","Man":"/m/04yx4","Clothing":"/m/09j2d","Person":"/m/01g317","Building":"/m/0cgh4","Dog":"/m/0bt9lr"})");
  CHECK(text_attribute(attributes, "openimages_parents") == R"({"Man":["Tortoise"]})");
  CHECK(text_attribute(attributes, "openimages_parts") == R"({"Person":["Clothing"]})");
}

TEST_CASE("FiftyOne: Open Images masks cropped") {
  // It cuts a mask to its box, whole pixels of the mask's own size. Here all of it counts, also outside the
  // box, at the image's exact size.
  const Scratch scratch;
  write_official(scratch, "oid");
  const Item item = read_oid(scratch / "oid").items.at(0);
  const MaskRef& mask = std::get<MaskRef>(item.annotations[0].shape);
  CHECK(mask.resize_to_image);
  CHECK_FALSE(is_label_mask(item.annotations[0]));
  const Rle pixels = read_mask_shape(mask, item.size);
  CHECK(pixels.size == Size{8, 6});
  cv::Mat expected(6, 8, CV_8UC1, cv::Scalar(0));
  expected.at<std::uint8_t>(2, 1) = 1;  // of the mask's (3, 5), on which the pixel's middle lies
  expected.at<std::uint8_t>(5, 7) = 1;  // outside the box
  CHECK(pixels == rle_from_mask(expected));
}

TEST_CASE("FiftyOne: flag -1 becomes true") {
  const Scratch scratch;
  write_official(scratch, "oid");
  const ReadDataSet read = read_oid(scratch / "oid");
  const Annotation& unknown = read.items.at(0).annotations.at(1);
  CHECK(unknown.flags == Flags());
  CHECK(unknown.attributes == Attributes{{"Source", "activemil"}});
  const Annotation& known = read.items.at(2).annotations.at(0);
  CHECK(known.flags == Flags{true, true, false, std::nullopt});
  CHECK(*find_attribute(known.attributes, "IsDepiction") == AttributeValue(true));
  CHECK(*find_attribute(known.attributes, "IsInside") == AttributeValue(false));
}

TEST_CASE("FiftyOne's folders are read, a subset each") {
  const Scratch scratch;
  for (const char* split : {"validation", "train"}) {
    const Path folder = Path("oid") / split;
    const std::string id = split[0] == 't' ? "aa00000000000001" : "aa00000000000002";
    scratch.write(folder / "data" / (id + ".jpg"), jpeg_picture({8, 6}));
    scratch.write(folder / "labels/detections.csv",
                  kBoxHeader + id + ",xclick,/m/04yx4,1,0,0.5,0,0.5,0,0,0,0,0\n");
    scratch.write(folder / "labels/segmentations.csv",
                  kMaskHeader + id + "_m04yx4_9a041d52.png," + id + ",/m/04yx4,9a041d52,0,0.5,0,0.5,0.9,\n");
    scratch.write(folder / "labels/classifications.csv",
                  "ImageID,Source,LabelName,Confidence\n" + id + ",verification,/m/04yx4,1\n");
    scratch.write(folder / ("labels/masks/A/" + id + "_m04yx4_9a041d52.png"),
                  one_bit_mask({16, 12}, {{1, 1}}));
    scratch.write(folder / "labels/relationships.csv", "ImageID,LabelName1,LabelName2\n");
    scratch.write(folder / "metadata/classes.csv", "/m/04yx4,Man\n/m/01g317,Person\n");
    scratch.write(folder / "metadata/attributes.csv", "/m/02gy9n,Transparent\n");
    scratch.write(folder / "metadata/segmentation_classes.csv", "/m/04yx4\n");
    scratch.write(folder / "metadata/image_ids.csv",
                  "ImageID,Subset,OriginalURL,Rotation\n" + id + "," + split + ",u,0.0\n");
    // Its hierarchy has names where Google's has MIDs.
    scratch.write(
        folder / "metadata/hierarchy.json",
        R"({"LabelName": "Entity", "Subcategory": [{"LabelName": "Person", "Subcategory": [{"LabelName": "Man"}]}]})");
  }
  CHECK(formats::best(formats::detect(scratch / "oid"), scratch / "oid").format == &openimages());
  const ReadDataSet read = read_oid(scratch / "oid");
  CHECK(read.source->metadata().subsets == std::vector<std::string>{"train", "validation"});
  REQUIRE(read.items.size() == 2);
  for (const Item& item : read.items) {
    REQUIRE(item.annotations.size() == 2);
    CHECK(std::holds_alternative<MaskRef>(item.annotations[0].shape));
    CHECK(item.annotations[1].shape.index() == 0);
  }
  CHECK(read.items[0].subset == "train");
  CHECK(read.labels()[0].supercategory == "Person");
  CHECK(read.labels().size() == 2);
  CHECK(read.rules() == std::map<std::string, int>{{"file-left-out", 2}});
  // One subset alone is a data set too.
  CHECK(read_oid(scratch / "oid/validation").items.at(0).id == "aa00000000000002");
}

TEST_CASE("the OID toolkit's folders of classes hold an image once, and labels come from the tables") {
  const Scratch scratch;
  for (const char* label : {"Man", "Person"})
    for (const char* split : {"train", "test"})
      scratch.write("OID/Dataset/" + std::string(split) + "/" + label + "/aa0000000000000" +
                        (split[1] == 'r' ? "1" : "2") + ".jpg",
                    jpeg_picture({8, 6}));
  scratch.write("OID/Dataset/train/Man/Label/aa00000000000001.txt", "Man 1 2 3 4\n");
  scratch.write("OID/csv_folder/class-descriptions-boxable.csv", "/m/04yx4,Man\n/m/01g317,Person\n");
  for (const char* split : {"train", "test"})
    scratch.write("OID/csv_folder/" + std::string(split) + "-annotations-bbox.csv",
                  kBoxHeader + "aa0000000000000" + (split[1] == 'r' ? "1" : "2") +
                      ",xclick,/m/04yx4,1,0,0.5,0,0.5,0,0,0,0,0\n");
  const ReadDataSet read = read_oid(scratch / "OID");
  CHECK(read.ids() == std::vector<std::string>{"aa00000000000001", "aa00000000000002"});
  CHECK(read.items[0].subset == "train");
  CHECK(read.items[1].subset == "test");
  CHECK(std::get<Box>(read.items[0].annotations.at(0).shape) == Box{0, 0, 4, 3});
  CHECK(read.rules() == std::map<std::string, int>{{"same-name", 1}});
}

TEST_CASE(
    "datumaro's export is read: its subset without a name, labels that have no MID, masks without a box") {
  const Scratch scratch;
  scratch.write("d/annotations/class-descriptions.csv", "car,car\nroad,road\n");
  scratch.write("d/annotations/bbox_labels_600_hierarchy.json",
                R"({"LabelName": "/m/0", "Subcategory": []})");
  scratch.write(
      "d/annotations/default-images-with-rotation.csv",
      "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,"
      "OriginalMD5,Thumbnail300KURL,Rotation\ndeep/a,,,,,,,,,,,\nb,,,,,,,,,,,\n");
  scratch.write("d/annotations/default-annotations-bbox.csv",
                kBoxHeader + "deep/a,,car,0.5,0.25,0.75,0.25,0.75,-1,-1,-1,-1,-1\n");
  scratch.write("d/annotations/default-annotations-object-segmentation.csv",
                kMaskHeader + "deep__a_road_00000000.png,deep/a,road,00000000,,,,,,\n");
  scratch.write("d/images/default/deep/a.jpg", jpeg_picture({8, 8}));
  scratch.write("d/images/default/b.jpg", jpeg_picture({8, 8}));
  scratch.write("d/masks/default/deep__a_road_00000000.png", png_mask({0, 255}, {8, 8}));
  const ReadDataSet read = read_oid(scratch / "d");
  CHECK(read.ids() == std::vector<std::string>{"b", "deep/a"});
  CHECK(read.source->metadata().subsets.empty());
  const Item& item = read.items.at(1);
  REQUIRE(item.annotations.size() == 2);
  CHECK(item.annotations[0].score == .5);
  CHECK(std::get<Box>(item.annotations[0].shape) == Box{2, 2, 4, 4});
  CHECK(label_of(read, item.annotations[1]) == "road");
  CHECK(item.annotations[1].id == 0);
  CHECK_FALSE(item.annotations[1].box.has_value());
  CHECK(area(read_mask_shape(std::get<MaskRef>(item.annotations[1].shape), item.size)) == 32);
  CHECK(text_attribute(read.source->metadata().attributes, "openimages_mids") ==
        R"({"car":"car","road":"road"})");
  CHECK(read.findings.empty());
}

TEST_CASE("names of the challenges say their subsets") {
  const Scratch scratch;
  scratch.write("c/challenge-2019-classes-description-segmentable.csv", "/m/04yx4,Man\n");
  scratch.write(
      "c/challenge-2019-train-segmentation-masks.csv",
      kMaskHeader + "aa00000000000001_m04yx4_9a041d52.png,aa00000000000001,/m/04yx4,9a041d52,0,1,0,1,0.9,\n");
  scratch.write("c/challenge-2019-validation-segmentation-bbox.csv",
                "ImageID,LabelName,XMin,XMax,YMin,YMax,IsGroupOf\naa00000000000002,/m/04yx4,0,1,0,1,1\n");
  scratch.write("c/masks/aa00000000000001_m04yx4_9a041d52.png", one_bit_mask({4, 4}, {{1, 1}}));
  const ReadDataSet read = read_oid(scratch / "c");
  CHECK(read.source->metadata().subsets == std::vector<std::string>{"train", "validation"});
  CHECK(read.items.at(0).size == Size{4, 4});  // of the mask: there is no image
  CHECK(read.items.at(1).annotations.at(0).flags.crowd == true);
}

TEST_CASE("without images the items are those of the tables, and boxes keep their fractions") {
  const Scratch scratch;
  scratch.write("c/train-annotations-bbox.csv",
                kBoxHeader +
                    "b,xclick,/m/04yx4,1,0.1,0.2,0.3,0.4,0,0,0,0,0\na,xclick,/m/04yx4,1,0,1,0,1,0,0,0,0,0\n"
                    "b,xclick,/m/01g317,1,0,1,0,1,0,0,0,0,0\n");
  const ReadDataSet read = read_oid(scratch / "c");
  CHECK(read.ids() == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(read.items[1].size.has_value());
  REQUIRE(read.items[1].annotations.size() == 2);  // whose rows are not beside each other
  CHECK(read.items[1].annotations[0].shape.index() == 0);
  CHECK(*find_attribute(read.items[1].annotations[0].attributes, "XMin") == AttributeValue(.1));
  CHECK(read.items[1].annotations[1].origin.line == 4);
  CHECK(read.labels()[0].name == "/m/04yx4");
  CHECK(read.rules() == std::map<std::string, int>{{"size-unknown", 1}});
}

TEST_CASE("what the tables name can be asked for where only some images are there") {
  const Scratch scratch;
  write_official(scratch, "oid");
  const ReadDataSet read = read_oid(scratch / "oid", {"items=rows"});
  CHECK(read.items.size() == 5);
  CHECK(read.items[0].image.empty());
  CHECK_FALSE(read.items[2].image.empty());
  CHECK(read.rules().at("size-unknown") == 2);
}

TEST_CASE("nothing is opened for annotations alone, and the objects are the same") {
  const Scratch scratch;
  write_official(scratch, "oid");
  const auto source = openimages().open({scratch / "oid"});
  for (const Path& file : list_files(scratch / "oid"))
    if (lower_extension(file) == "jpg" || lower_extension(file) == "png") rewrite(file, "no picture");
  std::vector<Finding> findings;
  const auto item = source->next()(findings, Look::annotations);
  REQUIRE(item);
  CHECK(findings.empty());
  CHECK_FALSE(item->size.has_value());
  REQUIRE(item->annotations.size() == 4);
  CHECK(std::holds_alternative<MaskRef>(item->annotations[0].shape));
  CHECK(std::get<Box>(item->annotations[1].shape) == Box{.25, .166667, .5, .5 - .166667});
}

TEST_CASE("two versions of a table count once") {
  const Scratch scratch;
  write_official(scratch, "oid");
  scratch.write("oid/train-annotations-bbox.csv",
                kBoxHeader + "b37f763ae67d0888,xclick,/m/01g317,1,0,1,0,1,1,0,1,1,0\n");
  const ReadDataSet read = read_oid(scratch / "oid");
  CHECK(read.items.at(2).annotations.size() == 1);
  CHECK(Path(read.finding("file-left-out").place.file).filename() == "train-annotations-bbox.csv");
}
