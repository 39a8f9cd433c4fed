// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <opencv2/core.hpp>

#include "catch.h"
#include "dataset/masks.h"
#include "voc_support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Path real(const char* name) {
  const Path data = real_data();
  if (data.empty()) WARN("skipped: the real data are not there");
  return data.empty() ? data : data / name;
}

}  // namespace

TEST_CASE("two images of VOC 2012 are read as they are") {
  const Path path = real("formats/voc");
  if (path.empty()) return;
  CHECK(voc().probe(path).confidence >= 80);
  const ReadData data = read_voc(path);
  CHECK(data.findings.empty());
  CHECK(data.metadata.labels.size() == 22);
  REQUIRE(data.items.size() == 2);

  const Item& dog = data.item("2007_000063");
  CHECK(dog.size == Size{500, 375});
  CHECK(std::get<Box>(dog.annotations.at(0).shape) == Box{122, 114, 257, 161});
  // Counted with Pillow: 0 background, 9 chair, 12 dog, 255 void; and objects 1 and 2.
  const SemanticMask classes = read_semantic(*dog.semantic);
  CHECK(classes.unknown_values.empty());
  std::map<std::string, int> pixels;
  for (int label = 0; label < data.metadata.labels.size(); ++label)
    if (const int count = cv::countNonZero(classes.labels == label))
      pixels[data.metadata.labels[label].name] = count;
  CHECK(pixels ==
        std::map<std::string, int>{{"background", 72224}, {"chair", 78930}, {"dog", 27632}, {"void", 8714}});
  const cv::Mat numbers = read_instances(*dog.instances);
  CHECK(cv::countNonZero(numbers == 1) == 27632);
  CHECK(cv::countNonZero(numbers == 2) == 78930);
  CHECK(cv::countNonZero(numbers == kUnlabelled) == 8714);

  const Item& caller = data.item("2011_003353");
  CHECK_FALSE(caller.semantic);
  CHECK(caller.annotations.at(0).flags == Flags{std::nullopt, std::nullopt, std::nullopt, false});
  CHECK(std::get<JsonText>(*find_attribute(caller.annotations[0].attributes, "point")).text ==
        R"({"x":"256","y":"252"})");
}

TEST_CASE("the real VOC items come back equal after they were written") {
  const Path path = real("formats/voc");
  if (path.empty()) return;
  const Scratch scratch;
  const auto source = voc().open({path, {}});
  CreateRequest request;
  request.target = scratch / "out";
  request.metadata = source->metadata();
  const auto sink = voc().create(request);
  Findings findings;
  for_each_item(*source, findings, [&](Item&& item) { sink->encode(std::move(item))(); });
  sink->close({"test", {}});
  const ReadData before = read_voc(path), after = read_voc(scratch / "out");
  REQUIRE(after.items.size() == before.items.size());
  CHECK(after.metadata == before.metadata);
  for (std::size_t i = 0; i < before.items.size(); ++i) {
    CHECK(after.items[i].annotations == before.items[i].annotations);
    CHECK(after.items[i].attributes == before.items[i].attributes);
    CHECK(digest_of(after.items[i]) == digest_of(before.items[i]));
  }
}

TEST_CASE("the pets' head boxes are read beside their images, with the flags they have") {
  const Path path = real("oxford_pets_sample/annotations/xmls");
  if (path.empty()) return;
  const ReadData data = read_voc(path, {"images=../../images", "sets=all"});
  std::size_t annotated = 0, boxes = 0;
  bool all_flags = true;
  for (const Item& item : data.items) {
    annotated += item.annotated;
    boxes += item.annotations.size();
    for (const Annotation& annotation : item.annotations) {
      const Flags& flags = annotation.flags;
      all_flags = all_flags && flags.occluded && flags.truncated && flags.difficult && !flags.crowd;
    }
  }
  CHECK(annotated == 296);
  CHECK(boxes == 297);
  CHECK(all_flags);
  CHECK(data.metadata.labels.size() == 22);  // cat and dog are names of VOC's
}
