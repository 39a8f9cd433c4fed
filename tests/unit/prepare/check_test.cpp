// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>

#include "check_support.h"
#include "image/image.h"
#include "prepare/check/rule.h"
#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::vector<Item> sound(const Scratch& scratch) {
  std::vector<Item> items;
  for (int i = 0; i < 4; ++i)
    items.push_back(street_item(scratch, "i" + std::to_string(i), {48, 36}, {0, 1, 2, 255},
                                static_cast<std::uint64_t>(i)));
  return items;
}

// The one finding of a data set that is sound but for what `break_it` does to its second item.
Finding only_finding(const std::function<void(const Scratch&, std::vector<Item>&)>& break_it) {
  const Scratch scratch;
  std::vector<Item> items = sound(scratch);
  break_it(scratch, items);
  return only(findings_of(checked(items, street_labels())));
}

}  // namespace

TEST_CASE("a sound data set has no findings") {
  const Scratch scratch;
  CHECK(findings_of(checked(sound(scratch), street_labels())).empty());
}

TEST_CASE("pair-missing: an image or a mask that is not there") {
  CHECK(only_finding([](const Scratch&, std::vector<Item>& items) { fs::remove(items[1].image); }).rule ==
        "pair-missing");
  CHECK(only_finding([](const Scratch&, std::vector<Item>& items) {
          fs::remove(items[1].semantic->file);
        }).rule == "pair-missing");
}

TEST_CASE("broken-file: a picture that ends early, is empty, or is no picture, with its place") {
  const auto cut = [](const Path& path, double share) {
    const std::string bytes = read_file(path);
    rewrite(path, bytes.substr(0, static_cast<std::size_t>(static_cast<double>(bytes.size()) * share)));
  };
  for (const double share : {0.0, 0.3, 0.9}) {
    INFO(share);
    const Finding image =
        only_finding([&](const Scratch&, std::vector<Item>& items) { cut(items[1].image, share); });
    CHECK(image.rule == "broken-file");
    CHECK_THAT(image.place.file, contains("i1.jpg"));
    const Finding mask =
        only_finding([&](const Scratch&, std::vector<Item>& items) { cut(items[1].semantic->file, share); });
    CHECK(mask.rule == "broken-file");
    CHECK_THAT(mask.place.file, contains("i1.png"));
  }
  CHECK(only_finding([](const Scratch&, std::vector<Item>& items) {
          rewrite(items[1].image, "not a picture at all");
        }).rule == "broken-file");
}

TEST_CASE("wrong-extension: the content decides what a file is") {
  const Finding finding = only_finding([](const Scratch&, std::vector<Item>& items) {
    rewrite(items[1].image, encode_png(picture({48, 36}, 9)));
  });
  CHECK(finding.rule == "wrong-extension");
  CHECK(finding.severity == Severity::warning);
  CHECK_THAT(finding.message, contains("JPEG") && contains("PNG"));
}

TEST_CASE("size-differs: a mask of another size, and an annotation that says another size") {
  const Finding mask = only_finding([](const Scratch&, std::vector<Item>& items) {
    rewrite(items[1].semantic->file, encode_index_png(blotches({36, 48}, {0, 1}, 4)));
  });
  CHECK(mask.rule == "size-differs");
  CHECK_THAT(mask.message, contains("36x48") && contains("48x36"));
  CHECK(only_finding([](const Scratch&, std::vector<Item>& items) {
          items[1].size = Size{640, 480};
        }).rule == "size-differs");
}

TEST_CASE("unknown-value: a value that no label has, with its pixels") {
  const Finding finding = only_finding([](const Scratch&, std::vector<Item>& items) {
    cv::Mat mask = blotches({48, 36}, {0, 1}, 4);
    mask(cv::Rect(0, 0, 3, 2)) = 77;
    rewrite(items[1].semantic->file, encode_index_png(mask));
  });
  CHECK(finding.rule == "unknown-value");
  CHECK_THAT(finding.message, contains("77") && contains("6 pixels"));
}

