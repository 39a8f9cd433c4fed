// SPDX-License-Identifier: Apache-2.0
#include "formats/voc/annotation_xml.h"

#include <fmt/format.h>

#include "base/path.h"
#include "base/random.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

LabelMap animals() {
  LabelMap labels;
  for (const char* name : {"dog", "chair", "person"}) {
    Label label;
    label.name = name;
    labels.add(label);
  }
  return labels;
}

struct Parsed {
  VocXml xml;
  std::vector<Finding> findings;
};

Parsed parse(std::string_view text) {
  Parsed parsed;
  parsed.xml = parse_voc_xml(text, "a.xml", animals(), parsed.findings);
  return parsed;
}

std::string object(std::string_view inside) {
  return fmt::format("<annotation>\n<object>{}</object>\n</annotation>", inside);
}
constexpr std::string_view kBox =
    "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>20</ymax></bndbox>";

template <class T>
T value(const Attributes& attributes, std::string_view name) {
  const AttributeValue* found = find_attribute(attributes, name);
  REQUIRE(found);
  REQUIRE(std::holds_alternative<T>(*found));
  return std::get<T>(*found);
}

// Of the VOC 2012 development kit's file 2007_000063.xml, shortened.
constexpr std::string_view kDogOnChair = R"(<annotation>
	<folder>VOC2012</folder>
	<filename>2007_000063.jpg</filename>
	<source>
		<database>The VOC2007 Database</database>
		<image>flickr</image>
	</source>
	<size><width>500</width><height>375</height><depth>3</depth></size>
	<segmented>1</segmented>
	<object>
		<name>dog</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>1</difficult>
		<bndbox><xmin>123</xmin><ymin>115</ymin><xmax>379</xmax><ymax>275</ymax></bndbox>
	</object>
	<object>
		<name>chair</name>
		<occluded>1</occluded>
		<bndbox><xmax>428.5</xmax><xmin>75</xmin><ymax>375</ymax><ymin>45.70000076293945</ymin></bndbox>
		<part><name>leg</name><bndbox><xmin>80</xmin><ymin>1</ymin><xmax>90</xmax><ymax>9</ymax></bndbox></part>
		<part><name>back</name><bndbox><xmin>85</xmin><ymin>1</ymin><xmax>95</xmax><ymax>9</ymax></bndbox></part>
	</object>
</annotation>
)";

}  // namespace

TEST_CASE("boxes count from 1 on disk and from 0 in an item, and floats stay floats") {
  const auto [xml, findings] = parse(kDogOnChair);
  CHECK(findings.empty());
  CHECK(xml.file_name == "2007_000063.jpg");
  CHECK(xml.size == Size{500, 375});
  CHECK(xml.segmented == true);
  REQUIRE(xml.annotations.size() == 2);
  CHECK(std::get<Box>(xml.annotations[0].shape) == Box{122, 114, 257, 161});
  const Box chair = std::get<Box>(xml.annotations[1].shape);
  CHECK(chair.x == 74);
  CHECK(chair.width == 354.5);
  CHECK_THAT(chair.y, WithinAbs(44.70000076293945, 1e-12));
  CHECK_THAT(chair.y + chair.height, WithinAbs(375, 1e-12));
}

TEST_CASE("a flag that is not there stays unknown") {
  const auto [xml, findings] = parse(kDogOnChair);
  CHECK(xml.annotations[0].flags == Flags{std::nullopt, std::nullopt, false, true});
  CHECK(xml.annotations[1].flags == Flags{std::nullopt, true, std::nullopt, std::nullopt});
}

TEST_CASE("an annotation knows the line of its object") {
  const auto [xml, findings] = parse(kDogOnChair);
  CHECK(xml.annotations[0].origin == Place{"a.xml", 10, "object"});
  CHECK(xml.annotations[1].origin == Place{"a.xml", 17, "object"});
}

