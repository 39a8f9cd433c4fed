// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <opencv2/core.hpp>

#include "base/text.h"
#include "catch.h"
#include "dataset/masks.h"
#include "image/image.h"
#include "voc_support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Texts = std::vector<std::string>;

std::vector<std::string> names_of(const LabelMap& labels) {
  std::vector<std::string> names;
  for (const Label& label : labels) names.push_back(label.name);
  return names;
}

/// Labels by name, row by row, blanks between; "-" where there is none.
std::string names_at(const cv::Mat& mask, const LabelMap& labels) {
  std::string text;
  for (int y = 0; y < mask.rows; ++y)
    for (int x = 0; x < mask.cols; ++x) {
      const int label = mask.at<std::uint16_t>(y, x);
      text += (text.empty() ? "" : " ") + (label == kUnlabelled ? "-" : labels[label].name);
    }
  return text;
}

cv::Mat in_colours(const cv::Mat& values) {
  cv::Mat colours(values.size(), CV_8UC3);
  for (int y = 0; y < values.rows; ++y)
    for (int x = 0; x < values.cols; ++x) {
      const Rgb colour = voc_colour(values.at<std::uint8_t>(y, x));
      colours.at<cv::Vec3b>(y, x) = {colour.r, colour.g, colour.b};
    }
  return colours;
}

}  // namespace

TEST_CASE("CVAT's lists name every image, with a mask or without") {
  const Scratch scratch;
  scratch.write("labelmap.txt", "background:0,0,0::\ncat:128,0,0::\n");
  scratch.write("ImageSets/Main/default.txt", "a\nb\n");
  scratch.write("ImageSets/Segmentation/default.txt", "a\nb\n");
  scratch.write("JPEGImages/a.jpg", jpeg(3, 1));
  scratch.write("JPEGImages/b.jpg", jpeg(3, 1));
  scratch.write("SegmentationClass/a.png", palette_png(drawn({"010"})));
  CHECK(read_voc(scratch.path()).rules().empty());
  fs::remove(scratch / "labelmap.txt");
  CHECK(read_voc(scratch.path()).rules() == std::vector<std::string>{"pair-missing"});
}

TEST_CASE("boxes, class masks and object masks of an item are all read, and the masks index-exact") {
  const Scratch scratch;
  scratch.write("Annotations/a.xml", annotation("a.jpg", 3, 2, {"cat 1 1 2 2", "dog 3 2 3 2"}));
  scratch.write("JPEGImages/a.jpg", jpeg(3, 2));
  scratch.write("SegmentationClass/a.png", palette_png(drawn({"08v", "880"})));
  scratch.write("SegmentationObject/a.png", palette_png(drawn({"01v", "220"})));
  scratch.write("ImageSets/Segmentation/train.txt", "a\n");
  const ReadData data = read_voc(scratch.path());
  CHECK(data.findings.empty());
  CHECK(data.metadata.labels.size() == 22);
  CHECK(data.metadata.subsets == Texts{"train"});
  REQUIRE(data.items.size() == 1);
  const Item& item = data.items[0];
  CHECK(item.id == "a");
  CHECK(item.file_name == "a.jpg");
  CHECK(item.size == Size{3, 2});
  CHECK(item.subset == "train");
  CHECK(item.annotated);
  CHECK(item.annotations.size() == 2);
  CHECK(names_at(read_semantic(*item.semantic).labels, data.metadata.labels) ==
        "background cat void cat cat background");
  const cv::Mat numbers = read_instances(*item.instances);
  CHECK(cv::countNonZero(numbers == kUnlabelled) == 1);
  CHECK(cv::countNonZero(numbers == 2) == 2);
}

