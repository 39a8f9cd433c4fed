// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

enum class Colour { red, green };
template <>
inline constexpr std::array<std::string_view, 2> maskmill::enum_names<Colour>{"red", "green"};

namespace {

struct Inner {
  double rate = 0.1;
  Colour colour = Colour::red;
  static void visit(auto& self, auto&& setting) {
    setting("rate", self.rate, "how fast", between(0, 1));
    setting("colour", self.colour, "which");
  }
};

struct Outer {
  int count = 3;
  bool flag = false;
  std::optional<std::string> name;
  std::vector<double> weights{1, 2.5};
  std::vector<std::string> terms{"a"};
  Inner inner;
  static void visit(auto& self, auto&& setting) {
    setting("count", self.count, "how many", at_least(1));
    setting("flag", self.flag, "whether");
    setting("name", self.name, "what it is called", unset("nothing"));
    setting("weights", self.weights, "numbers");
    setting("terms", self.terms, "words", one_of({"a", "b"}));
    setting("inner", self.inner, "a group");
  }
};

}  // namespace

TEST_CASE("key=value sets members, in groups too") {
  Outer outer;
  const auto settings = settings_of(outer);
  for (const char* text : {"count=7", "flag=true", "name=x=y", "weights=1,-2e3", "terms=b, a",
                           "inner.rate=0.5", "inner.colour=green"})
    assign(settings, text);
  CHECK(outer.count == 7);
  CHECK(outer.flag);
  CHECK(outer.name == "x=y");
  CHECK(outer.weights == std::vector<double>{1, -2000});
  CHECK(outer.terms == std::vector<std::string>{"b", "a"});
  CHECK(outer.inner.rate == 0.5);
  CHECK(outer.inner.colour == Colour::green);
}

TEST_CASE("a value that is not legal is refused with key, value and what is legal") {
  Outer outer;
  const auto settings = settings_of(outer);
  for (const char* text :
       {"count=0", "count=1.5", "count=99999999999", "count=", "flag=maybe", "inner.rate=1.01",
        "inner.rate=nan", "inner.colour=blue", "terms=a,c", "weights=1,,2"}) {
    INFO(text);
    CHECK(thrown_by([&] { assign(settings, text); }).code() == Code::usage);
  }
  CHECK_THAT(thrown_by([&] { assign(settings, "inner.colour=blue"); }).what(), contains("red|green"));
  CHECK_THAT(thrown_by([&] { assign(settings, "inner.rate=7"); }).what(), contains("between 0 and 1"));
  CHECK(outer.count == 3);
}

TEST_CASE("an unknown key names the nearest known one") {
  Outer outer;
  const auto settings = settings_of(outer);
  CHECK_THAT(thrown_by([&] { assign(settings, "inner.rat=1"); }).what(), contains("inner.rate"));
  CHECK_THAT(thrown_by([&] {
               assign_document(settings, Json{{"inner", {{"color", "red"}}}});
             }).what(),
             contains("inner.colour"));
}

TEST_CASE("the JSON that settings write is the JSON that they read") {
  Outer outer;
  outer.count = 9, outer.name = "n", outer.weights = {0.1, 1e-300}, outer.inner.colour = Colour::green;
  const Json document = to_json(settings_of(outer));
  Outer again;
  assign_document(settings_of(again), document);
  CHECK(to_json(settings_of(again)) == document);
  CHECK(again.weights == outer.weights);
  CHECK(document["inner"]["colour"] == "green");
}

TEST_CASE("JSON of the wrong kind is refused rather than converted") {
  Outer outer;
  const auto settings = settings_of(outer);
  for (const Json& document :
       {Json{{"count", "3"}}, Json{{"count", 2.5}}, Json{{"flag", 1}}, Json{{"weights", 1}},
        Json{{"inner", 3}}, Json{{"name", 5}}, Json::array(), Json{{"count", nullptr}}}) {
    INFO(document.dump());
    CHECK(thrown_by([&] { assign_document(settings, document); }).code() == Code::usage);
  }
  assign_document(settings, Json{{"name", nullptr}});
  CHECK_FALSE(outer.name.has_value());
}

TEST_CASE("the schema says type, range, choices and default, and allows nothing else") {
  Outer outer;
  const Json schema = schema_of(settings_of(outer), "t", "d");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["properties"]["count"]["minimum"] == 1);
  CHECK(schema["properties"]["count"]["default"] == 3);
  CHECK(schema["properties"]["inner"]["properties"]["colour"]["enum"] == Json({"red", "green"}));
  CHECK(schema["properties"]["inner"]["additionalProperties"] == false);
  CHECK(schema["properties"]["terms"]["items"]["enum"] == Json({"a", "b"}));
  CHECK(schema["properties"]["name"]["type"] == Json({"string", "null"}));
}
