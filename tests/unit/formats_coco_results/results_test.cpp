// SPDX-License-Identifier: Apache-2.0
#include <rapidcheck.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "catch.h"
#include "dataset/rle.h"
#include "formats/coco/coco.h"
#include "formats/coco_results/coco_results.h"
#include "formats/registry.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

// As COCO's documentation of the results format has them: a box, a mask, keypoints.
const std::string kResults =
    R"([{"image_id": 42, "category_id": 18, "bbox": [258.15, 41.29, 348.26, 243.78], "score": 0.236},
{"image_id": 73, "category_id": 11, "score": 0.318, "segmentation": {"size": [8, 10], "counts": "j035000n0"}},
{"image_id": 42, "category_id": 18, "bbox": [61, 22.75, 504, 609.67], "score": 37.5},
{"image_id": 74, "category_id": 1, "keypoints": [1.5, 2, 2, 0, 0, 0], "score": 1}
]
)";
const std::string kTruth = R"({"images": [{"id": 73, "file_name": "b.jpg", "width": 10, "height": 8},
{"id": 42, "file_name": "a.jpg", "width": 640, "height": 640}, {"id": 74, "file_name": "c.jpg", "width": 10, "height": 8},
{"id": 75, "file_name": "d.jpg", "width": 10, "height": 8}],
"annotations": [{"id": 1, "image_id": 75, "category_id": 1, "bbox": [0, 0, 1, 1]}],
"categories": [{"id": 1, "name": "person"}, {"id": 11, "name": "fire hydrant"}, {"id": 18, "name": "dog"}]})";

using Texts = std::vector<std::string>;
using Rules = std::map<std::string, int>;

std::vector<Finding> write(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                           std::vector<std::string> settings = {}) {
  const auto sink =
      coco_results().create({target, Overwrite::yes, Media::copy, metadata, std::move(settings)});
  for (const Item& item : items) sink->encode(item)();
  sink->close({.command = "test", .inputs = {}});
  std::vector<Finding> findings;
  sink->findings().for_each([&](const Finding& finding) { findings.push_back(finding); });
  return findings;
}

Label labelled(std::string name, std::int64_t id, Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.id = id;
  label.role = role;
  return label;
}

Annotation detection(int label, Shape shape, std::optional<double> score) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = std::move(shape);
  annotation.score = score;
  return annotation;
}

Item item_of(std::vector<Annotation> annotations, std::optional<std::int64_t> source_id = 7) {
  Item item;
  item.id = "a";
  item.size = Size{10, 8};
  item.source_id = source_id;
  item.annotations = std::move(annotations);
  return item;
}

const Rle kMask{{10, 8}, {26, 3, 5, 3, 5, 3, 35}};

}  // namespace

TEST_CASE("detections join the images and categories of the ground truth beside them") {
  const Scratch scratch;
  const Path results = scratch.write("detections_val2017_fake_results.json", kResults);
  scratch.write("annotations/instances_val2017.json", kTruth);
  const ReadDataSet read = read_data_set(coco_results(), results);
  CHECK(read.rules() == Rules{{"ground-truth-found", 1}, {"score-outside-range", 1}});
  CHECK(read.finding("score-outside-range").place.line == 3);
  CHECK(read.finding("score-outside-range").place.field == "[2].score");
  CHECK(read.ids() == Texts{"b", "a", "c", "d"});
  CHECK(read.items[0].subset == "val2017");
  CHECK(read.items[1].source_id == 42);
  REQUIRE(read.items[1].annotations.size() == 2);
  CHECK(read.labels()[*read.items[1].annotations[0].label].name == "dog");
  CHECK(read.items[1].annotations[0].shape == Shape(Box{258.15, 41.29, 348.26, 243.78}));
  CHECK(read.items[1].annotations[0].score == 0.236);
  CHECK_FALSE(read.items[1].annotations[1].score.has_value());
  CHECK(read.items[1].annotations[1].attributes == Attributes{{"score", 37.5}});
  REQUIRE(read.items[0].annotations.size() == 1);
  CHECK(read.items[0].annotations[0].shape == Shape(kMask));
  CHECK(read.items[2].annotations.at(0).keypoints == std::vector<Keypoint>{{{1.5, 2}, 2}, {{0, 0}, 0}});
  CHECK(read.items[3].annotations.empty());  // the ground truth's own are not detections
  CHECK(read.items[3].annotated);
  CHECK(read.items[0].annotations[0].origin.file == results.string());
}