TEST_CASE("colour-coded masks, as CVAT writes them, are looked up in labelmap.txt") {
  const Scratch scratch;
  scratch.write(
      "labelmap.txt",
      "# "
      "label:color_rgb:parts:actions\nbackground:0,0,0::\nroad:128,0,0::\nsky:1,2,3::\nvoid:224,224,192::\n");
  cv::Mat classes = in_colours(drawn({"01v", "110"}));
  classes.at<cv::Vec3b>(1, 1) = {1, 2, 3};
  classes.at<cv::Vec3b>(0, 0) = {9, 9, 9};
  scratch.write("SegmentationClass/a.png", encode_png(classes));
  scratch.write("SegmentationObject/a.png", encode_png(in_colours(drawn({"01v", "230"}))));
  scratch.write("JPEGImages/a.jpg", jpeg(3, 2));
  const ReadData data = read_voc(scratch.path());
  const Item& item = data.item("a");
  const SemanticMask semantic = read_semantic(*item.semantic);
  CHECK(names_at(semantic.labels, data.metadata.labels) == "- road void road sky background");
  CHECK(semantic.unknown_values == std::map<std::int64_t, std::int64_t>{{9 << 16 | 9 << 8 | 9, 1}});
  const cv::Mat expected = (cv::Mat_<std::uint16_t>(2, 3) << 0, 1, kUnlabelled, 2, 3, 0);
  CHECK(cv::countNonZero(read_instances(*item.instances) != expected) == 0);
}

TEST_CASE("an object mask of 16 bits has its void at 65535, and 255 is an object") {
  const Scratch scratch;
  const cv::Mat numbers = (cv::Mat_<std::uint16_t>(1, 4) << 0, 255, 300, 65535);
  scratch.write("SegmentationClass/a.png", palette_png(drawn({"011v"})));
  scratch.write("SegmentationObject/a.png", encode_index_png(numbers));
  const ReadData data = read_voc(scratch.path());
  CHECK(cv::countNonZero(read_instances(*data.item("a").instances) != numbers) == 0);
}

TEST_CASE(
    "an object mask that has 0 where the class mask is void, as labelme writes it, gives the same objects") {
  const Scratch scratch;
  for (const char* id : {"voc", "labelme"})
    scratch.write(std::string("SegmentationClass/") + id + ".png", palette_png(drawn({"v8v0", "v8v9"})));
  scratch.write("SegmentationObject/voc.png", palette_png(drawn({"v1v0", "v1v2"})));
  scratch.write("SegmentationObject/labelme.png", palette_png(drawn({"0100", "0102"})));
  const ReadData data = read_voc(scratch.path(), {"labels=voc"});
  std::vector<std::vector<Annotation>> made;
  for (const Item& item : data.items) {
    InstanceLoss loss;
    made.push_back(instances_from_mask(read_semantic(*item.semantic).labels, read_instances(*item.instances),
                                       data.metadata.labels, {}, loss));
  }
  REQUIRE(made.size() == 2);
  CHECK(made[0] == made[1]);
  CHECK(std::ranges::count_if(made[0], [](const Annotation& one) { return one.flags.crowd != true; }) == 2);
}

TEST_CASE("labels are VOC's where the names are among them, else the names, else the masks' values") {
  const Scratch scratch;
  scratch.write("own/Annotations/a.xml", annotation("a.jpg", 9, 9, {"dog 1 1 2 2"}));
  scratch.write("own/Annotations/b.xml", "<annotation><object>");
  CHECK(read_voc(scratch / "own").metadata.labels.size() == 22);

  scratch.write("names/Annotations/a.xml",
                annotation("a.jpg", 9, 9, {"dog 1 1 2 2", "bear 1 1 3 3", "a&amp;b 1 1 3 3"}));
  const ReadData names = read_voc(scratch / "names");
  CHECK(names_of(names.metadata.labels) == Texts{"a&b", "bear", "dog"});
  CHECK(names.metadata.labels[1].id == 2);
  CHECK(names.items[0].annotations[1].label == 1);

  scratch.write("names/SegmentationClass/a.png", palette_png(drawn({"012", "33v"})));
  const ReadData guessed = read_voc(scratch / "names");
  CHECK(names_of(guessed.metadata.labels) == Texts{"background", "a&b", "bear", "dog", "void"});
  CHECK(std::ranges::count(guessed.rules(), "labels-guessed") == 1);

  scratch.write("masks/SegmentationClass/a.png", palette_png(drawn({"070", "77v"})));
  scratch.write("masks/SegmentationClass/b.png", encode_png(in_colours(drawn({"03"}))));
  const ReadData values = read_voc(scratch / "masks");
  CHECK(names_of(values.metadata.labels) == Texts{"background", "3", "7", "void"});
  CHECK(names_at(read_semantic(*values.item("a").semantic).labels, values.metadata.labels) ==
        "background 7 background 7 7 void");
  CHECK(names_at(read_semantic(*values.item("b").semantic).labels, values.metadata.labels) == "background 3");
}