TEST_CASE("what VOC says besides boxes is kept as attributes") {
  const auto [xml, findings] = parse(kDogOnChair);
  CHECK(value<std::string>(xml.attributes, "folder") == "VOC2012");
  CHECK(value<JsonText>(xml.attributes, "source").text ==
        R"({"database":"The VOC2007 Database","image":"flickr"})");
  CHECK(value<std::string>(xml.annotations[0].attributes, "pose") == "Unspecified");
  CHECK(value<JsonText>(xml.annotations[1].attributes, "part").text ==
        R"([{"name":"leg","bndbox":{"xmin":"80","ymin":"1","xmax":"90","ymax":"9"}},)"
        R"({"name":"back","bndbox":{"xmin":"85","ymin":"1","xmax":"95","ymax":"9"}}])");
}

TEST_CASE("elements that VOC does not know become attributes, CVAT's list among them") {
  const auto [xml, findings] =
      parse(object(std::string("<name>dog</name><angle unit='deg'>30</angle><breed>pug &amp; more</breed>") +
                   std::string(kBox) +
                   "<attributes><attribute><name>colour</name><value>red</value></attribute>"
                   "<attribute><name>age</name><value type=\"integer\">3</value></attribute></attributes>"));
  CHECK(findings.empty());
  const Attributes& attributes = xml.annotations.at(0).attributes;
  CHECK(value<JsonText>(attributes, "angle").text == R"({"@unit":"deg","#text":"30"})");
  CHECK(value<std::string>(attributes, "breed") == "pug & more");
  CHECK(value<std::string>(attributes, "colour") == "red");
  CHECK(value<std::int64_t>(attributes, "age") == 3);
}

TEST_CASE("a box that cannot be read costs its object, not the neighbours") {
  for (const std::string_view bad : {"<xmin>nan</xmin>", "<xmin>inf</xmin>", "<xmin>1e999</xmin>",
                                     "<xmin>12px</xmin>", "<xmin></xmin>", "", "<xmin>-1.7e308</xmin>"}) {
    CAPTURE(bad);
    const auto [xml, findings] =
        parse(fmt::format("<annotation>\n<object><name>dog</name>\n<bndbox>{}<ymin>1</ymin><xmax>1.7e308</"
                          "xmax><ymax>2</ymax></bndbox>"
                          "</object>\n<object><name>chair</name>{}</object></annotation>",
                          bad, kBox));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "bad-object");
    CHECK(findings[0].severity == Severity::error);
    CHECK(findings[0].place == Place{"a.xml", 2, "object"});
    CHECK(xml.annotations.size() == 1);
  }
  const auto [xml, findings] = parse(object("<name>dog</name>"));
  CHECK(xml.annotations.empty());
  CHECK(findings.at(0).message == "the object has no bndbox");
}

TEST_CASE("boxes without area or turned inside out are kept and reported") {
  const auto with_box = [](int xmin, int xmax) {
    return object(fmt::format(
        "<name>dog</name><bndbox><xmin>{}</xmin><ymin>1</ymin><xmax>{}</xmax><ymax>5</ymax></bndbox>", xmin,
        xmax));
  };
  CHECK(parse(with_box(7, 7)).findings.empty());  // both pixels count: one wide
  const Parsed empty = parse(with_box(7, 6));
  CHECK(empty.findings.at(0).rule == "box-empty");
  CHECK(std::get<Box>(empty.xml.annotations.at(0).shape) == Box{6, 0, 0, 5});
  const Parsed inverted = parse(with_box(9, 2));
  CHECK(inverted.findings.at(0).rule == "box-inverted");
  CHECK(std::get<Box>(inverted.xml.annotations.at(0).shape) == Box{8, 0, -6, 5});
}

TEST_CASE("a name that is no label is kept and reported, and flags that are no flags are unknown") {
  const auto [xml, findings] =
      parse(object(std::string("<name> unicorn </name><truncated>maybe</truncated>") + std::string(kBox)));
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].rule == "bad-flag");
  CHECK(findings[1].rule == "unknown-label");
  CHECK_FALSE(xml.annotations.at(0).label);
  CHECK(value<std::string>(xml.annotations[0].attributes, "name") == "unicorn");
  CHECK_FALSE(xml.annotations[0].flags.truncated);
}