TEST_CASE("a ground truth can be named, and one of several is taken where its name fits") {
  const Scratch scratch;
  const Path results = scratch.write("results_val2017.json", kResults);
  const Path truth = scratch.write("elsewhere/truth.json", kTruth);
  CHECK(read_data_set(coco_results(), results, {"ground-truth=" + truth.string()}).ids() ==
        Texts{"b", "a", "c", "d"});
  scratch.write("annotations/instances_val2017.json", kTruth);
  scratch.write("annotations/instances_train2017.json",
                R"({"images": [], "annotations": [], "categories": []})");
  scratch.write("annotations/captions_val2017.json", kTruth);
  const ReadDataSet read = read_data_set(coco_results(), results);
  CHECK(read.ids().size() == 4);
  CHECK_THAT(read.finding("ground-truth-found").message, contains("instances_val2017.json"));
  const Path other = scratch.write("mine.json", kResults);
  const ReadDataSet none = read_data_set(coco_results(), other);
  CHECK_THAT(none.finding("ground-truth-missing").message, contains("none was taken"));
}

TEST_CASE("without a ground truth ids are names, and sizes those of the masks") {
  const Scratch scratch;
  const ReadDataSet read = read_data_set(coco_results(), scratch.write("r.json", kResults));
  CHECK(read.rules() == Rules{{"ground-truth-missing", 1}, {"score-outside-range", 1}});
  CHECK(read.ids() == Texts{"42", "73", "74"});
  CHECK(read.items[0].source_id == 42);
  CHECK_FALSE(read.items[0].size.has_value());
  CHECK(read.items[1].size == Size{10, 8});
  REQUIRE(read.labels().size() == 3);
  CHECK(read.labels()[0].name == "1");
  CHECK(read.labels()[2].id == 18);
  CHECK(*read.items[0].annotations.at(1).label == 2);
  CHECK(read.items[0].annotations[1].origin.line == 3);
}

TEST_CASE("results are recognised, and beside instances these are the surer") {
  const Scratch scratch;
  CHECK(formats::open(scratch.write("r.json", kResults)).format == &coco_results());
  CHECK(formats::open(scratch.path()).format == &coco_results());
  scratch.write("annotations/instances_val2017.json", kTruth);
  CHECK(formats::open(scratch.path()).format == &coco());
  CHECK(coco_results().probe(scratch.write("x.json", "[1, 2]")).confidence == 0);
  CHECK(coco_results().probe(scratch.write("y.json", R"([{"label": "a", "points": []}])")).confidence == 0);
  CHECK(coco_results().probe(scratch.write("z.json", "[")).confidence == 0);
}

TEST_CASE("a detection that cannot be read costs itself, with its place") {
  const Scratch scratch;
  scratch.write("truth.json", kTruth);
  const Path results = scratch.write("r.json", R"([{"category_id": 1, "bbox": [1, 1, 1, 1], "score": 1},
{"image_id": 9, "category_id": 1, "bbox": [1, 1, 1, 1], "score": 1},
{"image_id": 73, "category_id": 5, "bbox": [1, 1, 1, 1], "score": 1},
{"image_id": 73, "category_id": 1, "bbox": [1, 1, 1], "score": 1},
7, {"image_id": 73, "category_id": 1, "segmentation": {"size": [9, 9], "counts": "1"}, "score": 1},
{"image_id": "73", "category_id": 1, "bbox": [1, 1, 1, 1], "score": 1}])");
  const ReadDataSet read = read_data_set(coco_results(), results);
  std::vector<std::string> places;
  for (const Finding& finding : read.findings)
    if (finding.place.line)
      places.push_back(finding.rule + " " + std::to_string(*finding.place.line) + " " + finding.place.field);
  CHECK(places == Texts{"unreadable-annotation 1 [0].image_id", "unknown-image 2 [1].image_id",
                        "unreadable-annotation 5 [4]", "unreadable-annotation 3 [2].category_id",
                        "unreadable-annotation 4 [3].bbox", "unreadable-annotation 5 [5].segmentation"});
  CHECK(read.items.at(0).annotations.size() == 1);
}

