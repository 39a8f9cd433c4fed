// SPDX-License-Identifier: Apache-2.0
#include "support/schemas.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace maskmill::tests {

std::string departures(const std::string& document, std::string_view name) {
  const std::string path = std::string(MASKMILL_SOURCE_DIR "/schemas/") + std::string(name) + ".schema.json";
  std::ifstream file(path);
  if (!file) throw std::runtime_error("there is no " + path);
  const auto schema_json = nlohmann::json::parse(file);
  const auto json = nlohmann::json::parse(document);
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(json), &results);
  std::string text;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& step : error.context) text += step;
    text += ": " + error.description + "\n";
  }
  return text;
}

}  // namespace maskmill::tests