TEST_CASE("names are found below objects only, with entities, comments and CDATA read as XML has them") {
  const std::string text = R"(<annotation><owner><name>a person</name></owner>
    <!-- <object><name>commented</name></object> -->
    <object><name>salt &amp; pepper&#33;</name><part><name>lid</name></part></object>
    <object><part><name>wheel</name></part><name><![CDATA[a < b]]></name></object>
    <object><attributes><attribute><name>colour</name></attribute></attributes></object>
    <object><name>  dog
    </name></object></annotation>)";
  CHECK(object_names(text, "a.xml") == std::vector<std::string>{"salt & pepper!", "a < b", "dog"});
}

TEST_CASE("entities of a document type are not expanded") {
  std::string text = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY l0 \"lol\">";
  for (int i = 1; i < 12; ++i) {
    text += fmt::format("<!ENTITY l{} \"", i);
    for (int k = 0; k < 10; ++k) text += fmt::format("&l{};", i - 1);
    text += "\">";
  }
  text += "<!ENTITY file SYSTEM \"file:///etc/passwd\">]>";
  text += object(std::string("<name>&l11;</name><pose>&file;</pose>") + std::string(kBox));
  const auto [xml, findings] = parse(text);
  CHECK(value<std::string>(xml.annotations.at(0).attributes, "name") == "&l11;");
  CHECK(value<std::string>(xml.annotations[0].attributes, "pose") == "&file;");
}

TEST_CASE("elements nested without end are refused where they are, and the rest is read") {
  constexpr int levels = 100000;
  std::string deep;
  for (int i = 0; i < levels; ++i) deep += "<a>";
  for (int i = 0; i < levels; ++i) deep += "</a>";
  const auto [xml, findings] = parse("<annotation>" + deep + "<object><name>dog</name>" + std::string(kBox) +
                                     "</object></annotation>");
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "bad-attribute");
  CHECK(xml.annotations.size() == 1);
}

TEST_CASE("more names than an element can sensibly hold are refused, not sorted for ever") {
  std::string wide;
  for (int i = 0; i < 200000; ++i) wide += fmt::format("<n{}/>", i);
  const auto [xml, findings] = parse(object("<name>dog</name><wide>" + wide + "</wide>" + std::string(kBox)));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == "bad-attribute");
  CHECK(xml.annotations.size() == 1);
}

TEST_CASE("values that are not of the type they state are findings") {
  const std::string deep(300, '[');
  for (const auto& [type, text] : {std::pair<std::string, std::string>{"integer", "1.5"},
                                   {"number", "nan"},
                                   {"boolean", "yes"},
                                   {"json", "{"},
                                   {"json", deep + std::string(300, ']')},
                                   {"text", "a"},
                                   {"date", "1"}}) {
    CAPTURE(type, text);
    const auto [xml, findings] =
        parse(object(fmt::format("<name>dog</name>{}<attributes><attribute><name>x</name><value "
                                 "type=\"{}\">{}</value></attribute></attributes>",
                                 kBox, type, text)));
    if (type == "date") {
      CHECK(findings.empty());
      continue;
    }
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].rule == "bad-attribute");
  }
}

TEST_CASE("ten thousand wrong objects are each reported with their line, in no time worth counting") {
  std::string text = "<annotation>\n";
  for (int i = 0; i < 10000; ++i) text += fmt::format("<object><name>{}</name>{}</object>\n", i, kBox);
  const auto [xml, findings] = parse(text + "</annotation>");
  REQUIRE(findings.size() == 10000);
  CHECK(findings.back().place.line == 10001);
}