TEST_CASE("what is no list is an error with its line") {
  const Scratch scratch;
  for (const auto& [text, line] :
       {std::pair("{}", 1), {"[{\"image_id\": 1}", 1}, {"[\n[}", 2}, {"[1]\n\n2", 3}, {"", 1}}) {
    INFO(text);
    const Path file = scratch.write("r.json", text);
    const Error error = thrown_by([&] { coco_results().open({file, {}}); });
    CHECK(error.code() == Code::bad_format);
    CHECK(error.place().line == line);
  }
  const Path one = scratch.write("two/a.json", kResults), two = scratch.write("two/b.json", kResults);
  CHECK_THAT(thrown_by([&] {
               coco_results().open({scratch / "two", {}});
             }).message(),
             contains("2 results files"));
}

TEST_CASE("masks go out as compressed RLE without a box, boxes as boxes, with the ids of the ground truth") {
  const Scratch scratch;
  Metadata metadata;
  metadata.labels = LabelMap({labelled("person", 1), labelled("dog", 18)});
  const Path file = scratch / "r.json";
  CHECK(write(file, metadata, {item_of({detection(1, kMask, 0.5)})}).empty());
  CHECK(
      read_file(file) ==
      "[\n{\"image_id\":7,\"category_id\":18,\"segmentation\":{\"size\":[8,10],\"counts\":\"j035000n0\"},\"score\":0.5}\n]\n");
  CHECK(write(file, metadata, {item_of({detection(0, Box{1, 2, 3.5, 4}, 1)})}).empty());
  CHECK(read_file(file) == "[\n{\"image_id\":7,\"bbox\":[1,2,3.5,4],\"category_id\":1,\"score\":1}\n]\n");
  Annotation both = detection(1, kMask, 0.5);
  both.box = Box{3, 2, 3, 3};
  write(file, metadata, {item_of({both})});
  CHECK_THAT(read_file(file), contains("\"bbox\":[3,2,3,3]"));
  write(file, metadata, {item_of({both})}, {"boxes=none"});
  CHECK_THAT(read_file(file), !contains("bbox"));
  const auto findings =
      write(file, metadata, {item_of({detection(1, kMask, 0.5), detection(0, Box{1, 2, 3.5, 4}, 1)})});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "boxes-added");
  const Json json = read_json(file);
  CHECK(json[0]["bbox"] == Json::array({3, 2, 3, 3}));
  CHECK(json[1].contains("segmentation") == false);
  CHECK(write(scratch / "folder", metadata, {}).empty());
  CHECK(read_file(scratch / "folder/results.json") == "[\n]\n");
  CHECK(read_data_set(coco_results(), scratch / "folder").items.empty());
}

TEST_CASE("an annotation without a score is left out and said, or gets the one that is given") {
  const Scratch scratch;
  Metadata metadata;
  metadata.labels = LabelMap({labelled("person", 1), labelled("void", 9, Role::ignore)});
  const Item item = item_of({detection(0, kMask, {}), detection(0, kMask, 0.25), detection(1, kMask, 1)});
  const auto findings = write(scratch / "r.json", metadata, {item});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "annotation-left-out");
  CHECK(findings[0].severity == Severity::error);
  CHECK(read_json(scratch / "r.json").size() == 1);  // void is no detection
  CHECK(write(scratch / "r.json", metadata, {item}, {"score=0.5"}).empty());
  const Json json = read_json(scratch / "r.json");
  CHECK(json[0]["score"] == 0.5);
  CHECK(json[1]["score"] == 0.25);
  const Error error =
      thrown_by([&] { write(scratch / "none.json", metadata, {item_of({detection(0, kMask, {})})}); });
  CHECK(error.code() == Code::bad_value);
  CHECK_THAT(error.hint_text(), contains("score=1"));
  CHECK_FALSE(fs::exists(scratch / "none.json"));
}

