// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "catch.h"
#include "formats/yolo/yolo.h"

namespace maskmill::tests {

ReadDataSet read_yolo(const Path& path, const std::vector<std::string>& settings) {
  return read_data_set(yolo(), path, settings);
}

std::vector<Finding> write_yolo(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                                const std::vector<std::string>& settings, Media media) {
  CreateRequest request;
  request.target = target;
  request.media = media;
  request.metadata = metadata;
  request.settings = settings;
  const auto sink = yolo().create(request);
  for (const Item& item : items) sink->encode(item)();
  sink->close({"maskmill convert", {}});
  std::vector<Finding> findings;
  sink->findings().for_each([&](const Finding& finding) { findings.push_back(finding); });
  return findings;
}

void put_rows(const Scratch& scratch, const std::string& rows, const std::string& more_yaml) {
  scratch.write("data.yaml",
                "train: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n" + more_yaml);
  scratch.write("images/train/a.png", png_picture({100, 50}));
  scratch.write("images/val/b.png", png_picture({100, 50}));
  scratch.write("labels/train/a.txt", rows);
}

Metadata metadata_of(const std::vector<std::string>& labels, std::vector<std::string> subsets) {
  Metadata metadata;
  for (const std::string& name : labels) {
    Label label;
    label.name = name;
    metadata.labels.add(label);
  }
  metadata.subsets = std::move(subsets);
  return metadata;
}

Item item_of(const Scratch& scratch, const std::string& id, Size size, std::vector<Annotation> annotations,
             const std::string& subset) {
  Item item;
  item.id = id;
  item.file_name = id + ".png";
  item.image = scratch.write("pictures/" + subset + "/" + id + ".png", png_picture(size));
  item.size = size;
  item.subset = subset;
  item.annotations = std::move(annotations);
  return item;
}

Annotation annotation_of(int label, Shape shape) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = std::move(shape);
  return annotation;
}

int count_of(const std::vector<Finding>& findings, const std::string& rule) {
  return static_cast<int>(std::ranges::count(findings, rule, &Finding::rule));
}

const Finding& finding_of(const std::vector<Finding>& findings, const std::string& rule) {
  const auto found = std::ranges::find(findings, rule, &Finding::rule);
  if (found == findings.end()) FAIL("no finding of the rule " + rule);
  return *found;
}

}  // namespace maskmill::tests
