// SPDX-License-Identifier: Apache-2.0
#include "support.h"

namespace maskmill::tests {

// As LabelMe 5 writes it.
std::string labelme_text(const std::string& shapes, const std::string& more) {
  return R"({
  "version": "5.5.0",
  "flags": {},
  "shapes": [)" +
         shapes + R"(],
  "imagePath": "a.png",
  "imageData": null,
  "imageHeight": 4,
  "imageWidth": 6)" +
         more + "\n}";
}

std::vector<Annotation> labelme_annotations(const std::string& shapes) {
  const Scratch scratch;
  scratch.write("a.png", png_picture());
  ReadDataSet read = read_data_set(labelme(), scratch.write("a.json", labelme_text(shapes)));
  INFO(shapes);
  CHECK(read.rules().empty());
  REQUIRE(read.items.size() == 1);
  return std::move(read.items.front().annotations);
}

std::vector<Finding> write_labelme(const Path& target, const Metadata& metadata,
                                   const std::vector<Item>& items, Media media,
                                   std::vector<std::string> settings) {
  CreateRequest request;
  request.target = target;
  request.media = media;
  request.metadata = metadata;
  request.settings = std::move(settings);
  const auto sink = labelme().create(request);
  for (const Item& item : items) sink->encode(item)();
  sink->close({"maskmill convert", {}});
  std::vector<Finding> findings;
  sink->findings().for_each([&](const Finding& finding) { findings.push_back(finding); });
  return findings;
}

}  // namespace maskmill::tests
