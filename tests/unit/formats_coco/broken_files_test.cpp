// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "catch.h"
#include "formats/coco/coco.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

const std::string kWhole =
    R"({"info": {"description": "d\u00e9", "maskmill": {"background": {"name": "sky"}}},
 "licenses": [{"id": 1, "name": "by"}],
 "images": [{"id": 7, "file_name": "\ud83d\ude00.jpg", "width": 10, "height": 8, "extra": [1, {"a": null}]},
            {"id": 8, "file_name": "b.jpg", "width": 10, "height": 8}],
 "annotations": [
  {"id": 1, "image_id": 7, "category_id": 3, "segmentation": [[0.5, 1e0, 4, 1, 4, 5]], "bbox": [0, 1, 4, 4], "iscrowd": 0},
  {"id": 2, "image_id": 8, "category_id": 3, "segmentation": {"size": [8, 10], "counts": "j035000n0"}, "score": 0.5},
  {"id": 3, "image_id": 8, "keypoints": [1, 2, 2], "attributes": {"x": true}}],
 "categories": [{"id": 3, "name": "cat", "color": [1, 2, 3], "keypoints": ["n"], "skeleton": []}]}
)";

// Reads, or throws an Error; anything else ends the test program.
bool is_read(const Path& path) {
  try {
    for (const Item& item : read_coco(path).items)
      for (const Annotation& annotation : item.annotations)
        CHECK(annotation.shape.index() != std::variant_npos);
    return true;
  } catch (const Error& error) {
    CHECK(exit_code(error.code()) == 3);
    return false;
  }
}

}  // namespace

TEST_CASE("a file cut at any byte is an error with its line") {
  const Scratch scratch;
  const std::size_t end = kWhole.find_last_of('}');
  for (std::size_t length = 0; length <= end; ++length) {
    CAPTURE(length);
    const Path path = scratch.write(std::to_string(length), kWhole.substr(0, length));
    const Error error = thrown_by([&] { read_coco(path); });
    CHECK(error.code() == Code::bad_format);
    CHECK(error.place().line.value_or(0) >= 1);
  }
  CHECK(is_read(scratch.write("a.json", kWhole)));
}

TEST_CASE("a file with any one byte changed is read or refused") {
  const Scratch scratch;
  Random random(1);
  constexpr char kBytes[] = "\0\"\\{}[],:x0-.eE \n\xFF\x80u";
  for (std::size_t at = 0; at < kWhole.size(); ++at) {
    std::string text = kWhole;
    text[at] = kBytes[random.below(sizeof kBytes - 1)];
    is_read(scratch.write(std::to_string(at), text));
  }
}

TEST_CASE("a file with any stretch removed or doubled is read or refused") {
  const Scratch scratch;
  Random random(2);
  for (int i = 0; i < 1000; ++i) {
    std::string text = kWhole;
    const std::size_t at = random.below(text.size()), length = random.below(60);
    if (i % 2 == 0)
      text.erase(at, length);
    else
      text.insert(at, text.substr(random.below(text.size()), length));
    is_read(scratch.write(std::to_string(i), text));
  }
}

TEST_CASE("a file that is something else is refused") {
  const Scratch scratch;
  for (const std::string& text :
       {std::string("\xFF\xFE{\0\"\0", 6), std::string(1000, '\0'), std::string("\xFF\xD8\xFF\xE0"),
        std::string("{\"images\": {}}"), std::string("null"), std::string("{\"images\": [[[[")})
    CHECK_FALSE(is_read(scratch.write("a.json", text)));
}

TEST_CASE("a file that becomes shorter while it is read is an error, not a crash") {
  const Scratch scratch;
  const Path path = scratch.write("a.json", kWhole);
  const auto source = coco().open({path, {}});
  scratch.write("a.json", "{}");
  std::vector<Finding> findings;
  CHECK(thrown_by([&] { source->next()(findings); }).code() == Code::unreadable);
}

TEST_CASE("one annotation with very many keys costs itself") {
  std::string keys = R"({"image_id": 7)";
  for (int i = 0; i < 5000; ++i) keys += ",\"k" + std::to_string(i) + "\":1";
  const Reading reading = read_coco_text(with_annotations({keys + "}", R"({"image_id": 7})"}));
  CHECK(reading.items.at(0).annotations.size() == 1);
  REQUIRE(reading.findings.size() == 1);
  CHECK_THAT(reading.findings[0].message, contains("more than 1000 keys"));
}

TEST_CASE("very many annotations of unknown images are findings in bounded memory") {
  std::string text = R"({"images": [], "annotations": [)";
  for (int i = 0; i < 20'000; ++i) text += (i == 0 ? "" : ",") + std::string("{\"image_id\":1}");
  const Reading reading = read_coco_text(text + "]}");
  CHECK(reading.findings.size() == 20'000);
}
