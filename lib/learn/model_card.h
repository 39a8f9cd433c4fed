// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "dataset/labels.h"
#include "learn/settings.h"

namespace maskmill::learn {

/// model.json: all that prediction needs to know besides the weights.
struct ModelCard {
  ModelSettings model;
  InputSettings input;
  LabelMap classes;          ///< with the data set's ids, see ClassMap
  bool independent = false;  ///< a sigmoid each class (trained by bce alone) rather than a softmax over them
  friend bool operator==(const ModelCard&, const ModelCard&) = default;
};

/// Of the classes: names, ids, colours, supercategories, roles and kinds.
Json to_json(const ModelCard& card);
/// Throws Error(not_found | unreadable | bad_format | bad_value) naming the file and the field.
ModelCard read_model_card(const Path& path);

}  // namespace maskmill::learn