TEST_CASE("other encodings are read, without lines") {
  const std::string latin1 =
      "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + object("<name>K\xe4se</name>" + std::string(kBox));
  const auto [xml, findings] = parse(latin1);
  CHECK(value<std::string>(xml.annotations.at(0).attributes, "name") == "Käse");
  CHECK_FALSE(findings.at(0).place.line);
  std::string utf16 = "\xff\xfe";
  for (const char c : object("<name>dog</name>" + std::string(kBox))) utf16 += {c, '\0'};
  CHECK(parse(utf16).xml.annotations.at(0).label == 0);
}

TEST_CASE("text that is no annotation is an error with its line") {
  const Error broken = thrown_by([] { parse("<annotation>\n<object>\n</annotation>"); });
  CHECK(broken.code() == Code::bad_format);
  CHECK(broken.place().file == "a.xml");
  CHECK(broken.place().line == 3);
  CHECK_THAT(thrown_by([] { parse("<annotations></annotations>"); }).message(), contains("<annotations>"));
  CHECK(thrown_by([] { parse(""); }).code() == Code::bad_format);
  CHECK(thrown_by([] { parse("<annotation>" + std::string(std::size_t{9} << 20, ' ')); }).code() ==
        Code::unsupported);
}

TEST_CASE("cut off at any byte, a file is read or refused, and never read as something else") {
  const auto whole = parse(kDogOnChair).xml;
  for (std::size_t length = 0; length < kDogOnChair.size(); ++length) {
    std::vector<Finding> findings;
    try {
      const VocXml xml = parse_voc_xml(kDogOnChair.substr(0, length), "a.xml", animals(), findings);
      // Only blanks after the root's end are missing.
      CHECK(xml.annotations == whole.annotations);
    } catch (const Error& error) {
      CHECK(error.code() == Code::bad_format);
    }
  }
}

TEST_CASE("changed at any byte, a file is read or refused") {
  Random random(5);
  for (int round = 0; round < 3000; ++round) {
    std::string text(kDogOnChair);
    for (int k = 0; k < 3; ++k) text[random.below(text.size())] = static_cast<char>(random.below(256));
    std::vector<Finding> findings;
    try {
      const VocXml xml = parse_voc_xml(text, "a.xml", animals(), findings);
      for (const Annotation& annotation : xml.annotations)
        CHECK(std::holds_alternative<Box>(annotation.shape));
    } catch (const Error& error) {
      CHECK(error.code() == Code::bad_format);
    }
  }
}

