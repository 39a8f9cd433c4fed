// SPDX-License-Identifier: Apache-2.0
// The rules that look at pictures and at what belongs together.
#include <boost/filesystem.hpp>
#include <opencv2/imgproc.hpp>

#include "base/random.h"
#include "check_support.h"
#include "image/image.h"
#include "prepare/check/check.h"
#include "support/drawn.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

constexpr Size kFrame{96, 72};

std::vector<Finding> found_by(std::vector<Item> items, const std::string& rule) {
  std::vector<Finding> found = findings_of(checked(std::move(items), street_labels()));
  std::erase_if(found, [&](const Finding& finding) { return finding.rule != rule; });
  return found;
}

Item picture_item(const Scratch& scratch, const std::string& id, std::uint64_t seed,
                  const std::string& subset = "") {
  Item item = street_item(scratch, id, kFrame, {0, 1, 2}, seed);
  item.subset = subset;
  return item;
}

std::vector<Item> items_of(const Scratch& scratch, int count, const std::string& prefix = "i") {
  std::vector<Item> items;
  for (int i = 0; i < count; ++i)
    items.push_back(picture_item(scratch, prefix + std::to_string(i), static_cast<std::uint64_t>(i + 1)));
  return items;
}

void save(const Item& item, const cv::Mat& pixels) {
  rewrite(item.image, encode_jpeg(pixels, 90));
}

/// Part of a large picture: what a camera sees that moves to the right.
cv::Mat frame_of(const cv::Mat& world, int step) {
  return world(cv::Rect(4 * step, 0, kFrame.width, kFrame.height)).clone();
}

/// A JPEG with EXIF: a camera's model and a time.
std::string with_time(const std::string& jpeg, const std::string& time) {
  const auto little = [](std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
  };
  const auto entry = [&](std::uint32_t tag, std::uint32_t type, std::uint32_t count, std::uint32_t value) {
    return little(tag, 2) + little(type, 2) + little(count, 4) + little(value, 4);
  };
  // The first directory of two entries ends at 38, where the model lies, 8 bytes; the second begins at 46.
  std::string tiff = std::string("II*\0", 4) + little(8, 4) + little(2, 2) + entry(272, 2, 8, 38) +
                     entry(34665, 4, 1, 46) + little(0, 4) + std::string("EOS 77D\0", 8);
  tiff += little(1, 2) + entry(36867, 2, 20, 64) + little(0, 4) + time + '\0';
  const std::string body = std::string("Exif\0\0", 6) + tiff;
  return jpeg.substr(0, 2) + "\xFF\xE1" + '\0' + static_cast<char>(body.size() + 2) + body + jpeg.substr(2);
}

}  // namespace

TEST_CASE("near-duplicate: the pair is named; across subsets it is a warning") {
  const Scratch scratch;
  for (const bool leaks : {false, true}) {
    std::vector<Item> items = items_of(scratch, 6);
    save(items[4], picture(kFrame, 2) + cv::Scalar(7, 7, 7));
    for (Item& item : items) item.subset = "train";
    if (leaks) items[4].subset = "val";
    const auto findings = found_by(items, "near-duplicate");
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].place.file == items[4].image.string());
    CHECK_THAT(findings[0].message, contains("i1.jpg"));
    CHECK(findings[0].related == std::vector<Place>{{items[1].image.string(), {}, {}}});
    CHECK(findings[0].severity == (leaks ? Severity::warning : Severity::note));
    CHECK((findings[0].message.find("\"val\"") != std::string::npos) == leaks);
  }
}

TEST_CASE("near-duplicate: files of the same bytes are duplicate-content's, and said once") {
  const Scratch scratch;
  std::vector<Item> items = items_of(scratch, 4);
  rewrite(items[3].image, read_file(items[0].image));
  CHECK(found_by(items, "duplicate-content").size() == 1);
  CHECK(found_by(items, "near-duplicate").empty());
}

TEST_CASE("near-duplicate: a picture without its image is left out, and others keep their names") {
  const Scratch scratch;
  std::vector<Item> items = items_of(scratch, 6);
  fs::remove(items[0].image);
  rewrite(items[1].image, "no picture");
  save(items[5], picture(kFrame, 4) * 0.9);
  const auto findings = found_by(items, "near-duplicate");
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].place.file == items[5].image.string());
  CHECK_THAT(findings[0].message, contains("i3.jpg"));
}

