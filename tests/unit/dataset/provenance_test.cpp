// SPDX-License-Identifier: Apache-2.0
#include "dataset/provenance.h"

#include <opencv2/core.hpp>
#include <set>

#include "base/json.h"
#include "dataset/masks.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

Annotation full_annotation() {
  Annotation annotation;
  annotation.label = 1;
  annotation.shape = Box{1, 2, 3, 4};
  annotation.box = Box{1, 2, 3, 4};
  annotation.id = 5;
  annotation.group = 6;
  annotation.flags = {true, false, true, false};
  annotation.score = 0.5;
  annotation.z_order = 2;
  annotation.area = 12;
  annotation.keypoints = {{{1, 2}, 2}};
  annotation.attributes = {{"a", std::int64_t{1}}};
  return annotation;
}

Item full_item(const Scratch& scratch) {
  Item item;
  item.id = "a/b";
  item.image = scratch.write("images/b.png", "image");
  item.file_name = "a/b.png";
  item.size = Size{4, 5};
  item.subset = "train";
  item.source_id = 7;
  item.annotations = {full_annotation()};
  item.semantic = MaskRef();
  item.semantic->file = scratch.write("masks/b.png", "mask");
  item.semantic->coding = std::make_shared<MaskCoding>();
  item.instances = MaskRef();
  item.instances->file = item.semantic->file;
  item.attributes = {{"weather", std::string("rain")}};
  return item;
}

}  // namespace

TEST_CASE("the digest of an item changes with each of its fields but not with where it lies") {
  const Scratch scratch, elsewhere;
  const Digest original = digest_of(full_item(scratch));
  Item moved = full_item(elsewhere);
  moved.origin = {"list.txt", 3, "line"};
  moved.annotations[0].origin = {"other.json", 9, ""};
  CHECK(digest_of(moved) == original);

  std::set<Digest> digests{original};
  const auto changes = [&](auto&& change) {
    Item item = full_item(elsewhere);
    change(item);
    CHECK(digests.insert(digest_of(item)).second);
  };
  changes([](Item& item) { item.id = "a/c"; });
  changes([](Item& item) { item.image.clear(); });
  changes([&](Item& item) { item.image = elsewhere.write("images/long.png", "longer image"); });
  changes([](Item& item) { item.file_name = "a/b.jpg"; });
  changes([](Item& item) { item.size.reset(); });
  changes([](Item& item) { item.size = Size{5, 4}; });
  changes([](Item& item) { item.subset = "val"; });
  changes([](Item& item) { item.source_id.reset(); });
  changes([](Item& item) { item.source_id = -7; });
  changes([](Item& item) { item.annotated = false; });
  changes([](Item& item) { item.annotations.clear(); });
  changes([](Item& item) { item.annotations.push_back(item.annotations[0]); });
  changes([](Item& item) { item.semantic.reset(); });
  changes([](Item& item) { item.instances.reset(); });
  changes([&](Item& item) { item.semantic->file = elsewhere.write("masks/c.png", "mask, too"); });
  changes([](Item& item) { item.semantic->coding.reset(); });
  changes([](Item& item) {
    MaskCoding coding;
    coding.values = {{1, 2}};
    item.semantic->coding = std::make_shared<MaskCoding>(coding);
  });
  changes([](Item& item) { item.semantic->value = 1; });
  changes([](Item& item) { item.semantic->resize_to_image = true; });
  changes([](Item& item) { item.attributes[0].first = "Weather"; });
  changes([](Item& item) { item.attributes[0].second = JsonText{"rain"}; });

  const auto changes_annotation = [&](auto&& change) {
    changes([&](Item& item) { change(item.annotations[0]); });
  };
  changes_annotation([](Annotation& a) { a.label.reset(); });
  changes_annotation([](Annotation& a) { a.label = 0; });
  changes_annotation([](Annotation& a) { a.box.reset(); });
  changes_annotation([](Annotation& a) { a.box->height = 4.0000000001; });
  changes_annotation([](Annotation& a) { a.id = 6; });
  changes_annotation([](Annotation& a) { a.group.reset(); });
  changes_annotation([](Annotation& a) { a.flags.crowd.reset(); });
  changes_annotation([](Annotation& a) { a.flags.occluded = true; });
  changes_annotation([](Annotation& a) { a.flags.truncated = false; });
  changes_annotation([](Annotation& a) { a.flags.difficult.reset(); });
  changes_annotation([](Annotation& a) { a.score = 0.25; });
  changes_annotation([](Annotation& a) { a.z_order.reset(); });
  changes_annotation([](Annotation& a) { a.area.reset(); });
  changes_annotation([](Annotation& a) { a.keypoints[0].visibility = 1; });
  changes_annotation([](Annotation& a) { a.attributes[0].second = true; });
  changes_annotation([](Annotation& a) { a.attributes[0].second = 1.0; });
  changes_annotation([](Annotation& a) { a.shape = std::monostate(); });
  changes_annotation([](Annotation& a) { a.shape = RotatedBox{{1, 2}, 3, 4, 0}; });
  changes_annotation([](Annotation& a) { a.shape = Ellipse{{1, 2}, 3, 4, 0}; });
  changes_annotation([](Annotation& a) { a.shape = Polygon{{{{{1, 2}, {3, 4}}, {}}}}; });
  changes_annotation([](Annotation& a) { a.shape = Polygon{{{{{1, 2}}, {{{3, 4}}}}}}; });
  changes_annotation([](Annotation& a) { a.shape = Polygon{{{{{1, 2}}, {}}, {{{3, 4}}, {}}}}; });
  changes_annotation([](Annotation& a) { a.shape = Polyline{{{1, 2}, {3, 4}}}; });
  changes_annotation([](Annotation& a) { a.shape = Points{{{1, 2}, {3, 4}}}; });
  changes_annotation([](Annotation& a) { a.shape = Rle{{4, 5}, {20}}; });
  changes_annotation([](Annotation& a) { a.shape = Rle{{5, 4}, {20}}; });
}

