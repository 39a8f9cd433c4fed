// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "formats/format.h"
#include "prepare/transform/pictures.h"
#include "prepare/transform/tiles.h"

namespace maskmill {

/// What a polygon becomes that a tile's or a crop's edge goes through.
enum class CutOutlines {
  automatic,  ///< polygons where the target holds them, else pixels
  polygons,   ///< cut along the edge, exact as geometry; the pixels on the edge of its parts may differ
  pixels      ///< RLE masks, so that the parts have exactly the pixels that the whole has
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<CutOutlines>{"auto", "polygons", "pixels"};

/// In this order: crop, then resize, then tile.
struct ReshapeSettings {
  std::vector<int> crop{};  ///< x, y, width, height; cut to the image where it reaches outside
  std::optional<std::string> centre_crop{};  ///< "WxH"; a side that is shorter stays
  std::optional<std::string> resize{};       ///< "WxH"
  std::optional<int> longest_side{};
  std::optional<double> scale{};
  std::optional<std::string> tile{};  ///< "WxH"
  int overlap = 0;                    ///< pixels
  TileEdges edges = TileEdges::shift;
  CutOutlines cut = CutOutlines::automatic;

  bool any() const { return !crop.empty() || centre_crop || resize || longest_side || scale || tile; }

  static void visit(auto& self, auto&& setting) {
    setting("crop", self.crop,
            "X,Y,WIDTH,HEIGHT in pixels: keep this part; what reaches outside the image is cut off",
            at_least(0));
    setting("center-crop", self.centre_crop, "WxH: keep the middle; a side that is shorter stays as it is",
            unset("the whole image"));
    setting("resize", self.resize, "WxH: to this size; masks take the nearest pixel",
            unset("the size stays"));
    setting("longest-side", self.longest_side, "resize so that the longer side has this many pixels",
            at_least(1), unset("the size stays"));
    setting("scale", self.scale, "resize by this factor", unset("the size stays"));
    setting("tile", self.tile,
            "WxH: cut into tiles, named IMAGE@X_Y_WxH after where they lie on an image of W x H pixels",
            unset("one image an item"));
    setting("overlap", self.overlap, "pixels that neighbouring tiles share", at_least(0));
    setting(
        "tile-edges", self.edges,
        "what the last tiles of a row and column do that reach over the edge: are moved inwards (an image "
        "smaller than a tile is one smaller tile), or are padded with black, void in masks");
    setting("cut", self.cut,
            "what polygons become that an edge goes through: polygons, or exact pixels; auto: polygons where "
            "the format holds them");
  }
};

/// A view of `source` whose images, masks and annotations are cropped, resized and cut into tiles. Pixels are
/// made when they are asked for; tiles of an image share its decoded pixels, which are kept while one of them
/// is in work. An image that stays as it is keeps its file. With tiles every item is read once here, to count
/// them; four bytes an item are kept. Annotations of tiles have an attribute kTileObject where the target
/// holds attributes.
///
/// Throws Error(usage) for settings that cannot be. An item whose size is unknown, or of which a crop leaves
/// nothing, is left out with a finding "size-unknown" or "outside-crop".
std::unique_ptr<Source> reshaped(std::shared_ptr<Source> source, const ReshapeSettings& settings,
                                 const PictureSettings& pictures, const Capabilities& target);

/// Which object of its image a tile's annotation is a part of, counted from 1.
inline constexpr std::string_view kTileObject = "tile_object";

}  // namespace maskmill
