// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataset/dataset.h"
#include "dataset/rle.h"

// Objects whose masks are their boxes, in images of one size.
namespace maskmill::tests {

inline constexpr Size kImage{200, 150};

inline Annotation object_of(int label, Box box, std::optional<double> score = std::nullopt) {
  Annotation annotation;
  annotation.label = label;
  annotation.shape = rasterise(box, kImage);
  annotation.box = box;
  annotation.score = score;
  return annotation;
}

inline Item image_of(const std::string& id, std::vector<Annotation> annotations) {
  Item item;
  item.id = id;
  item.size = kImage;
  item.annotations = std::move(annotations);
  return item;
}

inline Metadata labels_called(const std::vector<std::string>& names, LabelKind kind = LabelKind::unknown) {
  Metadata metadata;
  std::int64_t id = 1;
  for (const std::string& name : names) {
    Label label;
    label.name = name;
    label.id = id++;
    label.kind = kind;
    metadata.labels.add(std::move(label));
  }
  return metadata;
}

}  // namespace maskmill::tests
