// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "image/image.h"

namespace maskmill {

/// Coordinates are pixels of the displayed image; (0, 0) is the top left corner of the top left pixel, so a
/// pixel's centre lies at .5. Formats that count otherwise are converted by their readers.
struct Point {
  double x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

/// Left, top, width, height, as COCO's bbox.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  double area() const { return width * height; }
  friend bool operator==(const Box&, const Box&) = default;
};

/// Turned clockwise (as seen) by `angle_degrees` about its centre.
struct RotatedBox {
  Point centre;
  double width = 0, height = 0, angle_degrees = 0;
  friend bool operator==(const RotatedBox&, const RotatedBox&) = default;
};

struct Ellipse {
  Point centre;
  double radius_x = 0, radius_y = 0, angle_degrees = 0;
  friend bool operator==(const Ellipse&, const Ellipse&) = default;
};

/// Not closed: the last point joins the first.
using Ring = std::vector<Point>;

struct PolygonPart {
  Ring exterior;
  std::vector<Ring> holes;
  friend bool operator==(const PolygonPart&, const PolygonPart&) = default;
};

/// One object of one or more parts; its area is the union of the parts, each less its holes.
struct Polygon {
  std::vector<PolygonPart> parts;
  friend bool operator==(const Polygon&, const Polygon&) = default;
};

struct Polyline {
  std::vector<Point> points;
  friend bool operator==(const Polyline&, const Polyline&) = default;
};

struct Points {
  std::vector<Point> points;
  friend bool operator==(const Points&, const Points&) = default;
};

/// COCO's run lengths: column-major, background first (a first run of 0 where the first pixel is set). The
/// runs sum to size.area().
struct Rle {
  Size size;
  std::vector<std::uint32_t> counts;
  friend bool operator==(const Rle&, const Rle&) = default;
};

/// Which pixel values of a mask file mean what. Shared by all items of a source.
struct MaskCoding {
  enum class Kind {
    index,     ///< a gray or palette sample is looked up in `values`
    colour,    ///< an RGB sample is looked up in `colours`; a palette PNG's colours are taken too
    non_zero,  ///< every sample above 0 is `label`, 0 is `zero_label`
    instance,  ///< a sample is an instance number: 0 nothing, `void_value` void; an RGB one that of `colours`
  };
  Kind kind = Kind::index;
  std::vector<std::pair<std::int64_t, int>> values;  ///< stored value -> label index
  std::vector<std::pair<Rgb, int>> colours;          ///< stored colour -> label index or instance number
  int label = -1;
  int zero_label = -1;           ///< -1: not labelled
  std::int64_t void_value = -1;  ///< of an instance mask; -1: none
  /// Of an instance mask: numbers of areas that hold several objects of their label, which nobody told apart.
  std::vector<std::int64_t> crowds;
  friend bool operator==(const MaskCoding&, const MaskCoding&) = default;
};

/// What lies in no file but is made of others when it is asked for.
template <class Content>
struct Made {
  /// On any thread and any number of times, the same each time; each call does the work. Throws Error as
  /// reading a file does, naming the file of which it cannot be made.
  std::function<Content()> make;
  std::vector<Path> from;  ///< the files of which it is made; never empty
};
using MadeMask = Made<RawImage>;  ///< as read_raw gives it

/// Pixels in a file of their own, or made.
struct MaskRef {
  Path file;  ///< empty where they are made
  std::shared_ptr<const MaskCoding> coding;
  /// As an annotation's shape: only the pixels of this stored value. Otherwise all.
  std::optional<std::int64_t> value;
  /// The file may differ in size from the image it belongs to: resize nearest to the image's exact size (Open
  /// Images).
  bool resize_to_image = false;
  std::shared_ptr<const MadeMask> made = nullptr;  ///< set: there is no file
  /// The file's bytes, where somebody has read them already.
  std::shared_ptr<const std::string> content = nullptr;
  /// Of made pixels: the same ones, not equal ones. Whether the bytes have been read makes no difference.
  friend bool operator==(const MaskRef& a, const MaskRef& b) {
    return a.file == b.file && a.made == b.made && a.value == b.value &&
           a.resize_to_image == b.resize_to_image &&
           (a.coding == b.coding || (a.coding && b.coding && *a.coding == *b.coding));
  }
};

/// For messages: the mask's file, or the first of those of which it is made.
const Path& file_of(const MaskRef& mask);

using Shape = std::variant<std::monostate, Box, RotatedBox, Ellipse, Polygon, Polyline, Points, Rle, MaskRef>;

/// Names for messages and tables, in the variant's order: "nothing", "box", "rotated box", "ellipse",
/// "polygon", "polyline", "points", "RLE mask", "mask file".
std::string_view shape_name(const Shape& shape);

/// True where the shape says which pixels are its own: a rotated box, an ellipse, a polygon or a mask. A
/// plain box only says where an object is.
bool has_area(const Shape& shape);

/// The smallest box around the shape, in its own coordinates; of a rotated box or an ellipse, around the
/// turned shape. Of an Rle, its pixels' box (empty if it has none). Nothing for a MaskRef and for an empty
/// shape.
std::optional<Box> bounding_box(const Shape& shape);

/// The corners, from the one that is top left before the turn, counterclockwise as seen.
Ring outline(const RotatedBox& box);
/// A polygon of 1 degree steps.
Ring outline(const Ellipse& ellipse);

}  // namespace maskmill
