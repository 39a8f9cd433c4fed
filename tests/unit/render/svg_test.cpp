// SPDX-License-Identifier: Apache-2.0
#include "render/svg.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "support/scratch.h"
#include "xml.h"

using namespace maskmill;
using namespace maskmill::tests;
using namespace maskmill::svg;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

LineChart chart_of(std::vector<Series> series) {
  return {.title = "loss", .x_label = "epoch", .series = std::move(series)};
}

Series series_of(std::string name, std::vector<double> y) {
  Series series{std::move(name), {}, std::move(y), {}};
  for (std::size_t i = 0; i < series.y.size(); ++i) series.x.push_back(static_cast<double>(i + 1));
  return series;
}

/// Well-formed, named for who cannot see it, every coordinate a number inside the drawing (names may reach
/// the rim).
Element checked(const Markup& chart) {
  const Element svg = parse_xml(chart.xml);
  CHECK(svg.name == "svg");
  CHECK(svg.attribute("role") == "img");
  REQUIRE(svg.children.size() >= 2);
  CHECK(svg.children[0].name == "title");
  CHECK(svg.children[1].name == "desc");
  CHECK(svg.children[1].text != "");
  for (const char* bad : {"nan", "inf", "NaN"})
    CHECK(chart.xml.find("=\"" + std::string(bad)) == std::string::npos);
  const double width = std::stod(svg.attribute("width")), height = std::stod(svg.attribute("height"));
  for (const char* name : {"rect", "circle", "line", "text"})
    for (const Element& element : find_all(svg, name))
      for (const auto& [key, value] : element.attributes) {
        const bool across = key == "x" || key == "x1" || key == "x2" || key == "cx";
        const bool down = key == "y" || key == "y1" || key == "y2" || key == "cy";
        if (!across && !down) continue;
        INFO(name << " " << key << "=" << value);
        CHECK(std::stod(value) >= -1);
        CHECK(std::stod(value) <= (across ? width : height) + 1);
      }
  return svg;
}

std::size_t count_of(const Element& svg, const std::string& name) {
  return find_all(svg, name).size();
}

/// Of a chart's only path, in pixels.
struct Extent {
  double first_x = 0, last_x = 0, top = 1e9, bottom = -1e9;
  std::size_t points = 0;
};

Extent extent_of(const Markup& chart) {
  Extent extent;
  const std::string path = find_all(checked(chart), "path").at(0).attribute("d");
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] != 'M' && path[at] != 'L') continue;
    extent.last_x = std::stod(path.substr(at + 1));
    if (extent.points++ == 0) extent.first_x = extent.last_x;
    const double y = std::stod(path.substr(path.find(' ', at) + 1));
    extent.top = std::min(extent.top, y), extent.bottom = std::max(extent.bottom, y);
  }
  return extent;
}

bool says(const Element& svg, const std::string& words) {
  for (const Element& text : find_all(svg, "text"))
    if (text.text == words) return true;
  return false;
}

}  // namespace

TEST_CASE("a line chart draws any number of points and says so when there are none") {
  CHECK(says(checked(line_chart(chart_of({}))), "no values"));
  CHECK(says(checked(line_chart(chart_of({series_of("a", {})}))), "no values"));
  CHECK(says(checked(line_chart(chart_of({series_of("a", {kNan, kInf, -kInf})}))), "no values"));

  const Element one = checked(line_chart(chart_of({series_of("a", {0.5})})));
  CHECK(count_of(one, "path") == 0);
  CHECK(count_of(one, "circle") >= 1);

  const Element three = checked(line_chart(chart_of({series_of("a", {1, 2, 3}), series_of("b", {3, 3, 3})})));
  CHECK(count_of(three, "path") == 2);
  CHECK(says(three, "a"));
  CHECK(says(three, "b"));
  CHECK(says(three, "epoch"));
}

