// SPDX-License-Identifier: Apache-2.0
#include "catch.h"
#include "formats/yolo/data_yaml.h"
#include "formats/yolo/yolo_layout.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

struct Parsed {
  DataYaml data;
  std::vector<Finding> findings;
};

Parsed parse(const std::string& text) {
  Findings findings;
  Parsed parsed{parse_data_yaml(parse_yaml(text), "data.yaml", findings), {}};
  findings.for_each([&](const Finding& finding) { parsed.findings.push_back(finding); });
  return parsed;
}

std::vector<std::string> names_of(const DataYaml& data) {
  std::vector<std::string> names;
  for (const Label& label : data.classes.value().labels) names.push_back(label.name);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

// From docs.ultralytics.com/datasets/segment: coco8-seg.yaml, shortened.
TEST_CASE("Ultralytics' own files are read") {
  const Parsed parsed = parse(R"(# Ultralytics AGPL-3.0 License
path: coco8-seg # dataset root dir
train: images/train # train images (relative to 'path') 4 images
val: images/val
test: # test images (optional)

# Classes
names:
  0: person
  1: bicycle
  2: traffic light

download: https://github.com/ultralytics/assets/releases/download/v0.0.0/coco8-seg.zip
)");
  CHECK(parsed.findings.empty());
  CHECK(parsed.data.path == "coco8-seg");
  REQUIRE(parsed.data.subsets.size() == 2);
  CHECK(parsed.data.subsets[1] == std::pair<std::string, Names>("val", {"images/val"}));
  CHECK(names_of(parsed.data) == Names{"person", "bicycle", "traffic light"});
  CHECK_FALSE(parsed.data.classes->labels[0].id);  // the place is the number
  REQUIRE(parsed.data.attributes.size() == 1);
  CHECK(parsed.data.attributes[0].first == "download");
}

TEST_CASE("Roboflow's files are read: lists of names, of folders, other keys") {
  const Parsed parsed = parse(R"(names:
- cat
- 'no'
- 12
nc: 3
roboflow:
  license: CC BY 4.0
  version: 2
test: ../test/images
train: [../train/images, ../more/images]
valid: ../valid/images
)");
  CHECK(parsed.findings.empty());
  CHECK(names_of(parsed.data) == Names{"cat", "no", "12"});
  REQUIRE(parsed.data.subsets.size() == 3);
  CHECK(parsed.data.subsets[1].second.size() == 2);
  CHECK(parsed.data.subsets[2].first == "val");
  CHECK(parsed.data.attributes ==
        Attributes{{"roboflow", JsonText{R"({"license":"CC BY 4.0","version":2})"}}});
}

TEST_CASE("keypoints give each class a skeleton") {
  const Parsed parsed = parse(
      "train: a\nnames: [person, dog]\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n"
      "kpt_names:\n  0: [nose, tail]\n");
  CHECK(parsed.data.keypoints == KeypointShape{2, 3});
  CHECK(parsed.data.classes->labels[0].skeleton->keypoints == Names{"nose", "tail"});
  CHECK(parsed.data.classes->labels[1].skeleton->keypoints == Names{"0", "1"});
  CHECK(parsed.data.attributes == Attributes{{"flip_idx", JsonText{"[1,0]"}}});
}

TEST_CASE("names that are twice, empty, missing or wrongly counted are said") {
  const Parsed twice = parse("names: [a, b, a, '']\nnc: 5\n");
  CHECK(names_of(twice.data) == Names{"a", "b", "a 2", "3"});
  CHECK(count_of(twice.findings, "duplicate-name") == 1);
  CHECK(count_of(twice.findings, "unnamed-category") == 1);
  CHECK(finding_of(twice.findings, "class-count-differs").place.line == 2);
  const Parsed gaps = parse("names: {7: x, 2: y}\n");
  CHECK(names_of(gaps.data) == Names{"y", "x"});
  CHECK(gaps.data.classes->by_number == std::map<std::int64_t, int>{{2, 0}, {7, 1}});
  CHECK(gaps.data.classes->labels[1].id == 7);
  CHECK(names_of(parse("nc: 2\ntrain: a\n").data) == Names{"class_0", "class_1"});
}

TEST_CASE("what cannot be read is an error with its line") {
  for (const char* broken :
       {"a: 1\nnames: x\n", "a: 1\nnames: {x: y}\n", "a: 1\nnames: {-1: y}\n", "a: 1\nnames: [[x]]\n",
        "a: 1\nnc: many\n", "a: 1\nnc: -1\n", "a: 1\nkpt_shape: 17\n", "a: 1\nkpt_shape: [17, 4]\n",
        "a: 1\nkpt_shape: [1000000000, 3]\n", "a: 1\ntrain: {b: c}\n", "a: 1\ntrain: [[b]]\n",
        "a: 1\nnc: 99999999\n"}) {
    INFO(broken);
    const Error error = thrown_by([&] { parse(broken); });
    CHECK(error.place().file == "data.yaml");
    CHECK(error.place().line == 2);
  }
  CHECK(thrown_by([] { parse("[a]"); }).code() == Code::bad_format);
}

TEST_CASE("what is written says what it was made of, and no script to run") {
  Metadata metadata = metadata_of({"cat", "no", "\xC3\xA9"}, {"train", "odd one"});
  metadata.attributes = {{"download", std::string("import os")},
                         {"flip_idx", JsonText{"[1,0]"}},
                         {"names", std::string("x")},
                         {"train", std::string("y")},
                         {"a: b", std::string("c")}};
  const std::string text =
      data_yaml_text(metadata, {0, 1, 2}, {{"train", "images/train"}, {"odd one", "images/odd one"}}, 0);
  CHECK(text ==
        "train: images/train\nodd one: images/odd one\n\nnames:\n  0: cat\n  1: \"no\"\n  2: \"\xC3\xA9\"\n\n"
        "flip_idx: [1, 0]\n\"a: b\": c\n");
  const Parsed parsed = parse(text);
  CHECK(parsed.data.subsets.size() == 2);
  CHECK(names_of(parsed.data) == Names{"cat", "no", "\xC3\xA9"});
}

TEST_CASE("a path longer than any that can be there is not looked for part by part") {
  const Scratch scratch;
  std::string parts;
  for (int i = 0; i < 300'000; ++i) parts += "a/";  // minutes
  CHECK(resolved_path(parts + "b", scratch.path(), scratch.path()).empty());
}