TEST_CASE("leaking-group: frames of one film in two subsets, by names and pictures together") {
  const Scratch scratch;
  const cv::Mat world = picture({kFrame.width + 4 * 40, kFrame.height}, 99);
  const auto film = [&](const char* prefix) {
    std::vector<Item> items;
    for (int i = 0; i < 30; ++i) {
      const std::string digits = std::to_string(1000 + i);
      items.push_back(picture_item(scratch, prefix + digits, 1, i < 20 ? "train" : "val"));
      save(items.back(), frame_of(world, i));
    }
    return items;
  };
  for (const char* prefix : {"seq03_", "video1_frame", ""}) {
    INFO(prefix);
    const auto findings = found_by(film(prefix), "leaking-group");
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].severity == Severity::warning);
    CHECK_THAT(findings[0].message, contains("20 in \"train\"") && contains("10 in \"val\""));
    CHECK_THAT(findings[0].place.file, contains("1020.jpg"));
  }
  std::vector<Item> together = film("seq03_");
  for (Item& item : together) item.subset = "train";
  CHECK(found_by(together, "leaking-group").empty());
}

TEST_CASE("leaking-group: numbered names of pictures that are not alike mean nothing") {
  const Scratch scratch;
  for (const char* prefix : {"Abyssinian_", "IMG_", "n01440764_", "2007_", "000000000"}) {
    INFO(prefix);
    std::vector<Item> items = items_of(scratch, 40, prefix);
    for (std::size_t i = 0; i < items.size(); ++i) items[i].subset = i % 4 == 0 ? "val" : "train";
    CHECK(found_by(items, "leaking-group").empty());
  }
}

TEST_CASE("leaking-group: an attribute that names a group") {
  const Scratch scratch;
  std::vector<Item> items = items_of(scratch, 6);
  const char* patients[] = {"a", "a", "b", "b", "c", "c"};
  for (std::size_t i = 0; i < 6; ++i) {
    items[i].attributes.emplace_back("patient_id", std::string(patients[i]));
    items[i].attributes.emplace_back("weather", std::string("sunny"));
    items[i].subset = i < 3 ? "train" : "val";
  }
  const auto findings = found_by(items, "leaking-group");
  REQUIRE(findings.size() == 1);
  CHECK_THAT(findings[0].message, contains("patient_id") && contains("i2.jpg"));
  CHECK(findings[0].place.file == items[3].image.string());
}

TEST_CASE(
    "leaking-group: one camera within seconds; not within the hour, and not a clock that stands still") {
  const Scratch scratch;
  const auto taken = [&](int count, const std::function<std::string(int)>& time) {
    std::vector<Item> items = items_of(scratch, count);
    for (int i = 0; i < count; ++i) {
      Item& item = items[static_cast<std::size_t>(i)];
      rewrite(item.image, with_time(read_file(item.image), time(i)));
      item.subset = i % 2 == 0 ? "train" : "val";
    }
    return found_by(items, "leaking-group");
  };
  const auto burst = taken(2, [](int i) { return "2020:05:06 10:00:0" + std::to_string(3 * i); });
  REQUIRE(burst.size() == 1);
  CHECK_THAT(burst[0].message, contains("3.0 s"));
  CHECK(taken(2, [](int i) { return "2020:05:06 10:" + std::to_string(10 + i) + ":00"; }).empty());
  CHECK(taken(60, [](int) { return std::string("2000:01:01 00:00:00"); }).empty());
}

TEST_CASE("unusual-pixel-format: the few that are stored otherwise than the others") {
  const Scratch scratch;
  std::vector<Item> items = items_of(scratch, 24);
  cv::Mat gray, alpha, deep;
  cv::cvtColor(picture(kFrame, 50), gray, cv::COLOR_RGB2GRAY);
  cv::cvtColor(picture(kFrame, 51), alpha, cv::COLOR_RGB2RGBA);
  cv::cvtColor(picture(kFrame, 52), deep, cv::COLOR_RGB2GRAY);
  deep.convertTo(deep, CV_16U, 257);
  save(items[3], gray);
  rewrite(items[5].image, encode_png(alpha));
  rewrite(items[7].image, encode_png(deep));
  std::map<std::string, Finding> by_file;
  for (const Finding& finding : found_by(items, "unusual-pixel-format"))
    by_file[finding.place.file] = finding;
  REQUIRE(by_file.size() == 3);
  CHECK(by_file.at(items[3].image.string()).severity == Severity::note);
  CHECK_THAT(by_file.at(items[5].image.string()).message, contains("alpha"));
  CHECK_THAT(by_file.at(items[7].image.string()).message, contains("16 bits"));
  // Where a third is gray, gray is usual.
  for (std::size_t i = 8; i < 20; ++i) save(items[i], gray);
  for (const Finding& finding : found_by(items, "unusual-pixel-format"))
    CHECK_THAT(finding.message, !contains("is gray"));
}

