// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/registry.h"
#include "prepare/convert.h"
#include "prepare/transform/transform.h"
#include "support/data_sets.h"
#include "support/drawn.h"

namespace maskmill::tests {

inline const Capabilities& held_by(const char* format) {
  return formats::find(format).holds;
}

/// All that reading the transformed data set gives. Its pixels live as long as it does.
inline ReadDataSet transform(std::unique_ptr<Source> source, const TransformSettings& settings,
                             const Capabilities& target = held_by("coco")) {
  ReadDataSet read;
  read.source = transformed(std::move(source), settings, target);
  Findings findings;
  read.items = read_all(*read.source, findings);
  findings.for_each([&](const Finding& finding) { read.findings.push_back(finding); });
  return read;
}

/// Transforms and writes it, and opens what was written.
inline std::unique_ptr<Source> written(std::unique_ptr<Source> source, const TransformSettings& settings,
                                       const char* format, const Path& path) {
  const Format& target = formats::find(format);
  const auto view = transformed(std::move(source), settings, target.holds);
  CreateRequest request;
  request.target = path;
  request.metadata = view->metadata();
  Findings findings;
  convert(*view, target, request, {}, {.command = "test", .inputs = {}}, findings,
          [](const std::vector<Loss>&) {});
  CHECK(findings.count(Severity::error) == 0);
  return formats::open(path, format).source;
}

inline std::unique_ptr<Source> street_source(std::vector<Item> items) {
  Metadata metadata;
  metadata.labels = street_labels();
  return make_source(std::move(metadata), std::move(items));
}

inline bool equal_pixels(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

inline Annotation annotation_of(int label, Shape shape) {
  Annotation one;
  one.label = label;
  one.shape = std::move(shape);
  return one;
}

inline Polygon square(double x, double y, double side) {
  return {{{{{x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}}, {}}}};
}

/// A street_item whose picture is a PNG.
inline Item png_item(const Scratch& scratch, const std::string& id, Size size, std::uint64_t seed) {
  Item item = street_item(scratch, id, size, {0, 1, 2, 255}, seed);
  item.file_name = id + ".png";
  item.image = scratch.write("images/" + item.file_name, encode_png(picture(size, seed)));
  return item;
}

}  // namespace maskmill::tests