TEST_CASE("what is written is read again, whatever attributes and texts hold") {
  Random random(17);
  const std::vector<std::string> texts{"",       " ",    "a b",     "<&>\"'",     "Käse 猫",
                                       "\t x\n", "a\rb", "\x01",    "]]>",        "&amp;",
                                       "nan",    "-- >", "<a></a>", "{\"a\": 1}", "007"};
  const std::vector<std::string> jsons{"[1,2]",
                                       "{\"a\":\"b\"}",
                                       "[\"a\",\"b\"]",
                                       "\"text\"",
                                       "null",
                                       "{\"a b\":[\"x\"]}",
                                       R"([{"name":"head","bndbox":{"xmin":"1"}},{"name":"hand"}])",
                                       "[]",
                                       "{}",
                                       "[ 1 ]"};
  const std::vector<std::string> names{"pose",   "part", "point",      "actions", "name",   "bndbox",
                                       "a b",    "<x>",  "attributes", "folder",  "source", "depth",
                                       "object", "",     "difficult",  "Käse"};
  const auto pick = [&](const auto& list) { return list[random.below(list.size())]; };
  const auto quarter = [&](int low, int high) {
    return static_cast<double>(random.below(static_cast<std::uint64_t>(high - low) * 4)) / 4 + low;
  };
  const auto flag = [&]() -> Flag { return random.chance(0.3) ? Flag() : Flag(random.chance(0.5)); };
  const auto attributes = [&](std::span<const std::string_view> known) {
    Attributes made;
    for (std::uint64_t i = random.below(5); i > 0; --i) {
      const std::string name = pick(names);
      if (find_attribute(made, name)) continue;
      switch (random.below(5)) {
        case 0:
          made.emplace_back(name, random.chance(0.5));
          break;
        case 1:
          made.emplace_back(name, static_cast<std::int64_t>(random.next()));
          break;
        case 2:
          made.emplace_back(name, random.uniform(-1, 1));
          break;
        case 3:
          made.emplace_back(name, pick(texts));
          break;
        default:
          made.emplace_back(name, JsonText{pick(jsons)});
      }
    }
    std::ranges::stable_sort(
        made, {}, [&](const auto& a) { return std::ranges::find(known, a.first) - known.begin(); });
    return made;
  };
  for (int round = 0; round < 2000; ++round) {
    VocXml xml;
    xml.file_name = pick(std::vector<std::string>{"a.jpg", "", "b c & d.png", "Käse.jpg"});
    if (random.chance(0.7)) xml.size = Size{static_cast<int>(random.below(5000)) + 1, 7};
    xml.segmented = flag();
    xml.attributes = attributes(kVocImageAttributes);
    for (std::uint64_t i = random.below(4); i > 0; --i) {
      Annotation annotation;
      annotation.label = static_cast<int>(random.below(3));
      annotation.shape = Box{quarter(-5, 900), quarter(-5, 900), quarter(1, 900), quarter(1, 900)};
      annotation.flags = {flag(), flag(), flag(), flag()};
      if (random.chance(0.3)) annotation.score = random.uniform();
      annotation.attributes = attributes(kVocObjectAttributes);
      xml.annotations.push_back(std::move(annotation));
    }
    const std::string text = to_voc_xml(xml, animals());
    CAPTURE(text);
    const auto [back, findings] = parse(text);
    CHECK(findings.empty());
    CHECK(back.file_name == xml.file_name);
    CHECK(back.size == xml.size);
    CHECK(back.segmented == xml.segmented);
    CHECK(back.annotations == xml.annotations);
    REQUIRE(back.attributes == xml.attributes);
  }
}

TEST_CASE("coordinates that no whole number of quarters hits come back within a millionth of a millionth") {
  Random random(23);
  VocXml xml;
  for (int i = 0; i < 500; ++i) {
    Annotation annotation;
    annotation.label = 0;
    annotation.shape = Box{random.uniform(-1, 4000), random.uniform(-1, 4000), random.uniform(1, 4000),
                           random.uniform(1, 4000)};
    xml.annotations.push_back(annotation);
  }
  const auto [back, findings] = parse(to_voc_xml(xml, animals()));
  REQUIRE(back.annotations.size() == xml.annotations.size());
  for (std::size_t i = 0; i < xml.annotations.size(); ++i) {
    const Box a = std::get<Box>(xml.annotations[i].shape), b = std::get<Box>(back.annotations[i].shape);
    CHECK_THAT(b.x, WithinAbs(a.x, 1e-11));
    CHECK_THAT(b.height, WithinAbs(a.height, 1e-11));
  }
}

TEST_CASE("written objects have VOC's order, with the box fifth") {
  const auto [xml, findings] = parse(kDogOnChair);
  const std::string text = to_voc_xml(xml, animals());
  CHECK_THAT(
      text,
      contains(
          "\t<object>\n\t\t<name>dog</name>\n\t\t<pose>Unspecified</pose>\n\t\t<truncated>0</truncated>\n"
          "\t\t<difficult>1</difficult>\n\t\t<bndbox>\n\t\t\t<xmin>123</xmin>\n\t\t\t<ymin>115</ymin>\n"
          "\t\t\t<xmax>379</xmax>\n\t\t\t<ymax>275</ymax>\n\t\t</bndbox>\n\t</object>\n"));
  CHECK_THAT(text, contains("<ymin>45.70000076293945</ymin>"));
  CHECK_THAT(text, contains("<part>\n\t\t\t<name>leg</name>"));
  CHECK_THAT(text, contains("<database>The VOC2007 Database</database>"));
}
