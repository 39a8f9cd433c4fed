// SPDX-License-Identifier: Apache-2.0
#include "support.h"

namespace maskmill::tests {

std::string via_region(const std::string& shape, const std::string& attributes) {
  return "{\"shape_attributes\": {" + shape + "}, \"region_attributes\": {" + attributes + "}}";
}

std::string via_image(const std::string& regions, const std::string& name,
                      const std::string& file_attributes) {
  const std::string size = std::to_string(png_picture().size());
  return "\"" + name + size + "\": {\"filename\": \"" + name + "\", \"size\": " + size +
         ", \"regions\": " + regions + ", \"file_attributes\": " + file_attributes + "}";
}

std::string via_project(const std::string& images, const std::string& region_attributes,
                        const std::string& settings) {
  return "{\"_via_settings\": {\"ui\": {}, \"core\": {" + settings +
         "}, \"project\": {\"name\": \"p\"}}, \"_via_img_metadata\": {" + images +
         "},\n\"_via_attributes\": {\"region\": {" + region_attributes +
         "}, \"file\": {}}, \"_via_data_format_version\": \"2.0.10\", \"_via_image_id_list\": []}";
}

std::vector<Annotation> via_annotations(const std::string& regions) {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  ReadDataSet read = read_data_set(via(), scratch.write("via.json", "{" + via_image(regions) + "}"),
                                   {"label-attribute=label"});
  INFO(regions);
  CHECK(read.rules().empty());
  REQUIRE(read.items.size() == 1);
  return std::move(read.items.front().annotations);
}

std::vector<Finding> write_via(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                               Media media, std::vector<std::string> settings) {
  CreateRequest request;
  request.target = target;
  request.media = media;
  request.metadata = metadata;
  request.settings = std::move(settings);
  const auto sink = via().create(request);
  for (const Item& item : items) sink->encode(item)();
  sink->close({"maskmill convert", {}});
  std::vector<Finding> findings;
  sink->findings().for_each([&](const Finding& finding) { findings.push_back(finding); });
  return findings;
}

}  // namespace maskmill::tests