TEST_CASE("a stated file of labels, and VOC's own when asked for, go before what is found") {
  const Scratch scratch;
  scratch.write("SegmentationClass/a.png", palette_png(drawn({"01"})));
  scratch.write("classes.txt", "road\n");
  scratch.write("other/mine.txt", "tree\n");
  CHECK(names_of(read_voc(scratch.path()).metadata.labels) == Texts{"background", "road", "void"});
  CHECK(names_of(read_voc(scratch.path(), {"labels=other/mine.txt"}).metadata.labels) ==
        Texts{"background", "tree", "void"});
  CHECK(read_voc(scratch.path(), {"labels=voc"}).metadata.labels.size() == 22);
  CHECK(thrown_by([&] { read_voc(scratch.path(), {"lables=voc"}); }).code() == Code::usage);
}

TEST_CASE(
    "an image without annotation is not annotated; an annotation without objects is annotated as empty") {
  const Scratch scratch;
  scratch.write("Annotations/empty.xml", annotation("empty.jpg", 4, 4, {}));
  scratch.write("JPEGImages/empty.jpg", jpeg(4, 4));
  scratch.write("JPEGImages/nobody.jpg", jpeg(4, 4));
  const ReadData data = read_voc(scratch.path());
  CHECK(data.findings.empty());
  CHECK(data.item("empty").annotated);
  CHECK_FALSE(data.item("nobody").annotated);
}

TEST_CASE("sizes and boxes that do not fit the image are findings, and are kept") {
  const Scratch scratch;
  scratch.write("Annotations/a.xml",
                annotation("a.jpg", 40, 30, {"cat 1 1 10 8", "cat 0 1 2 2", "cat 5 5 11 6"}));
  scratch.write("JPEGImages/a.jpg", jpeg(10, 8));
  const ReadData data = read_voc(scratch.path());
  CHECK(data.rules() == Texts{"size-differs", "outside-image", "outside-image"});
  CHECK(data.items.at(0).size == Size{10, 8});
  CHECK(data.items[0].annotations.size() == 3);
  CHECK(data.findings[1].place.line == 5);
}

TEST_CASE("masks that do not fit leave the item, or the object mask alone, out") {
  const Scratch scratch;
  for (const char* id : {"a", "b", "c"}) scratch.write(std::string("JPEGImages/") + id + ".jpg", jpeg(3, 1));
  scratch.write("SegmentationClass/a.png", palette_png(drawn({"0111"})));
  scratch.write("SegmentationClass/b.png", palette_png(drawn({"011"})));
  scratch.write("SegmentationObject/b.png", palette_png(drawn({"0111"})));
  scratch.write("SegmentationObject/c.png", palette_png(drawn({"011"})));
  const ReadData data = read_voc(scratch.path());
  CHECK(data.rules() == Texts{"size-differs", "size-differs", "object-mask-alone"});
  REQUIRE(data.items.size() == 2);
  CHECK(data.items[0].semantic);
  CHECK_FALSE(data.items[0].instances);
  CHECK_FALSE(data.items[1].instances);
  CHECK_FALSE(data.items[1].annotated);
}

TEST_CASE("broken files leave their item out and say why; boxes that do not parse leave the masks") {
  const Scratch scratch;
  for (const char* id : {"xml", "both", "good"})
    scratch.write(std::string("JPEGImages/") + id + ".jpg", jpeg(2, 1));
  scratch.write("JPEGImages/image.jpg", "");
  scratch.write("JPEGImages/mask.jpg", jpeg(2, 1));
  scratch.write("Annotations/xml.xml", "<annotation>\n<object>");
  scratch.write("Annotations/both.xml", "");
  scratch.write("Annotations/good.xml", annotation("good.jpg", 2, 1, {"cat 1 1 2 1"}));
  scratch.write("Annotations/image.xml", annotation("image.jpg", 2, 1, {}));
  scratch.write("SegmentationClass/both.png", palette_png(drawn({"08"})));
  scratch.write("SegmentationClass/mask.png", "not a PNG");
  const ReadData data = read_voc(scratch.path());
  Texts ids;
  for (const Item& item : data.items) ids.push_back(item.id);
  CHECK(ids == Texts{"both", "good"});
  CHECK(data.item("both").semantic);
  CHECK(data.rules() ==
        Texts{"unreadable-annotation", "unreadable-image", "unreadable-mask", "unreadable-annotation"});
  CHECK(data.findings[3].place.file == (scratch / "Annotations/xml.xml").string());
  CHECK(data.findings[3].place.line == 2);
}

