// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "base/json.h"
#include "support.h"
#include "support/data_sets.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// A mask of another size than its image.
void break_item(const Scratch& scratch, int number) {
  scratch.write("set/masks/item" + std::to_string(number) + ".png", png_mask({1}, {9, 9}));
}

Json checked(const Path& folder, const std::vector<std::string>& options, int status) {
  std::vector<std::string> words{"check", folder.string()};
  words.insert(words.end(), options.begin(), options.end());
  return json_of(words, status);
}

std::size_t count_of(const Json& document, const std::string& rule) {
  return document["rules"].value(rule, std::size_t{0});
}

}  // namespace

TEST_CASE("a baseline silences what is known, and nothing else") {
  const Scratch scratch;
  write_pairs(scratch, 0, 4);
  break_item(scratch, 1);
  const Json before = checked(scratch / "set", {}, 1);
  REQUIRE(count_of(before, "size-differs") == 1);
  const std::string known = scratch.write("known.json", to_text(before)).string();

  const Json again = checked(scratch / "set", {"--baseline", known}, 0);
  CHECK(again["findings"].empty());
  CHECK(again["baseline"]["known"] == before["findings"].size());
  CHECK(again["baseline"]["gone"] == 0);

  break_item(scratch, 2);
  const Json worse = checked(scratch / "set", {"--baseline", known}, 1);
  CHECK(count_of(worse, "size-differs") == 1);
  CHECK_THAT(worse["findings"][0]["place"]["file"].get<std::string>(), contains("item2"));
  CHECK(worse["counts"]["error"] == 1);

  write_pairs(scratch, 1, 2);
  CHECK(checked(scratch / "set", {"--baseline", known}, 1)["baseline"]["gone"] == 1);
}

TEST_CASE("a baseline holds for the same data set in another place") {
  const Scratch scratch;
  write_pairs(scratch, 0, 4);
  break_item(scratch, 1);
  const std::string known = scratch.write("known.json", to_text(checked(scratch / "set", {}, 1))).string();
  fs::rename(scratch / "set", scratch / "moved");
  CHECK(checked(scratch / "moved", {"--baseline", known}, 0)["findings"].empty());
}

TEST_CASE("a finding that occurs more often than in the baseline is new") {
  const Scratch scratch;
  const auto two_boxes = [&](int count) {
    std::string text = R"({"images": [{"id": 1, "file_name": "a.jpg", "width": 60, "height": 40}],
      "categories": [{"id": 1, "name": "car"}], "annotations": [)";
    for (int i = 0; i < count; ++i)
      text += (i > 0 ? std::string(",\n") : std::string()) + R"({"id": 7, "image_id": )" + std::to_string(9) +
              R"(, "category_id": 1, "bbox": [1, 1, 5, 5]})";
    scratch.write("coco/annotations.json", text + "]}");
  };
  scratch.write("coco/images/a.jpg", jpeg_picture({60, 40}));
  two_boxes(1);
  const Json one = checked(scratch / "coco", {}, 1);
  const std::string known = scratch.write("known.json", to_text(one)).string();
  two_boxes(2);
  const Json two = checked(scratch / "coco", {}, 1);
  const Json left = checked(scratch / "coco", {"--baseline", known}, 1);
  CHECK(left["findings"].size() == two["findings"].size() - one["findings"].size());
}

TEST_CASE("what is no baseline is refused with its place, before anything is read") {
  const Scratch scratch;
  write_pairs(scratch, 0, 2);
  const auto refusal = [&](const std::string& text) {
    const Ran ran = tests::maskmill(
        {"check", (scratch / "set").string(), "--baseline", scratch.write("b.json", text).string()});
    CHECK(ran.status == 3);
    CHECK_THAT(ran.err, contains("b.json") && contains("--json"));
    return ran.err;
  };
  refusal("no JSON");
  refusal("{}");
  refusal(R"({"findings": [{"rule": "a", "place": {"file": "x"}}]})");
  CHECK_THAT(refusal("{\"root\": \"set\",\n\"findings\": [\n{\"rule\": 7, \"place\": {\"file\": \"x\"}}]}"),
             contains("b.json:3: rule"));
  const Ran both = tests::maskmill({"check", (scratch / "set").string(), "--baseline",
                                    (scratch / "b.json").string(), "--fix", (scratch / "out").string()});
  CHECK(both.status != 0);
  CHECK(!fs::exists(scratch / "out"));
}

