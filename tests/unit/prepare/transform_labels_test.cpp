// SPDX-License-Identifier: Apache-2.0
#include "dataset/masks.h"
#include "transform_support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Names = std::vector<std::string>;

Names names_of(const LabelMap& labels) {
  Names names;
  for (const Label& label : labels) names.push_back(label.name);
  return names;
}

TransformSettings relabelling(RelabelSettings labels) {
  TransformSettings settings;
  settings.labels = std::move(labels);
  return settings;
}

/// A road with a car on it, and a box of a car.
std::unique_ptr<Source> objects() {
  Item item;
  item.id = "a";
  item.size = Size{20, 10};
  item.annotations = {annotation_of(1, square(0, 0, 10)), annotation_of(2, square(4, 4, 4)),
                      annotation_of(2, Box{12, 2, 3, 3})};
  return street_source({item});
}

/// How many pixels of each label, by name; "" for those without a label.
std::map<std::string, int> pixel_counts(const Item& item, const LabelMap& labels) {
  std::map<std::string, int> counts;
  const cv::Mat mask = semantic_of(item, labels).labels;
  for (int y = 0; y < mask.rows; ++y)
    for (int x = 0; x < mask.cols; ++x) {
      const int label = mask.at<std::uint16_t>(y, x);
      ++counts[label == kUnlabelled ? "" : labels[label].name];
    }
  return counts;
}

Error relabel_refusal(RelabelSettings labels) {
  return thrown_by([&] { transform(objects(), relabelling(std::move(labels))); });
}

}  // namespace

TEST_CASE("selected labels stay, with background and void, and the annotations of others go") {
  const ReadDataSet read = transform(objects(), relabelling({.select = {"ca?"}}));
  CHECK(names_of(read.labels()) == Names{"background", "car", "void"});
  CHECK(read.labels()[1].id == 2);
  REQUIRE(read.items[0].annotations.size() == 2);
  CHECK(read.items[0].annotations[0].label == 1);
  const ReadDataSet dropped = transform(objects(), relabelling({.drop = {"road", "void"}}));
  CHECK(names_of(dropped.labels()) == Names{"background", "car"});
  CHECK(dropped.items[0].annotations.size() == 2);
}

TEST_CASE(
    "an object that is not kept hides what lies under it where masks are painted, unless it is dropped") {
  const auto road_pixels = [](Others others) {
    const ReadDataSet read =
        transform(objects(), relabelling({.select = {"road"}, .others = others}), held_by("pairs"));
    return pixel_counts(read.items[0], read.labels());
  };
  CHECK(road_pixels(Others::background) == std::map<std::string, int>{{"background", 116}, {"road", 84}});
  CHECK(road_pixels(Others::drop) == std::map<std::string, int>{{"background", 100}, {"road", 100}});
  // Crowds lie under everything else, and boxes where nothing lies.
  CHECK(road_pixels(Others::ignore) ==
        std::map<std::string, int>{{"background", 91}, {"road", 100}, {"void", 9}});
}

TEST_CASE("masks say the kept labels, and of the others what is asked for") {
  const Scratch scratch;
  const auto masks = [&] { return street_source({street_item(scratch, "a", {30, 20}, {0, 1, 2, 255}, 5)}); };
  const std::map<std::string, int> before = [&] {
    const auto source = masks();
    Findings findings;
    return pixel_counts(read_all(*source, findings)[0], source->metadata().labels);
  }();
  REQUIRE(before.size() == 4);
  const auto after = [&](RelabelSettings labels, const char* target = "pairs") {
    const ReadDataSet read = transform(masks(), relabelling(std::move(labels)), held_by(target));
    return pixel_counts(read.items[0], read.labels());
  };
  const int background = before.at("background"), road = before.at("road"), car = before.at("car"),
            ignored = before.at("void");
  using Counts = std::map<std::string, int>;
  CHECK(after({.select = {"car"}}) ==
        Counts{{"background", background + road}, {"car", car}, {"void", ignored}});
  CHECK(after({.drop = {"road"}, .others = Others::ignore}) ==
        Counts{{"background", background}, {"car", car}, {"void", ignored + road}});
  CHECK(after({.merge = {"thing=car", "road"}}) ==
        Counts{{"background", background}, {"thing", car + road}, {"void", ignored}});
  CHECK(after({.rename = {"car=road", "road=car"}}) ==
        Counts{{"background", background}, {"road", car}, {"car", road}, {"void", ignored}});
  CHECK(after({.binary = {"car"}}) == Counts{{"background", background + road + ignored}, {"car", car}});
  CHECK(after({.binary = {"car"}, .others = Others::ignore}) ==
        Counts{{"background", background}, {"car", car}, {"void", ignored + road}});
  CHECK(after({.binary = {"car", "road"}}) ==
        Counts{{"background", background + ignored}, {"foreground", car + road}});
}

