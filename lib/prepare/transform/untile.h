// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "dataset/dataset.h"
#include "formats/format.h"
#include "prepare/transform/pictures.h"

namespace maskmill {

/// The images of which the items of `source` are tiles, as their ids say (prepare/transform/tiles.h), in the
/// order of their first tiles; items that are no tiles stay. Pixels of image and mask are taken from the tile
/// whose cell they lie in (cells_of), annotations are joined as prepare/transform/join.h says; an instance
/// mask becomes annotations first where `target` holds objects, and is left out where it does not. What no
/// tile covers is black and without a label, with a finding "tile-missing". An image is put together as a
/// JPEG where all its tiles are JPEGs, else as PNG, or as the settings say; its subset and its attributes are
/// those of its first tile.
///
/// Reads every item once here; keeps four bytes a tile and the ids of the images. Throws Error(bad_value)
/// where no item is a tile, and where tiles of one image do not agree on its size.
std::unique_ptr<Source> untiled(std::shared_ptr<Source> source, const PictureSettings& pictures,
                                const Capabilities& target);

}  // namespace maskmill
