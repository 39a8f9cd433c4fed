// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "catch.h"
#include "dataset/rle.h"
#include "formats/cvat/cvat.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

CvatReading read_text(const std::string& text) {
  const Scratch scratch;
  return read_cvat(scratch.write("a.xml", text));
}

std::string with_image(const std::string& inside) {
  return cvat_document("<image id=\"0\" name=\"a.jpg\" width=\"20\" height=\"10\">\n" + inside +
                       "\n</image>\n");
}

}  // namespace

TEST_CASE("an annotation that cannot be read costs itself, with its place") {
  const std::string whole = "<box label=\"car\" occluded=\"0\" xtl=\"0\" ytl=\"0\" xbr=\"1\" ybr=\"1\"/>";
  for (
      const char* broken :
      {"<box label=\"car\" xtl=\"0\" ytl=\"0\" xbr=\"1\"/>",
       "<box label=\"car\" xtl=\"0\" ytl=\"0\" xbr=\"nan\" ybr=\"1\"/>",
       "<box xtl=\"0\" ytl=\"0\" xbr=\"1\" ybr=\"1\"/>", "<polygon label=\"car\" points=\"\"/>",
       "<polygon label=\"car\" points=\"1,2;3\"/>", "<polygon label=\"car\" points=\"1,2,3\"/>",
       "<polygon label=\"car\" points=\"1,2;x,4\"/>", "<polygon label=\"car\" points=\"1,inf\"/>",
       "<mask label=\"car\" rle=\"3, 5\" left=\"0\" top=\"0\" width=\"3\" height=\"3\"/>",
       "<mask label=\"car\" rle=\"3, 7\" left=\"0\" top=\"0\" width=\"3\" height=\"3\"/>",
       "<mask label=\"car\" rle=\"-3, 12\" left=\"0\" top=\"0\" width=\"3\" height=\"3\"/>",
       "<mask label=\"car\" rle=\"9\" left=\"0\" top=\"0\" width=\"3\" height=\"9999999999\"/>",
       "<mask label=\"car\" rle=\"4294967295, 4294967295\" left=\"0\" top=\"0\" width=\"46341\" height=\"46341\"/>",
       "<skeleton label=\"car\"/>",
       "<skeleton label=\"person\"><points label=\"knee\" points=\"1,2\"/></skeleton>",
       "<blob label=\"car\"/>", "<cuboid label=\"car\" xtl1=\"0\"/>"}) {
    INFO(broken);
    const CvatReading reading = read_text(with_image(std::string(broken) + "\n" + whole));
    CHECK(reading.rules() == std::vector<std::string>{"unreadable-annotation"});
    CHECK(*reading.findings.at(0).place.line == lines_of(cvat_document("")).size() + 1);
    CHECK(reading.items.at(0).annotations.size() == 1);
  }
}

TEST_CASE("a mask that leaves its image is cut, and said") {
  const CvatReading reading = read_text(
      with_image("<mask label=\"car\" rle=\"0, 4\" left=\"19\" top=\"-1\" width=\"2\" height=\"2\"/>"));
  CHECK(reading.rules() == std::vector<std::string>{"mask-outside"});
  CHECK(area(std::get<Rle>(reading.items.at(0).annotations.at(0).shape)) == 1);
}

TEST_CASE("what is no CVAT file is an error with its line") {
  const auto refused = [](const std::string& text) { return thrown_by([&] { read_text(text); }); };
  CHECK(refused("").code() == Code::bad_format);
  CHECK(refused("<annotation/>").code() == Code::bad_format);
  CHECK(refused("<annotations>\n<image id=\"0\" name=\"a\">\n</annotations>").place().line == 3);
  CHECK(refused("<annotations>\n<image id=\"0\" name=\"a").place().line == 2);
  CHECK(refused("<annotations><meta/><meta/></annotations>").code() == Code::bad_format);
  CHECK_THAT(refused("<annotations><track id=\"0\" label=\"car\"/></annotations>").what(),
             contains("format for videos") && contains("CVAT for images 1.1"));
  CHECK(refused("\xFF\xFE<\0a\0").code() == Code::unsupported);
  CHECK(refused("<?xml version=\"1.0\" encoding=\"latin1\"?><annotations/>").code() == Code::unsupported);
  CHECK(refused(cvat_document("") + "<more/>").code() == Code::bad_format);
}

TEST_CASE("entities and depth cannot fill memory") {
  const auto refused = [](const std::string& text) { return thrown_by([&] { read_text(text); }); };
  std::string bomb = "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\">";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string("<!ENTITY ") + c + " \"";
    for (int i = 0; i < 10; ++i) bomb += std::string("&") + static_cast<char>(c - 1) + ";";
    bomb += "\">";
  }
  CHECK(refused(bomb + "]><annotations>&j;</annotations>").code() == Code::unsupported);
  CHECK(refused("<!DOCTYPE a SYSTEM \"/etc/passwd\"><annotations/>").code() == Code::unsupported);
  std::string deep = "<annotations><image id=\"0\" name=\"a\">";
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  CHECK(refused(deep).code() == Code::unsupported);
}

TEST_CASE("a name that leads out of the folder is not followed") {
  const Scratch scratch;
  scratch.write("secret.png", "not to be read");
  scratch.write("set/annotations.xml",
                cvat_document("<image id=\"0\" name=\"../secret.png\" width=\"2\" height=\"2\"/>"
                              "<image id=\"1\" name=\"/etc/passwd\" width=\"2\" height=\"2\"/>"));
  const CvatReading reading = read_cvat(scratch / "set");
  CHECK(reading.rules() == std::vector<std::string>{"unsafe-file-name", "unsafe-file-name"});
  REQUIRE(reading.items.size() == 2);
  for (const Item& item : reading.items) {
    CHECK(is_safe_relative(item.file_name));
    CHECK(item.image.parent_path() == scratch / "set");
  }
}

TEST_CASE("a name longer than a file's may be is one of an image that is not there") {
  const std::string name = std::string(300, 'a') + ".jpg";
  for (const std::string& stated : {name, "/" + name}) {
    const CvatReading reading = read_text(
        cvat_document("<image id=\"0\" name=\"" + stated + "\" width=\"20\" height=\"10\"></image>\n"));
    REQUIRE(reading.items.size() == 1);
    CHECK(reading.items.at(0).size == Size{20, 10});
  }
}