TEST_CASE("binary-values: 0 and 255 where label numbers are meant") {
  const Scratch scratch;
  std::vector<Item> items = sound(scratch);
  rewrite(items[1].semantic->file, encode_index_png(blotches({48, 36}, {0, 255}, 4)));
  const std::vector<Finding> of_void =
      findings_of(checked(items, street_labels()));  // 255 is void here, and stated to be
  REQUIRE(of_void.size() == 1);
  CHECK(of_void[0].rule == "empty-item");

  const LabelMap street = street_labels();
  const std::vector<Label> labels(street.begin(), street.begin() + 3);
  MaskCoding coding;
  for (int i = 0; i < 3; ++i) coding.values.emplace_back(i, i);
  for (Item& item : items) item.semantic->coding = std::make_shared<MaskCoding>(coding);
  for (std::size_t i : {0, 2, 3})
    rewrite(items[i].semantic->file, encode_index_png(blotches({48, 36}, {0, 1, 2}, i)));
  Metadata metadata;
  metadata.labels = LabelMap(labels);
  const auto source = make_source(metadata, items);
  const CheckReport report = check(*source);
  CHECK(report.findings.by_rule().count("binary-values") == 1);
  CHECK(report.findings.by_rule().at("binary-values") == 1);

  // 255 beside other labels is void that nobody declared, and a mask of 0 and 255 has no object.
  rewrite(items[3].semantic->file, encode_index_png(blotches({48, 36}, {0, 1, 255}, 3)));
  source->rewind();
  CHECK(check(*source).findings.by_rule().count("binary-values") == 0);
}

TEST_CASE("duplicate-content: the same picture twice, and worse, in two subsets") {
  const auto copied = [](const std::string& subset) {
    return [subset](const Scratch&, std::vector<Item>& items) {
      for (Item& item : items) item.subset = "train";
      items[1].subset = subset;
      rewrite(items[1].image, read_file(items[0].image));
    };
  };
  CHECK(only_finding(copied("train")).rule == "duplicate-content");
  CHECK_THAT(only_finding(copied("test")).message, contains("\"train\"") && contains("\"test\""));
}

TEST_CASE("every rule says what it finds, what harm it does and what to do") {
  for (const Rule* rule : rules()) {
    INFO(rule->id);
    CHECK_FALSE(rule->title.empty());
    CHECK_FALSE(rule->harm.empty());
    CHECK_FALSE(rule->fix.empty());
    CHECK((rule->run != nullptr) + (rule->across != nullptr) + (rule->against != nullptr) == 1);
  }
}

TEST_CASE("made pixels are checked as those of files are") {
  const Scratch scratch;
  std::vector<Item> items = sound(scratch);
  for (Item& item : items) {
    const std::string bytes = read_file(item.image);
    const RawImage mask = read_raw(item.semantic->file);
    item.made_image = std::make_shared<MadeImage>(MadeImage{[bytes] { return bytes; }, {item.image}});
    item.semantic->made =
        std::make_shared<MadeMask>(MadeMask{[mask] { return mask; }, {item.semantic->file}});
    item.image.clear(), item.semantic->file.clear();
  }
  CHECK(findings_of(checked(items, street_labels())).empty());
  const RawImage narrow{cv::Mat(36, 47, CV_8UC1, cv::Scalar(1)), {}, 8};
  const Path from = items[1].semantic->made->from.front();
  items[1].semantic->made = std::make_shared<MadeMask>(MadeMask{[narrow] { return narrow; }, {from}});
  items[2].made_image = std::make_shared<MadeImage>(MadeImage{[] { return std::string("no image"); }, {"b"}});
  const std::vector<Finding> findings = findings_of(checked(items, street_labels()));
  for (const Finding& finding : findings) UNSCOPED_INFO(finding.rule + ": " + finding.message);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].rule == "size-differs");
  CHECK(findings[0].place.file == from.string());
  CHECK(findings[1].rule == "broken-file");
}