TEST_CASE("a missing value leaves a gap, and a lone value between two is a dot") {
  const Element svg = checked(
      line_chart(chart_of({series_of("a", {1, 2, kNan, 3, 4}), series_of("b", {1, kNan, 2, kNan, 3})})));
  CHECK(count_of(svg, "path") == 2);  // both of a
  std::size_t dots = 0;
  for (const Element& circle : find_all(svg, "circle")) dots += circle.attribute("r") == "3";
  CHECK(dots == 3);  // all of b
}

TEST_CASE("huge, tiny and constant values are drawn inside the chart") {
  checked(line_chart(chart_of({series_of("a", {-1e299, 1e299})})));
  checked(line_chart(chart_of({series_of("a", {1e-300, 2e-300})})));
  checked(line_chart(chart_of({series_of("a", {7, 7, 7})})));
  checked(line_chart(chart_of({series_of("a", {0, 0})})));
  checked(line_chart(chart_of({series_of("a", {1e15, 1e15 + 1})})));
  checked(line_chart(chart_of({series_of("a", {1, std::numeric_limits<double>::max()})})));
  const Element beyond = checked(line_chart([] {
    LineChart chart = chart_of({series_of("a", {-0.5, 1.5})});
    chart.low = 0, chart.high = 1;
    return chart;
  }()));
  CHECK(says(beyond, "\u22120.5"));
  CHECK(says(beyond, "1.5"));
}

TEST_CASE("a reduced line keeps its extremes and its ends") {
  Series series;
  for (int i = 0; i < 100000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i == 54321 ? 10 : i == 12345 ? -10 : std::sin(i * 0.37));
  }
  const Markup chart = line_chart(chart_of({series}));
  CHECK(chart.xml.size() < 100000);
  const Extent drawn = extent_of(chart);
  const Extent exact = extent_of(
      line_chart(chart_of({{"", {0, 12345, 54321, 99999}, {series.y[0], -10, 10, series.y[99999]}}})));
  CHECK(drawn.points < 4000);
  CHECK(drawn.first_x == exact.first_x);
  CHECK(drawn.last_x == exact.last_x);
  CHECK(drawn.top == exact.top);
  CHECK(drawn.bottom == exact.bottom);
}

TEST_CASE("a hundred lines have a hundred names, none on another") {
  std::vector<Series> many;
  for (int i = 0; i < 100; ++i) many.push_back(series_of("class " + std::to_string(i), {0.5, 0.5}));
  const Element svg = checked(line_chart(chart_of(many)));
  std::vector<double> places;
  for (const Element& text : find_all(svg, "text"))
    if (text.text.starts_with("class ")) places.push_back(std::stod(text.attribute("y")));
  REQUIRE(places.size() == 100);
  std::sort(places.begin(), places.end());
  for (std::size_t i = 1; i < places.size(); ++i) CHECK(places[i] - places[i - 1] > 13);
}

TEST_CASE("names of data reach every chart escaped") {
  const std::string name = "<b>&\"' \x01 \xff";
  checked(line_chart({.title = name,
                      .x_label = name,
                      .series = {series_of(name, {1, 2}), series_of("", {2, 1})},
                      .marked_x = 1,
                      .mark = name}));
  checked(bar_chart({.title = name, .bars = {{name, 1, {}, name}}}));
  checked(histogram({.title = name, .x_label = name, .edges = {0, 1}, .counts = {2}}));
  const Element svg = checked(confusion_chart({.title = name, .names = {name, "b"}, .counts = {1, 2, 3, 4}}));
  CHECK(says(svg, "<b>&\"' \u2401 \uFFFD"));
}

TEST_CASE("a series whose x and y differ in length is a mistake of ours") {
  CHECK(thrown_by([] { line_chart(chart_of({{"a", {1, 2}, {1}, {}}})); }).code() == Code::bug);
}

