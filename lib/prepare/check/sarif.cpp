// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/sarif.h"

#include <fmt/format.h>

#include <string>

#include "base/json.h"
#include "base/text.h"
#include "dataset/provenance.h"
#include "prepare/check/baseline.h"
#include "prepare/check/descriptions.h"

namespace maskmill {
namespace {

constexpr std::string_view kSchema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

Json text_message(std::string_view text) {
  return {{"text", printable(text)}};
}

Json rule_of(const std::string& id) {
  const Description description = description_of(id);
  Json rule{{"id", id}};
  if (!description.title.empty()) rule["shortDescription"] = text_message(description.title);
  if (!description.harm.empty()) rule["fullDescription"] = text_message(description.harm);
  if (!description.fix.empty()) rule["help"] = text_message(description.fix);
  return rule;
}

Json location_of(const Place& place) {
  Json location = Json::object();
  if (!place.file.empty()) {
    Json& physical = location["physicalLocation"];
    physical["artifactLocation"]["uri"] = uri_of(place.file);
    if (!Path(place.file).is_absolute()) physical["artifactLocation"]["uriBaseId"] = "%SRCROOT%";
    if (place.line) physical["region"]["startLine"] = *place.line;
  }
  if (!place.field.empty()) location["logicalLocations"] = {{{"fullyQualifiedName", printable(place.field)}}};
  return location;
}

Json result_of(const Finding& finding, std::size_t rule_number, const Path& root) {
  std::string words = finding.message;
  if (!finding.fix.empty()) words += fmt::format(". What to do: {}", finding.fix);
  Json result{{"ruleId", finding.rule},
              {"ruleIndex", rule_number},
              {"level", to_string(finding.severity)},
              {"message", text_message(words)}};
  if (!finding.place.empty()) result["locations"] = Json::array({location_of(finding.place)});
  if (finding.region) result["properties"]["region"] = *finding.region;
  for (const Place& place : finding.related) result["relatedLocations"].push_back(location_of(place));
  result["partialFingerprints"]["maskmill/v1"] = fingerprint_of(finding, root).hex();
  return result;
}

}  // namespace

std::string uri_of(const Path& path) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string uri = path.is_absolute() ? "file://" : "";
  for (const char byte : path.generic_string())
    if (kPlain.find(byte) != kPlain.npos)
      uri += byte;
    else
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
  return uri;
}

void write_sarif(const Findings& findings, const Path& root,
                 const std::function<void(std::string_view)>& write) {
  Json rules = Json::array();
  std::map<std::string, std::size_t> numbers;
  for (const auto& [id, count] : findings.by_rule()) {
    numbers[id] = rules.size();
    rules.push_back(rule_of(id));
  }
  const Json driver{{"name", "maskmill"}, {"version", std::string(version())}, {"rules", std::move(rules)}};
  write(
      fmt::format("{{\n  \"$schema\": \"{}\",\n  \"version\": \"2.1.0\",\n  \"runs\": [{{\n    \"tool\": "
                  "{{\"driver\": {}}},\n    \"results\": [",
                  kSchema, to_line(driver)));
  bool is_first = true;
  findings.for_each([&](const Finding& finding) {
    write((is_first ? "\n      " : ",\n      ") +
          to_line(result_of(finding, numbers.at(finding.rule), root)));
    is_first = false;
  });
  write(is_first ? "]\n  }]\n}\n" : "\n    ]\n  }]\n}\n");
}

}  // namespace maskmill
