// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "prepare/transform/filter.h"
#include "prepare/transform/labels.h"
#include "prepare/transform/reshape.h"

namespace maskmill {

struct TransformSettings {
  bool untile = false;
  RelabelSettings labels{};
  ReshapeSettings reshape{};
  FilterSettings filter{};
  PictureSettings pictures{};
};

/// A view of `source` after these steps, in this order whatever the order of the settings: tiles are put
/// together, labels are chosen, images are cropped, resized and cut into tiles, and what is left of the
/// annotations is filtered. Nothing is held but what the steps say. `target`: what the format holds that the
/// view is written in; it decides what objects are that are not kept or cut.
///
/// Throws Error(usage) where no step is asked for, and as the steps do.
std::unique_ptr<Source> transformed(std::shared_ptr<Source> source, const TransformSettings& settings,
                                    const Capabilities& target);

}  // namespace maskmill
