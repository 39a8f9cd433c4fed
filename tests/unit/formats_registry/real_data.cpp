// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "formats/registry.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

bool is_absent(const Path& data) {
  if (fs::is_directory(data / "camvid_sample")) return false;
  WARN("skipped: the sample data sets are not beside the checkout");
  return true;
}

}  // namespace

TEST_CASE("each sample data set is taken for what it is, with reasons") {
  const Path data = real_data();
  if (is_absent(data)) return;
  for (const auto& [folder, format] :
       std::initializer_list<std::pair<const char*, const char*>>{{"camvid_sample", "trainannot"},
                                                                  {"oxford_pets_sample", "trimaps"},
                                                                  {"formats/voc", "voc"},
                                                                  {"formats/coco", "coco"},
                                                                  {"labelme_voc_person", "labelme"},
                                                                  {"formats/via", "via"},
                                                                  {"formats/camvid32", "camvid"}}) {
    INFO(folder);
    const std::vector<formats::Detection> detections = formats::detect(data / folder);
    const formats::Detection best = formats::best(detections, data / folder);
    CHECK(best.format->name == format);
    CHECK(!best.probe.reasons.empty());
    // CamVid's folders of images and masks are pairs as well, of which more is known.
    const std::string_view also = best.format->name == "camvid" ? "pairs" : "";
    for (const formats::Detection& other : detections)
      if (other.format != best.format && other.format->name != also) CHECK(other.probe.confidence < 30);
  }
}

TEST_CASE("a sample that no format reads is named, and not taken for another") {
  const Path data = real_data();
  if (is_absent(data)) return;
  for (const auto& [folder, word] :
       std::initializer_list<std::pair<const char*, const char*>>{{"keras_networks", "Keras network"}}) {
    INFO(folder);
    const Error error = thrown_by([&, name = folder] { formats::open(data / name); });
    CHECK(error.code() == Code::bad_format);
    CHECK_THAT(error.message(), contains(word));
  }
}

TEST_CASE("what no format fits is counted by its kinds of files") {
  const Scratch scratch;
  for (const char* name : {"a/1.mp4", "a/2.mp4", "b.txt", "Makefile", ".hidden/c.txt"})
    scratch.write(name, "x");
  const Error error = thrown_by([&] { formats::open(scratch.path()); });
  CHECK_THAT(error.message(), contains("2 .mp4, 1 .txt, 1 without an extension"));
  scratch.write("c.json", R"({"neural_network": {"num_epochs": 3}})");
  CHECK_THAT(thrown_by([&] { formats::open(scratch.path()); }).message(),
             contains("c.json is rmldnn's configuration"));
  CHECK_THAT(thrown_by([&] { formats::open(scratch / "c.json"); }).message(),
             contains("it is rmldnn's configuration"));
}