TEST_CASE("an annotation finds its image by its own name, by what it says, or where it says") {
  const Scratch scratch, elsewhere;
  const Path far = elsewhere.write("far.jpg", jpeg(2, 2));
  scratch.write("Annotations/own.xml", annotation("other.jpg", 2, 2, {}));
  scratch.write("JPEGImages/own.jpg", jpeg(2, 2));
  scratch.write("Annotations/said.xml", annotation("IMG 7.jpg", 2, 2, {}));
  scratch.write("JPEGImages/IMG 7.jpg", jpeg(2, 2));
  scratch.write("Annotations/path.xml", "<annotation><path>" + far.string() + "</path></annotation>");
  scratch.write("Annotations/none.xml", annotation("../../none.jpg", 2, 2, {}));
  scratch.write("ImageSets/Main/train.txt", "own\nsaid\npath\nnone\n");
  const ReadData data = read_voc(scratch.path(), {"sets=main"});
  CHECK(data.rules() == Texts{"filename-differs", "filename-differs", "pair-missing"});
  CHECK(data.item("own").image == scratch / "JPEGImages/own.jpg");
  CHECK(data.item("said").image == scratch / "JPEGImages/IMG 7.jpg");
  CHECK(data.item("said").file_name == "said.jpg");
  CHECK(data.item("path").image == far);
  CHECK(data.item("path").attributes.empty());
  CHECK(data.item("none").image.empty());
  CHECK(data.item("none").size == Size{2, 2});
}

TEST_CASE("images may lie in a folder that is stated") {
  const Scratch scratch;
  scratch.write("xmls/a.xml", annotation("a.jpg", 2, 2, {}));
  scratch.write("pictures/a.jpg", jpeg(2, 2));
  CHECK(read_voc(scratch / "xmls").rules() == Texts{"image-missing"});
  const ReadData data = read_voc(scratch / "xmls", {"images=../pictures"});
  CHECK(data.findings.empty());
  CHECK(data.items.at(0).file_name == "a.jpg");
}

TEST_CASE("a class mask that the lists or the annotation promise must be there, if there are any") {
  const Scratch scratch;
  for (const char* id : {"a", "b", "c", "d"}) {
    scratch.write(std::string("JPEGImages/") + id + ".jpg", jpeg(2, 1));
    const std::string segmented = std::string(id) == "c" ? "<segmented>1</segmented>" : "";
    scratch.write(std::string("Annotations/") + id + ".xml", "<annotation>" + segmented + "</annotation>");
  }
  scratch.write("ImageSets/Main/train.txt", "a\nb\nc\nd\n");
  scratch.write("ImageSets/Segmentation/train.txt", "a\nb\n");
  CHECK(read_voc(scratch.path()).findings.empty());  // whoever took the boxes alone
  scratch.write("SegmentationClass/a.png", palette_png(drawn({"01"})));
  const ReadData data = read_voc(scratch.path());
  CHECK(data.rules() == Texts{"pair-missing", "pair-missing"});
  CHECK(data.findings[0].place.file == (scratch / "SegmentationClass/b.png").string());
  CHECK_THAT(data.findings[1].message, contains("\"c\"") && contains("segmented"));
  CHECK(data.items.size() == 4);
}

TEST_CASE("what segmented says is kept only where it is not what the masks say") {
  const Scratch scratch;
  scratch.write("Annotations/a.xml", "<annotation><segmented>1</segmented></annotation>");
  scratch.write("Annotations/b.xml", "<annotation><segmented>1</segmented></annotation>");
  scratch.write("Annotations/c.xml", "<annotation><segmented>0</segmented></annotation>");
  scratch.write("SegmentationClass/b.png", palette_png(drawn({"01"})));
  const ReadData data = read_voc(scratch.path());
  CHECK(data.item("a").attributes == Attributes{{"segmented", true}});
  CHECK(data.item("b").attributes.empty());
  CHECK(data.item("c").attributes.empty());
}

