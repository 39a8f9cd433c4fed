// SPDX-License-Identifier: Apache-2.0
#include "render/sheet.h"

#include <boost/filesystem.hpp>

#include "pictures.h"
#include "render/data_sheet.h"
#include "render/legend.h"
#include "render/lettering.h"
#include "xml.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// A sheet of `count` pictures, `beside` side by side each.
void write_sheet(const Path& target, int count, const SheetSettings& settings, std::size_t beside = 1) {
  const auto sheet =
      make_sheet(target, Overwrite::yes, {"a <title> & more", "with a subtitle"}, street_labels(), settings);
  for (int i = 0; i < count; ++i)
    sheet->encode({.caption = "picture " + std::to_string(i) + " <é漢>",
                   .detail = "detail",
                   .pictures = std::vector<cv::Mat>(beside, picture({80, 60}, 1)),
                   .label_counts = {5, 1000, 0, i % 2}})();
  sheet->close();
}

}  // namespace

TEST_CASE("an HTML sheet is one well-formed file with every picture, caption and label count in it") {
  const Scratch scratch;
  write_sheet(scratch / "sheet.html", 7, {});
  const Element page = parse_xml(read_file(scratch / "sheet.html"));
  const auto figures = find_all(page, "figure");
  REQUIRE(figures.size() == 7);
  CHECK(find_all(figures[3], "figcaption").at(0).text == "picture 3 <é漢>detail");
  for (const Element& image : find_all(page, "figure")) {
    const auto pictures = find_all(image, "img");
    REQUIRE(pictures.size() == 1);
    CHECK(pictures[0].attribute("src").starts_with("data:image/jpeg;base64,/9j/"));
    CHECK(pictures[0].attribute("width") == "80");
  }
  const auto legend = find_all(find_all(page, "ul", "legend").at(0), "li");
  REQUIRE(legend.size() == 2);  // neither the background, which is not drawn, nor a label without any
  CHECK(legend[0].text == "road7,000");
  CHECK_THAT(find_all(legend[0], "span", "swatch").at(0).attribute("style"), contains("#800000"));
  CHECK(legend[1].text == "void3");
  CHECK(find_all(legend[1], "span", "hatched").size() == 1);
}

TEST_CASE("an HTML sheet of no pictures is a page all the same") {
  const Scratch scratch;
  write_sheet(scratch / "sheet.html", 0, {});
  CHECK(find_all(parse_xml(read_file(scratch / "sheet.html")), "figure").empty());
}

TEST_CASE("a PNG sheet shows the thumbnails in rows and goes on in further files") {
  const Scratch scratch;
  const SheetSettings settings{.thumbnail_px = 40, .columns = 3, .rows = 2};
  write_sheet(scratch / "sheet.png", 14, settings);
  for (const char* name : {"sheet.png", "sheet-2.png", "sheet-3.png"}) {
    INFO(name);
    const cv::Mat page = read_image(scratch / name);
    CHECK(page.cols == 3 * 40 + 2 * 12 + 2 * 24);
  }
  CHECK(!fs::exists(scratch / "sheet-4.png"));
  CHECK(read_image(scratch / "sheet-3.png").rows < read_image(scratch / "sheet.png").rows);

  // The first thumbnail is there, pixel by pixel.
  const cv::Mat page = read_image(scratch / "sheet.png"), thumbnail = reduced(picture({80, 60}, 1), 40);
  bool found = false;
  for (int y = 0; y + thumbnail.rows <= page.rows && !found; ++y)
    found = different(page(cv::Rect(24, y, thumbnail.cols, thumbnail.rows)), thumbnail) == 0;
  CHECK(found);
}

TEST_CASE("a PNG page that is just full is not followed by an empty one") {
  const Scratch scratch;
  write_sheet(scratch / "sheet.png", 6, {.thumbnail_px = 40, .columns = 3, .rows = 2});
  CHECK(fs::exists(scratch / "sheet.png"));
  CHECK(!fs::exists(scratch / "sheet-2.png"));
  write_sheet(scratch / "none.png", 0, {.thumbnail_px = 40, .columns = 3, .rows = 2});
  CHECK(read_image(scratch / "none.png").cols > 40);
}

TEST_CASE("a legend without counts has every label but the background") {
  LegendCounts legend(street_labels());
  CHECK(legend.entries().size() == 3);
  legend.add({});
  CHECK(legend.entries().size() == 3);
  legend.add(std::array<std::int64_t, 4>{0, 0, 2, 0});
  REQUIRE(legend.entries().size() == 1);
  CHECK(legend.entries()[0].remark == "2");
}

TEST_CASE("pictures side by side stay in their entry") {
  const Scratch scratch;
  write_sheet(scratch / "sheet.png", 5, {.thumbnail_px = 40, .columns = 4, .rows = 4}, 2);
  CHECK(read_image(scratch / "sheet.png").cols == 2 * (2 * 40 + 6) + 12 + 2 * 24);
  write_sheet(scratch / "sheet.html", 5, {}, 2);
  for (const Element& figure : find_all(parse_xml(read_file(scratch / "sheet.html")), "figure"))
    CHECK(find_all(figure, "img").size() == 2);
}

