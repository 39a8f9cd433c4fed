// SPDX-License-Identifier: Apache-2.0
#include "learn/model_card.h"

#include <functional>

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::contains;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;

namespace {

ModelCard example() {
  ModelCard card;
  card.model.init_features = 16;
  card.input = {.width = 320, .height = 160, .mean = {0.1, 0.2, 0.3}, .std = {1, 2, 3}};
  Label background, cat;
  background.name = "background", background.id = 0, background.role = Role::background;
  cat.name = "Katze \"Ä\", 1", cat.id = 1, cat.colour = Rgb{255, 0, 7};
  cat.supercategory = "animal", cat.kind = LabelKind::thing;
  card.classes = LabelMap({background, cat});
  card.independent = true;
  return card;
}

}  // namespace

TEST_CASE("a model card comes back from JSON as it was") {
  const Scratch scratch;
  const Path path = scratch.write("model.json", to_text(to_json(example())));
  CHECK(read_model_card(path) == example());
}

TEST_CASE("a broken model card is refused at the field that is wrong") {
  const Scratch scratch;
  const auto refuse = [&](const std::string& field, const std::function<void(Json&)>& change) {
    Json document = to_json(example());
    change(document);
    const Path path = scratch.write("model.json", to_text(document));
    INFO(field);
    const Error error = thrown_by([&] { read_model_card(path); });
    CHECK(error.code() == Code::bad_value);
    CHECK(error.place().file == path.string());
    CHECK(error.place().field == field);
  };
  refuse("version", [](Json& json) { json.erase("version"); });
  refuse("version", [](Json& json) { json["version"] = 99; });
  refuse("model", [](Json& json) { json.erase("model"); });
  refuse("model", [](Json& json) { json["model"] = 3; });
  refuse("model.name", [](Json& json) { json["model"].erase("name"); });
  refuse("model.name", [](Json& json) { json["model"]["name"] = "resnet"; });
  refuse("model.init-features", [](Json& json) { json["model"]["init-features"] = 1e9; });
  refuse("input.width", [](Json& json) { json["input"].erase("width"); });
  refuse("input.width", [](Json& json) { json["input"]["width"] = 321; });
  refuse("input.std", [](Json& json) { json["input"]["std"] = {0, 0, 0}; });
  refuse("classes", [](Json& json) { json["classes"] = Json::array(); });
  refuse("classes", [](Json& json) { json["classes"] = "cat"; });
  refuse("classes[1]", [](Json& json) { json["classes"][1] = 7; });
  refuse("classes[1]", [](Json& json) { json["classes"][1]["name"] = "background"; });
  refuse("classes[1].name", [](Json& json) { json["classes"][1].erase("name"); });
  refuse("classes[1].color", [](Json& json) { json["classes"][1]["color"] = {1, 2, 256}; });
  refuse("classes[1].color", [](Json& json) { json["classes"][1]["color"] = {1, 2}; });
  refuse("classes[0].role", [](Json& json) { json["classes"][0]["role"] = "hero"; });
  refuse("classes[0].kind", [](Json& json) { json["classes"][0]["kind"] = 1; });
  refuse("independent", [](Json& json) { json["independent"] = "yes"; });
}

TEST_CASE("a model card that is no JSON or is cut short is refused at its file") {
  const Scratch scratch;
  const std::string whole = to_text(to_json(example()));
  for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
    const Path path = scratch.write("model.json", whole.substr(0, length));
    const Error error = thrown_by([&] { read_model_card(path); });
    CHECK(error.code() == Code::bad_format);
    CHECK(error.place().file == path.string());
  }
  CHECK(thrown_by([&] { read_model_card(scratch / "absent.json"); }).code() == Code::not_found);
}