TEST_CASE("a merged label stands where its first one stood, with the id of the one named first") {
  const ReadDataSet read = transform(objects(), relabelling({.merge = {"thing=car", "road"}}));
  CHECK(names_of(read.labels()) == Names{"background", "thing", "void"});
  CHECK(read.labels()[1].id == 2);
  CHECK(read.items[0].annotations[0].label == 1);
  CHECK(read.items[0].annotations[2].label == 1);
}

TEST_CASE("one label against all else has the id 1, and background 0, also where there was none") {
  Metadata metadata;
  std::vector<Label> labels(2);
  labels[0].name = "cat", labels[0].id = 17;
  labels[1].name = "dog", labels[1].id = 18;
  metadata.labels = LabelMap(labels);
  Item item;
  item.id = "a";
  item.size = Size{4, 4};
  item.annotations = {annotation_of(0, square(0, 0, 2)), annotation_of(1, square(1, 1, 2))};
  const ReadDataSet read =
      transform(make_source(metadata, {item}), relabelling({.binary = {"cat"}}), held_by("pairs"));
  CHECK(names_of(read.labels()) == Names{"cat", "background"});
  CHECK(read.labels()[0].id == 1);
  CHECK(read.labels()[1].id == 0);
  CHECK(pixel_counts(read.items[0], read.labels()) ==
        std::map<std::string, int>{{"cat", 3}, {"background", 13}});
}

TEST_CASE("a crowd has its label in a mask of one label, and lies under everything else") {
  Item item;
  item.id = "a";
  item.size = Size{20, 10};
  item.annotations = {annotation_of(1, square(0, 0, 4)), annotation_of(2, square(0, 0, 10)),
                      annotation_of(1, square(10, 0, 10))};
  item.annotations[1].flags.crowd = item.annotations[2].flags.crowd = true;
  const auto after = [&](const char* target) {
    return transform(street_source({item}), relabelling({.binary = {"car"}}), held_by(target));
  };
  const ReadDataSet painted = after("pairs");
  CHECK(pixel_counts(painted.items[0], painted.labels()) ==
        std::map<std::string, int>{{"background", 116}, {"car", 84}});
  CHECK(after("coco").items[0].annotations.at(0).flags.crowd == true);
}

TEST_CASE("numbers of an instance mask go where their label goes") {
  const Scratch scratch;
  Item item = street_item(scratch, "a", {6, 4}, {0}, 1);
  rewrite(item.semantic->file, png_mask({1, 1, 2, 2, 0, 255}));
  const auto coding = std::make_shared<MaskCoding>();
  coding->kind = MaskCoding::Kind::instance;
  coding->void_value = 255;
  item.instances = MaskRef{scratch.write("numbers.png", png_mask({1, 1, 2, 3, 0, 255})), coding, {}, false};
  const auto row = [](const ReadDataSet& read) {
    const cv::Mat numbers = read_instances(*read.items[0].instances);
    return std::vector<int>(numbers.ptr<std::uint16_t>(0), numbers.ptr<std::uint16_t>(0) + numbers.cols);
  };
  CHECK(row(transform(street_source({item}), relabelling({.select = {"car"}}), held_by("voc"))) ==
        std::vector<int>{0, 0, 2, 3, 0, kUnlabelled});
  CHECK(row(transform(street_source({item}), relabelling({.select = {"car"}, .others = Others::ignore}),
                      held_by("voc"))) == std::vector<int>{kUnlabelled, kUnlabelled, 2, 3, 0, kUnlabelled});
}

TEST_CASE("names that no label has are errors that name the nearest") {
  CHECK_THAT(relabel_refusal({.select = {"cars"}}).hint_text(), contains("\"car\""));
  CHECK(relabel_refusal({.drop = {"tree*"}}).code() == Code::usage);
  CHECK(relabel_refusal({.rename = {"raod=street"}}).place().field == "rename");
  CHECK(relabel_refusal({.merge = {"road"}}).code() == Code::usage);
  CHECK(relabel_refusal({.binary = {"lorry"}}).code() == Code::usage);
}

TEST_CASE("settings that contradict each other are refused") {
  CHECK_THAT(relabel_refusal({.rename = {"road=car"}}).hint_text(), contains("--merge"));
  CHECK_THAT(relabel_refusal({.rename = {"*=all"}}).message(), contains("several"));
  CHECK(relabel_refusal({.merge = {"car=road"}}).code() == Code::usage);
  CHECK(relabel_refusal({.merge = {"a=road", "b=road"}}).code() == Code::usage);
  CHECK(relabel_refusal({.drop = {"road"}, .rename = {"road=street"}}).code() == Code::usage);
  CHECK(relabel_refusal({.rename = {"road=street"}, .merge = {"all=road", "car"}}).code() == Code::usage);
  CHECK(relabel_refusal({.drop = {"background"}}).code() == Code::usage);
  CHECK(relabel_refusal({.drop = {"*"}, .others = Others::ignore}).code() == Code::usage);
  CHECK(relabel_refusal({.select = {"car"}, .binary = {"car"}}).code() == Code::usage);
  CHECK(relabel_refusal({.binary = {"background"}}).code() == Code::usage);
  CHECK(thrown_by([] { transform(objects(), {}); }).code() == Code::usage);
}