TEST_CASE("the digest is the same on every machine") {
  // By Python's xxhash.xxh3_128 and struct.pack("<q") or ("<d"), of the fields in digest.cpp's order.
  CHECK(digest_of(Item()).hex() == "fda8c5fca32512a5ad36f4a4a419bb8d");
  Item item;
  item.id = "a";
  item.file_name = "a.png";
  item.size = Size{4, 5};
  item.subset = "train";
  item.source_id = -7;
  item.attributes = {{"k", std::string("v")}};
  Annotation annotation;
  annotation.label = 1;
  annotation.shape = Box{0.5, 2, 3, 4};
  annotation.flags.crowd = true;
  item.annotations = {annotation};
  CHECK(digest_of(item).hex() == "e7088c2a0acfaabfd3713b3d8ff15081");
}

TEST_CASE("equal values have equal digests") {
  Item a, b;
  a.annotations.emplace_back().shape = Box{0.0, 0, 1, 1};
  b.annotations.emplace_back().shape = Box{-0.0, 0, 1, 1};
  CHECK(digest_of(a) == digest_of(b));
}

TEST_CASE("an image that is gone is no error, a mask that is gone is one") {
  const Scratch scratch;
  Item item = full_item(scratch);
  item.image = scratch / "gone.png";
  CHECK_NOTHROW(digest_of(item));
  item.semantic->file = scratch / "gone.png";
  const Error error = thrown_by([&] { digest_of(item); });
  CHECK(error.code() == Code::not_found);
  CHECK(error.place().file == item.semantic->file.string());
}

TEST_CASE("provenance names the command and what it read, and nothing that differs between two runs") {
  const Provenance provenance{"maskmill convert 'a b' -o c", {{"a b", "voc", 3, std::string(32, 'f')}}};
  const Json document = parse_json(to_json_text(provenance), "provenance.json");
  CHECK(document["program"] == "maskmill");
  CHECK(document["version"] == std::string(version()));
  CHECK(document["command"] == provenance.command);
  CHECK(
      document["inputs"] ==
      Json::parse(
          R"([{"path": "a b", "format": "voc", "items": 3, "fingerprint": "ffffffffffffffffffffffffffffffff"}])"));
  CHECK(document.size() == 4);
}

TEST_CASE("a made mask counts by its pixels, a made image by the files of which it is made") {
  const Scratch scratch;
  const auto with_mask = [](std::uint8_t value) {
    Item item;
    item.id = "a";
    item.semantic.emplace();
    const auto make = [value] { return RawImage{cv::Mat(2, 3, CV_8UC1, cv::Scalar(value)), {}, 8}; };
    item.semantic->made = std::make_shared<MadeMask>(MadeMask{make, {"nowhere.png"}});
    return item;
  };
  CHECK(digest_of(with_mask(1)) == digest_of(with_mask(1)));
  CHECK_FALSE(digest_of(with_mask(1)) == digest_of(with_mask(2)));
  const auto with_image = [&](const Path& from) {
    Item item;
    item.id = "a";
    const auto make = []() -> std::string { throw Error(Code::bug, "the digest makes no image"); };
    item.made_image = std::make_shared<MadeImage>(MadeImage{make, {from}});
    return item;
  };
  const Path one = scratch.write("one", "12"), same = scratch.write("same", "34"),
             other = scratch.write("other", "123");
  CHECK(digest_of(with_image(one)) == digest_of(with_image(same)));
  CHECK_FALSE(digest_of(with_image(one)) == digest_of(with_image(other)));
}

TEST_CASE("made pixels are read as a file's are") {
  MaskRef mask;
  auto coding = std::make_shared<MaskCoding>();
  coding->values = {{7, 1}};
  mask.coding = coding;
  const auto make = [] {
    cv::Mat pixels(1, 2, CV_8UC1, cv::Scalar(7));
    pixels.at<std::uint8_t>(0, 1) = 9;
    return RawImage{pixels, {}, 8};
  };
  mask.made = std::make_shared<MadeMask>(MadeMask{make, {"of/this.png"}});
  const SemanticMask semantic = read_semantic(mask);
  CHECK(semantic.labels.at<std::uint16_t>(0, 0) == 1);
  CHECK(semantic.unknown_values == std::map<std::int64_t, std::int64_t>{{9, 1}});
  CHECK(read_instances(mask).at<std::uint16_t>(0, 1) == 9);
  mask.value = 9;
  CHECK(read_mask_shape(mask) == Rle{{2, 1}, {1, 1}});
  CHECK(mask == MaskRef(mask));
  mask.made = std::make_shared<MadeMask>(*mask.made);
  CHECK(file_of(mask) == "of/this.png");
  const Error error = thrown_by([&] {
    MaskRef broken = mask;
    broken.made = std::make_shared<MadeMask>(
        MadeMask{[]() -> RawImage { throw Error(Code::unreadable, "gone"); }, {"of/this.png"}});
    read_mask_shape(broken);
  });
  CHECK(error.place().file == "of/this.png");
}

}  // namespace maskmill::tests