TEST_CASE("bars are as long as their values, in their own colours, with their numbers") {
  const Element svg = checked(bar_chart({.title = "IoU",
                                         .bars = {{"road", 0.8, Rgb{128, 64, 128}, ""},
                                                  {"car", 0.4, Rgb{0, 0, 142}, ""},
                                                  {"none", kNan, {}, ""}},
                                         .high = 1}));
  double road = 0, car = 0;
  for (const Element& rect : find_all(svg, "rect")) {
    if (rect.attribute("style") == "fill:#804080") road = std::stod(rect.attribute("width"));
    if (rect.attribute("style") == "fill:#00008e") car = std::stod(rect.attribute("width"));
  }
  CHECK(road > 100);
  CHECK_THAT(road / car, WithinAbs(2, 0.01));
  CHECK(says(svg, "0.800"));
  CHECK(says(svg, "\u2013"));
  CHECK(says(checked(bar_chart({.title = "none", .bars = {}})), "no values"));
  checked(bar_chart({.title = "all zero", .bars = {{"a", 0, {}, ""}}}));
  checked(bar_chart({.title = "both ways", .bars = {{"a", -1e300, {}, ""}, {"b", 1e300, {}, ""}}}));
}

TEST_CASE("a histogram's bars have the heights of its counts") {
  const Element svg = checked(
      histogram({.title = "areas", .x_label = "pixels", .edges = {0, 10, 20, 30}, .counts = {2, 8, 0}}));
  std::vector<double> heights;
  for (const Element& rect : find_all(svg, "rect")) heights.push_back(std::stod(rect.attribute("height")));
  REQUIRE(heights.size() == 2);
  CHECK_THAT(heights[1] / heights[0], WithinAbs(4, 0.02));
  CHECK(says(checked(histogram({.title = "none", .x_label = "", .edges = {}, .counts = {}})), "no values"));
  checked(histogram({.title = "zeros", .x_label = "", .edges = {0, 1}, .counts = {0}}));
  checked(histogram({.title = "odd", .x_label = "", .edges = {kNan, kNan, kInf}, .counts = {1, kNan}}));
  checked(histogram({.title = "one value", .x_label = "", .edges = {5, 5}, .counts = {3}}));
  CHECK(thrown_by([] {
          histogram({.title = "", .x_label = "", .edges = {0, 1}, .counts = {1, 2}});
        }).code() == Code::bug);
}

TEST_CASE("a confusion matrix shows shares of each row, which say a hundred together") {
  const Element svg =
      checked(confusion_chart({.title = "t", .names = {"cat", "dog"}, .counts = {75, 25, 0, 40}}));
  CHECK(says(svg, "75"));
  CHECK(says(svg, "25"));
  CHECK(says(svg, "100"));
  CHECK(says(svg, "cat"));
  // 999 of 1000 is not all, and 1 of 1000 is not nothing.
  const Element nearly =
      checked(confusion_chart({.title = "t", .names = {"a", "b"}, .counts = {9990, 10, 0, 0}}));
  CHECK(says(nearly, "99"));
  CHECK(says(nearly, "<1"));
  CHECK(!says(nearly, "100"));
}

TEST_CASE("a confusion matrix of any number of classes fits a page") {
  for (const std::size_t classes : {1u, 2u, 12u, 13u, 40u, 41u, 150u, 400u}) {
    INFO(classes << " classes");
    ConfusionChart chart{.title = "t", .names = {}, .counts = {}};
    for (std::size_t i = 0; i < classes; ++i) {
      chart.names.push_back("a rather long name of a class " + std::to_string(i));
      for (std::size_t j = 0; j < classes; ++j)
        chart.counts.push_back(i == j ? 900 : (i + j) % 7 == 0 ? 100 : 0);
    }
    const Markup drawn = confusion_chart(chart);
    const Element svg = checked(drawn);
    CHECK(std::stod(svg.attribute("width")) < (classes > 150 ? 2000 : 1000));
    CHECK(drawn.xml.size() < 6'000'000);
  }
  checked(confusion_chart({.title = "none", .names = {}, .counts = {}}));
  CHECK(thrown_by([] {
          confusion_chart({.title = "", .names = {"a"}, .counts = {1, 2}});
        }).code() == Code::bug);
}