TEST_CASE("gray-tail: a picture that was saved again after its file had been cut off") {
  const Scratch scratch;
  std::vector<Item> items = items_of(scratch, 3);
  cv::Mat cut = picture(kFrame, 9);
  cut.rowRange(48, kFrame.height) = cv::Scalar(128, 128, 128);
  save(items[1], cut);
  cv::Mat letterbox = picture(kFrame, 10);
  letterbox.rowRange(48, kFrame.height) = cv::Scalar(0, 0, 0);
  save(items[2], letterbox);
  const auto findings = found_by(items, "gray-tail");
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].place.file == items[1].image.string());
}

TEST_CASE("flat-picture: black, white and of one colour") {
  const Scratch scratch;
  std::vector<Item> items = items_of(scratch, 5);
  save(items[0], picture(kFrame, 3) * 0.02);
  save(items[1], cv::Mat(kFrame.height, kFrame.width, CV_8UC3, cv::Scalar(255, 255, 255)));
  save(items[2], cv::Mat(kFrame.height, kFrame.width, CV_8UC3, cv::Scalar(0, 90, 200)));
  CHECK(found_by(items, "flat-picture").size() == 3);
}

TEST_CASE("outliers of size and exposure are told where there are enough others, by median and MAD") {
  const Scratch scratch;
  std::vector<Item> items = items_of(scratch, 120);
  Item& large = items[7];
  large = street_item(scratch, "large", {1000, 750}, {0, 1, 2}, 500);
  items[8] = street_item(scratch, "strip", {300, 10}, {0, 1}, 501);
  save(items[9], picture(kFrame, 10) * 0.13);
  const auto sizes = found_by(items, "size-outlier");
  REQUIRE(sizes.size() == 2);
  CHECK(sizes[0].place.file == items[7].image.string());
  CHECK(sizes[1].place.file == items[8].image.string());
  CHECK_THAT(sizes[1].message, contains("30 times as wide as high"));
  const auto exposures = found_by(items, "exposure-outlier");
  REQUIRE_FALSE(exposures.empty());
  for (const Finding& finding : exposures) CHECK(finding.place.file == items[9].image.string());
  items.resize(60);
  CHECK(found_by(items, "size-outlier").empty());
  CHECK(found_by(items, "exposure-outlier").empty());
}

TEST_CASE("void-share: a mask that is mostly void among others that are not, and a data set that is") {
  const Scratch scratch;
  std::vector<Item> items = items_of(scratch, 20);
  const auto mostly_void = [&](const Item& item) {
    cv::Mat mask(kFrame.height, kFrame.width, CV_8UC1, cv::Scalar(255));
    mask(cv::Rect(0, 0, 12, 12)) = 1;
    rewrite(item.semantic->file, encode_index_png(mask));
  };
  CHECK(found_by(items, "void-share").empty());
  mostly_void(items[6]);
  const auto one = found_by(items, "void-share");
  REQUIRE(one.size() == 1);
  CHECK(one[0].place.file == items[6].image.string());
  CHECK_THAT(one[0].message, contains("97.9 %"));  // 1 - 144 / 6912
  for (std::size_t i = 0; i < 14; ++i) mostly_void(items[i]);
  const auto all = found_by(items, "void-share");
  REQUIRE(all.size() == 1);
  CHECK(all[0].place.file.empty());
  CHECK_THAT(all[0].message, contains("69 %"));  // 14 of 20 of these
}

TEST_CASE(
    "label-share-outlier and class-imbalance: a label that is everywhere once, and one that is hardly anywhere") {
  const Scratch scratch;
  std::vector<Item> items;
  for (int i = 0; i < 110; ++i) {
    items.push_back(picture_item(scratch, "i" + std::to_string(i), static_cast<std::uint64_t>(i)));
    cv::Mat mask(kFrame.height, kFrame.width, CV_8UC1, cv::Scalar(0));
    mask(cv::Rect(0, 0, 20 + i % 9, 30)) = 1;
    rewrite(items.back().semantic->file, encode_index_png(mask));
  }
  CHECK(found_by(items, "label-share-outlier").empty());
  CHECK(found_by(items, "class-imbalance").empty());
  cv::Mat full(kFrame.height, kFrame.width, CV_8UC1, cv::Scalar(1));
  full(cv::Rect(0, 0, 3, 1)) = 2;
  full(cv::Rect(0, 1, 3, 1)) = 0;
  rewrite(items[30].semantic->file, encode_index_png(full));
  const auto shares = found_by(items, "label-share-outlier");
  REQUIRE(shares.size() == 2);  // of road, which is everywhere, and of background, which is not
  for (const Finding& finding : shares) CHECK(finding.place.file == items[30].image.string());
  const auto rare = found_by(items, "class-imbalance");
  REQUIRE(rare.size() == 1);
  CHECK(rare[0].severity == Severity::note);
  CHECK_THAT(rare[0].message, contains("\"car\" (1 item") && !contains("road"));
}