TEST_CASE("findings are written as SARIF: a rule each kind, a result each finding, with its place") {
  const Scratch scratch;
  write_pairs(scratch, 0, 4);
  break_item(scratch, 1);
  fs::rename(scratch / "set/images/item2.jpg", scratch / "set/images/m\xC3\xA4rz 2%.jpg");
  fs::rename(scratch / "set/masks/item2.png", scratch / "set/masks/m\xC3\xA4rz 2%.png");
  scratch.write("set/masks/m\xC3\xA4rz 2%.png", png_mask({1}, {9, 9}));
  const Path file = scratch / "out.sarif";
  const Json document = checked(scratch / "set", {"--sarif", file.string()}, 1);
  const Json sarif = read_json(file);
  CHECK(sarif["version"] == "2.1.0");
  const Json& run = sarif["runs"][0];
  CHECK(run["tool"]["driver"]["name"] == "maskmill");
  CHECK(run["tool"]["driver"]["rules"].size() == document["rules"].size());
  REQUIRE(run["results"].size() == document["findings"].size());
  bool has_escaped = false;
  for (std::size_t i = 0; i < run["results"].size(); ++i) {
    const Json &result = run["results"][i], &finding = document["findings"][i];
    CHECK(result["ruleId"] == finding["rule"]);
    const Json& rule = run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()];
    CHECK(rule["id"] == finding["rule"]);
    CHECK(result["level"] == finding["severity"]);
    CHECK_THAT(result["message"]["text"].get<std::string>(), contains(finding["message"].get<std::string>()));
    if (finding["place"]["file"] == "") {  // of the data set as a whole
      CHECK(!result.contains("locations"));
      continue;
    }
    const auto uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].get<std::string>();
    CHECK(uri.starts_with("file:///"));
    has_escaped |= uri.ends_with("/m%C3%A4rz%202%25.png");
  }
  CHECK(has_escaped);
  CHECK(tests::maskmill({"check", (scratch / "set").string(), "--sarif", file.string()}).status == 3);

  const Ran clean = tests::maskmill({"check", (scratch / "set").string(), "--sarif", file.string(), "--force",
                                     "--baseline", scratch.write("known.json", to_text(document)).string()});
  CHECK(clean.status == 0);
  CHECK(read_json(file)["runs"][0]["results"].empty());
}

TEST_CASE("show draws the items in which something was found, and says what") {
  const Scratch scratch;
  write_pairs(scratch, 0, 6);
  break_item(scratch, 1);
  scratch.write("set/masks/item4.png", png_mask({77}, {64, 40}));
  const std::string found = scratch.write("found.json", to_text(checked(scratch / "set", {}, 1))).string();
  const std::string page = (scratch / "page.html").string();
  const auto shown = [&](std::vector<std::string> options) {
    std::vector<std::string> words{
        "show", (scratch / "set").string(), "-o", page, "--json", "--force", "--findings", found};
    words.insert(words.end(), options.begin(), options.end());
    const Ran ran = tests::maskmill(words);
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    return parse_json(ran.out, "show")["items"].get<int>();
  };
  CHECK(shown({"--rule", "unknown-value"}) == 1);
  CHECK_THAT(read_file(page), contains("item4") && contains("unknown-value: ") && !contains("item0"));
  CHECK(shown({}) >= 1);
  const Ran misspelt = tests::maskmill({"show", (scratch / "set").string(), "-o", page, "--force",
                                        "--findings", found, "--rule", "unknown-valeu"});
  CHECK(misspelt.status == 2);
  CHECK_THAT(misspelt.err, contains("unknown-value"));
}
