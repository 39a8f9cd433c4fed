// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <fmt/format.h>

#include "catch.h"
#include "formats/coco/coco.h"

namespace maskmill::tests {

std::vector<std::string> Reading::summary() const {
  std::vector<std::string> lines;
  for (const Finding& finding : findings)
    lines.push_back(
        fmt::format("{} {} {}", finding.rule, finding.place.line.value_or(0), finding.place.field));
  return lines;
}

Reading read_coco(const Path& path, std::vector<std::string> settings) {
  const auto source = coco().open({path, std::move(settings)});
  Reading reading;
  Findings findings;
  reading.items = read_all(*source, findings);
  reading.metadata = source->metadata();
  findings.for_each([&](const Finding& finding) { reading.findings.push_back(finding); });
  return reading;
}

Reading read_coco_text(std::string_view json) {
  const Scratch scratch;
  return read_coco(scratch.write("annotations.json", json));
}

std::string with_annotations(const std::vector<std::string>& annotations) {
  std::string text =
      "{\"images\": [{\"id\": 7, \"file_name\": \"a.jpg\", \"width\": 10, \"height\": 8}],\n"
      "\"categories\": [{\"id\": 3, \"name\": \"cat\"}],\n"
      "\"annotations\": [";
  for (std::size_t i = 0; i < annotations.size(); ++i) text += (i == 0 ? "\n" : ",\n") + annotations[i];
  return text + "\n]}\n";
}

Annotation read_annotation_text(const std::string& annotation) {
  const Reading reading = read_coco_text(with_annotations({annotation}));
  REQUIRE(reading.items.size() == 1);
  REQUIRE(reading.items[0].annotations.size() == 1);
  return reading.items[0].annotations[0];
}

Label label(std::string name, std::optional<std::int64_t> id, Role role) {
  Label result;
  result.name = std::move(name);
  result.id = id;
  result.role = role;
  return result;
}

void write_coco(const Path& target, const Metadata& metadata, const std::vector<Item>& items, Media media,
                std::vector<std::string> settings) {
  const auto sink = coco().create({target, Overwrite::no, media, metadata, std::move(settings)});
  for (const Item& item : items) sink->encode(item)();
  sink->close({});
}

}  // namespace maskmill::tests