TEST_CASE("a probe tells VOC from what is like it") {
  const Scratch scratch;
  const auto confidence = [&](const char* path) { return voc().probe(scratch / path).confidence; };
  scratch.write("full/Annotations/a.xml", annotation("a.jpg", 2, 2, {}));
  scratch.write("full/JPEGImages/a.jpg", "");
  scratch.write("full/ImageSets/Main/train.txt", "a");
  CHECK(confidence("full") >= 80);
  CHECK(voc().probe(scratch / "full").reasons.size() == 3);
  scratch.write("masks/SegmentationClass/a.png", "");
  scratch.write("masks/JPEGImages/a.jpg", "");
  CHECK(confidence("masks") >= 70);
  scratch.write("flat/a.xml", annotation("a.jpg", 2, 2, {}));
  CHECK(confidence("flat") >= 50);
  scratch.write("cvat/annotations.xml",
                "<?xml version=\"1.0\"?><annotations><version>1.1</version></annotations>");
  CHECK(confidence("cvat") == 0);
  scratch.write("pets/annotations/xmls/a.xml", annotation("a.jpg", 2, 2, {}));
  scratch.write("pets/images/a.jpg", "");
  CHECK(confidence("pets") == 0);
  CHECK(confidence("missing") == 0);
  CHECK_FALSE(voc().probe(scratch / "missing").reasons.empty());
  CHECK(confidence("flat/a.xml") == 0);
}

TEST_CASE("a labelmap.txt with two labels of one name is an error that names the file") {
  const Scratch scratch;
  scratch.write("labelmap.txt", "a:1,2,3::\na:4,5,6::\n");
  scratch.write("SegmentationClass/a.png", palette_png(drawn({"01"})));
  const Error error = thrown_by([&] { read_voc(scratch.path()); });
  CHECK(error.code() == Code::bad_value);
  CHECK(error.place().file == (scratch / "labelmap.txt").string());
}

TEST_CASE("links in a circle beside the files of a data set do it no harm") {
  const Scratch scratch;
  scratch.write("Annotations/a.xml", annotation("a.jpg", 4, 4, {"cat 1 1 2 2"}));
  scratch.write("JPEGImages/a.jpg", jpeg(4, 4));
  for (const char* folder : {"", "Annotations", "JPEGImages"})
    fs::create_symlink("circle", scratch / folder / "circle");
  CHECK(voc().probe(scratch.path()).confidence >= 60);
  const ReadData data = read_voc(scratch.path());
  CHECK(data.findings.empty());
  REQUIRE(data.items.size() == 1);
  CHECK(data.items[0].annotations.size() == 1);
}

TEST_CASE("two labels of one colour are an error where class masks are of colours, and no harm to indices") {
  const Scratch scratch;
  scratch.write("labelmap.txt", "background:0,0,0::\nroad:1,2,3::\npath:1,2,3::\n");
  scratch.write("SegmentationClass/a.png", palette_png(drawn({"012"})));
  const ReadData data = read_voc(scratch.path());
  CHECK(names_at(read_semantic(*data.item("a").semantic).labels, data.metadata.labels) ==
        "background road path");

  scratch.write("SegmentationClass/b.png", encode_png(in_colours(drawn({"01"}))));
  const Error error = thrown_by([&] { read_voc(scratch.path()); });
  CHECK(error.code() == Code::bad_value);
  CHECK(error.place().file == (scratch / "labelmap.txt").string());
  CHECK_THAT(error.message(), contains("road") && contains("path"));
}

TEST_CASE("a label without a colour has VOC's, unless another label states that") {
  const Scratch scratch;
  scratch.write("labelmap.txt", "background:0,0,0::\nsky\nroad:128,0,0::\ntree\n");
  scratch.write("SegmentationClass/a.png", encode_png(in_colours(drawn({"0123"}))));
  const ReadData data = read_voc(scratch.path());
  CHECK(names_at(read_semantic(*data.item("a").semantic).labels, data.metadata.labels) ==
        "background road - tree");
}

TEST_CASE("a background that no file names does not take the colour of a label") {
  const Scratch scratch;
  scratch.write("labelmap.txt", "# ids: 5 6\nroad:0,0,0::\nsky:1,2,3::\n");
  scratch.write("SegmentationClass/a.png", encode_png(in_colours(drawn({"0v"}))));
  const ReadData data = read_voc(scratch.path());
  CHECK(names_at(read_semantic(*data.item("a").semantic).labels, data.metadata.labels) == "road void");
}
