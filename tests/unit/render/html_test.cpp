// SPDX-License-Identifier: Apache-2.0
#include "render/html.h"

#include <array>
#include <limits>

#include "support/scratch.h"
#include "xml.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

const std::string kScript = "</td><script>alert('x')</script> & \"q\" \x02 \xfe";
const std::string kScriptShown = "</td><script>alert('x')</script> & \"q\" \u2402 \uFFFD";

std::string written(const std::function<void(html::Page&)>& fill, const std::string& title = "title") {
  std::string text;
  html::Page page([&](std::string_view bytes) { text += bytes; }, title, "");
  fill(page);
  page.close();
  return text;
}

}  // namespace

TEST_CASE("a page of every part is well-formed and shows all its words as they were") {
  const std::string text = written(
      [](html::Page& page) {
        page.headline({{kScript, kScript}});
        page.section(kScript, kScript);
        page.paragraph(kScript);
        page.note(kScript, html::Tone::bad);
        page.key_values({{kScript, kScript}});
        page.table(std::array{html::Column{kScript}, html::Column{"n", true}},
                   std::array{html::Row{html::text(kScript), html::number(1.5)},
                              html::Row{html::swatch({1, 2, 3}, kScript)}});
        page.legend(std::array{LegendEntry{{4, 5, 6}, false, kScript, kScript}});
        page.charts(std::array{Markup{"<svg/>"}, Markup{"<svg/>"}});
        page.wide(Markup{"<svg/>"});
        page.figure(std::array{html::picture("\xff\xd8\xff", {4, 3}, kScript)}, kScript, kScript);
        page.section("another");
        page.figure(std::array{Markup{"<p>a</p>"}, Markup{"<p>b</p>"}}, "two");
      },
      kScript);
  const Element page = parse_xml(text);
  CHECK(page.name == "html");
  CHECK(find_all(page, "title").at(0).text == kScriptShown);
  CHECK(find_all(page, "h2").at(0).text == kScriptShown);
  CHECK(find_all(page, "td").at(0).text == kScriptShown);
  CHECK(find_all(page, "img").at(0).attribute("alt") == kScriptShown);
  CHECK(find_all(page, "script").size() == 1);
  CHECK(find_all(page, "section").size() == 2);
  CHECK(find_all(page, "td", "number").at(0).text == "1.500");
}

TEST_CASE("an empty page is whole") {
  const Element page = parse_xml(written([](html::Page&) {}, ""));
  CHECK(find_all(page, "main").size() == 1);
}

TEST_CASE("a page asks for nothing from anywhere") {
  const std::string text = written([](html::Page& page) { page.paragraph("x"); });
  const Element page = parse_xml(text);
  CHECK(find_all(page, "link").empty());
  for (const Element& script : find_all(page, "script")) CHECK(script.attribute("src").empty());
  CHECK(text.find("url(") == std::string::npos);
  CHECK(text.find("@import") == std::string::npos);
  for (const char* address : {"http:", "https:"}) {
    std::size_t at = 0;
    while ((at = text.find(address, at)) != std::string::npos) {
      CHECK(text.substr(at, 20) == "http://www.w3.org/19");  // the name space of HTML, which nobody fetches
      ++at;
    }
  }
}

TEST_CASE("figures in a row share one grid, and something else between them ends it") {
  const Element page = parse_xml(written([](html::Page& page_) {
    const std::array one{Markup{"<i/>"}};
    page_.figure(one, "a");
    page_.figure(one, "b");
    page_.paragraph("between");
    page_.figure(one, "c");
  }));
  const auto galleries = find_all(page, "div", "gallery");
  REQUIRE(galleries.size() == 2);
  CHECK(find_all(galleries[0], "figure").size() == 2);
  CHECK(find_all(galleries[1], "figure").size() == 1);
}

TEST_CASE("a table's rows have as many cells as it has columns") {
  const Element page = parse_xml(written([](html::Page& page_) {
    page_.table(std::array{html::Column{"a"}, html::Column{"b"}, html::Column{"c", true}},
                std::array{html::Row{html::text("x")}, html::Row{}});
  }));
  CHECK(find_all(page, "th").size() == 3);
  CHECK(find_all(page, "td").size() == 6);
}

TEST_CASE("numbers are written for people") {
  CHECK(html::number(0.12345).xml == "0.123");
  CHECK(html::number(std::numeric_limits<double>::quiet_NaN()).xml == "\u2013");
  CHECK(html::count(1234567).xml == "1,234,567");
  CHECK(html::count(std::numeric_limits<std::int64_t>::min()).xml == "\u22129,223,372,036,854,775,808");
  CHECK(parse_xml(html::share(0.5).xml).text == "0.500");
  CHECK_THAT(html::share(0.5).xml, contains("50.0%"));
  CHECK_THAT(html::share(-3).xml, contains(":0.0%"));
  CHECK_THAT(html::share(7).xml, contains("100.0%"));
  CHECK(parse_xml(html::share(std::numeric_limits<double>::quiet_NaN()).xml).text == "\u2013");
}

TEST_CASE("a picture's kind is taken from its bytes") {
  CHECK_THAT(html::picture("\x89PNG\r\n\x1a\n", {1, 1}, "").xml,
             contains("data:image/png;base64,iVBORw0KGgo="));
  CHECK_THAT(html::picture("\xff\xd8\xff\xe0", {1, 1}, "").xml, contains("data:image/jpeg;base64,/9j/4A=="));
}