TEST_CASE("images without an id get one, and that is said") {
  const Scratch scratch;
  Metadata metadata;
  metadata.labels = LabelMap({labelled("person", 1)});
  const auto findings =
      write(scratch / "r.json", metadata,
            {item_of({detection(0, kMask, 1)}, {}), item_of({}, {}), item_of({detection(0, kMask, 1)}, 1)});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "ids-made");
  const Json json = read_json(scratch / "r.json");
  CHECK(json[0]["image_id"] == 2);
  CHECK(json[1]["image_id"] == 1);
}

TEST_CASE("detections come back the same, whatever their order in the list") {
  using rc::gen::inRange;
  const auto coin = [] { return *rc::gen::arbitrary<bool>(); };
  const bool holds = rc::check([&] {
    const Scratch scratch;
    Metadata metadata;
    metadata.labels = LabelMap({labelled("a", 0), labelled("b", 7), labelled("c", -3)});
    std::vector<Item> items;
    Json truth{{"images", Json::array()}, {"categories", Json::array()}};
    for (const Label& label : metadata.labels)
      truth["categories"].push_back({{"id", *label.id}, {"name", label.name}});
    const bool states_boxes = coin();
    for (int i = 0, count = *inRange(1, 6); i < count; ++i) {
      Item item = item_of({}, 10 * i - 20);
      item.id = std::to_string(i);
      truth["images"].push_back(
          {{"id", *item.source_id}, {"file_name", item.id + ".jpg"}, {"width", 10}, {"height", 8}});
      for (int k = *inRange(0, 5); k > 0; --k) {
        Annotation one = detection(*inRange(0, 3), Shape(), *inRange(0, 1001) / 1000.0);
        const Box box{*inRange(-100, 900) / 100.0, 1, *inRange(0, 900) / 7.0, 2};
        switch (*inRange(0, 3)) {
          case 0:
            if (states_boxes)
              one.shape = box;
            else
              one.keypoints = {{{1, 2.5}, 2}, {{0, 0}, 0}};
            break;
          case 1:
            one.keypoints = {{{1, 2.5}, 2}, {{0, 0}, 0}};
            break;
          default:
            one.shape = kMask;
            if (states_boxes) one.box = box;
        }
        if (coin()) one.attributes = {{"track", std::int64_t{4}}};
        if (coin()) one.flags.occluded = coin();
        if (coin()) one.group = *rc::gen::arbitrary<std::int64_t>();
        item.annotations.push_back(one);
      }
      items.push_back(item);
    }
    RC_ASSERT(write(scratch / "r/results.json", metadata, items).empty());
    scratch.write("r/truth.json", to_text(truth));
    const ReadDataSet read = read_data_set(coco_results(), scratch / "r/results.json");
    RC_ASSERT(read.rules() == (Rules{{"ground-truth-found", 1}}));
    RC_ASSERT(read.items.size() == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      RC_ASSERT(read.items[i].annotations == items[i].annotations);
      RC_ASSERT(read.items[i].source_id == items[i].source_id);
    }
    // And in another order, of images.
    Json shuffled = read_json(scratch / "r/results.json");
    std::stable_sort(shuffled.begin(), shuffled.end(), [](const Json& a, const Json& b) {
      return a["image_id"].get<int>() % 30 > b["image_id"].get<int>() % 30;
    });
    rewrite(scratch / "r/results.json", to_text(shuffled));
    const ReadDataSet again = read_data_set(coco_results(), scratch / "r/results.json");
    for (std::size_t i = 0; i < items.size(); ++i)
      RC_ASSERT(again.items[i].annotations == items[i].annotations);
  });
  CHECK(holds);
}