TEST_CASE("a sheet that is not closed leaves the old one") {
  const Scratch scratch;
  const Path target = scratch.write("sheet.html", "old");
  {
    const auto sheet = make_sheet(target, Overwrite::yes, {"t", ""}, street_labels());
    sheet->encode({.caption = "a", .detail = "", .pictures = {picture({80, 60}, 1)}, .label_counts = {}})();
  }
  CHECK(read_file(target) == "old");
  CHECK(list_files(scratch.path()).size() == 1);
}

TEST_CASE("a sheet is a page or a PNG, nothing else") {
  const Scratch scratch;
  const Error error = thrown_by([&] { make_sheet(scratch / "sheet.gif", Overwrite::no, {}, {}); });
  CHECK(error.code() == Code::usage);
  CHECK_THAT(error.message(), contains("\"gif\""));
  scratch.write("there.png", "x");
  CHECK(thrown_by([&] { make_sheet(scratch / "there.png", Overwrite::no, {}, {}); }).code() ==
        Code::write_failed);
}

TEST_CASE("a picture is made smaller, never larger, and keeps its shape") {
  CHECK(reduced(plain({800, 600}, {}), 400).size() == cv::Size(400, 300));
  CHECK(reduced(plain({600, 800}, {}), 400).size() == cv::Size(300, 400));
  CHECK(reduced(plain({40, 30}, {}), 400).size() == cv::Size(40, 30));
  CHECK(reduced(plain({5000, 1}, {}), 100).size() == cv::Size(100, 1));
}

TEST_CASE("a file is read at the size asked for") {
  const Scratch scratch;
  const Path path = scratch.write("a.jpg", encode_jpeg(picture({640, 480}, 3)));
  CHECK(read_reduced(path, 100).size() == cv::Size(100, 75));
  CHECK(read_reduced(path, 1000).size() == cv::Size(640, 480));
}

TEST_CASE("text is cut to the width that there is") {
  CHECK(fitted("cat", 14, 500) == "cat");
  CHECK(fitted("Straße 漢", 14, 500) == "Strasse ?");
  CHECK(fitted("cat", 14, 1).empty());
  for (const int width : {20, 50, 100, 333}) {
    const std::string words = fitted(std::string(5000, 'i') + "mmm", 14, width);
    CHECK(text_size(words, 14).width <= width);
    CHECK(words.ends_with(".."));
  }
}

TEST_CASE("text is drawn inside its box, in its ink, and clipped at the picture") {
  cv::Mat rgb = plain({200, 60}, {255, 255, 255});
  const cv::Size box = text_size("Agjy 123", 14);
  draw_text(rgb, "Agjy 123", {20, 20}, 14, {0, 0, 0});
  double darkest = 255;
  cv::Mat outside = rgb.clone();
  cv::minMaxLoc(rgb.reshape(1), &darkest);
  CHECK(darkest < 60);
  outside(cv::Rect(20, 20, box.width, box.height)).setTo(cv::Scalar(255, 255, 255));
  CHECK(different(outside, plain({200, 60}, {255, 255, 255})) == 0);
  for (const cv::Point at : {cv::Point(-30, -5), cv::Point(190, 55), cv::Point(500, 500)})
    draw_text(rgb, "Agjy 123", at, 14, {0, 0, 0});
}

TEST_CASE("a data set's items are drawn in its order, and one that cannot be read is a finding") {
  const Scratch scratch;
  std::vector<Item> items;
  for (int i = 0; i < 5; ++i)
    items.push_back(street_item(scratch, "item" + std::to_string(i), {64, 48}, {0, 1, 2, 255}, 5));
  scratch.write("images/item2.jpg", "not a picture");
  items[3].size.reset();
  Metadata metadata;
  metadata.labels = street_labels();
  const auto source = make_source(metadata, items);
  Findings findings;
  const std::size_t shown =
      write_data_sheet(*source, scratch / "sheet.html", Overwrite::no, "streets", {}, findings);
  CHECK(shown == 4);
  CHECK(findings.size() == 1);
  const auto figures = find_all(parse_xml(read_file(scratch / "sheet.html")), "figure");
  REQUIRE(figures.size() == 4);
  CHECK_THAT(figures[2].text, contains("item3"));
}

TEST_CASE("annotations without an image are drawn on gray, where their size is known") {
  const Scratch scratch;
  std::vector<Item> items;
  for (int i = 0; i < 2; ++i)
    items.push_back(street_item(scratch, "item" + std::to_string(i), {64, 48}, {0, 1, 2, 255}, 5));
  for (Item& item : items) item.image.clear();
  items[1].size.reset();
  Metadata metadata;
  metadata.labels = street_labels();
  Findings findings;
  CHECK(write_data_sheet(*make_source(metadata, items), scratch / "sheet.html", Overwrite::no, "predictions",
                         {}, findings) == 1);
  const auto figures = find_all(parse_xml(read_file(scratch / "sheet.html")), "figure");
  REQUIRE(figures.size() == 1);
  CHECK_THAT(figures[0].text, contains("no image"));
}
