// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <boost/filesystem/operations.hpp>
#include <concepts>
#include <map>
#include <opencv2/core/mat.hpp>

#include "dataset/provenance.h"

namespace maskmill {
namespace {

/// Writes values so that two different items never give the same bytes: numbers have a fixed width and byte
/// order, texts and lists begin with their length, what may be absent and what is one of several with a mark.
class ItemHasher {
 public:
  Digest digest() const { return hasher_.digest(); }

  template <std::integral T>
  void add(T value) {
    std::array<char, 8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> 8 * i);
    hasher_.add({bytes.data(), bytes.size()});
  }
  template <class T>
  requires std::is_enum_v<T>
  void add(T value) { add(static_cast<std::int64_t>(value)); }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value == 0 ? 0. : value)); }  // -0 is 0
  void add(std::string_view text) {
    add(text.size());
    hasher_.add(text);
  }
  void add(const std::string& text) { add(std::string_view(text)); }

  template <class T>
  void add(const std::optional<T>& value) {
    add(value.has_value());
    if (value) add(*value);
  }
  template <class T>
  void add(const std::vector<T>& values) {
    add(values.size());
    for (const T& value : values) add(value);
  }
  template <class A, class B>
  void add(const std::pair<A, B>& value) {
    add(value.first);
    add(value.second);
  }
  template <class... T>
  void add(const std::variant<T...>& value) {
    add(value.index());
    std::visit([&](const auto& held) { add(held); }, value);
  }
  template <class... T>
  requires(sizeof...(T) > 1) void add(const T&... values) { (add(values), ...); }

  void add(std::monostate) {}
  void add(const Size& size) { add(size.width, size.height); }
  void add(const Rgb& colour) { add(colour.r, colour.g, colour.b); }
  void add(const JsonText& json) { add(json.text); }
  void add(const Point& point) { add(point.x, point.y); }
  void add(const Box& box) { add(box.x, box.y, box.width, box.height); }
  void add(const RotatedBox& box) { add(box.centre, box.width, box.height, box.angle_degrees); }
  void add(const Ellipse& ellipse) {
    add(ellipse.centre, ellipse.radius_x, ellipse.radius_y, ellipse.angle_degrees);
  }
  void add(const PolygonPart& part) { add(part.exterior, part.holes); }
  void add(const Polygon& polygon) { add(polygon.parts); }
  void add(const Polyline& line) { add(line.points); }
  void add(const Points& points) { add(points.points); }
  void add(const Rle& rle) { add(rle.size, rle.counts); }
  void add(const MaskCoding& coding) {
    add(coding.kind, coding.values, coding.colours, coding.label, coding.zero_label, coding.void_value);
    if (!coding.crowds.empty()) add(coding.crowds);
  }
  void add(const MaskRef& mask) {
    if (mask.made)
      add(pixels_of(mask.made->make()));
    else
      add(content_of(mask));
    add(mask.coding ? std::optional(*mask.coding) : std::nullopt);
    add(mask.value, mask.resize_to_image);
  }
  void add(const Digest& digest) { add(digest.high, digest.low); }
  void add(const Flags& flags) { add(flags.crowd, flags.occluded, flags.truncated, flags.difficult); }
  void add(const Keypoint& keypoint) { add(keypoint.at, keypoint.visibility); }
  void add(const Annotation& annotation) {
    add(annotation.label, annotation.shape, annotation.box, annotation.id, annotation.group,
        annotation.flags);
    add(annotation.score, annotation.z_order, annotation.area, annotation.keypoints, annotation.attributes);
  }
  void add(const Item& item) {
    add(item.id, item.file_name);
    if (item.made_image)
      for (const Path& file : item.made_image->from) add(size_in_bytes(file));
    else
      add(size_in_bytes(item.image));
    add(item.size, item.subset, item.source_id);
    add(item.annotated, item.annotations, item.semantic, item.instances, item.attributes);
  }

 private:
  static std::optional<std::uint64_t> size_in_bytes(const Path& image) {
    boost::system::error_code error;
    const std::uint64_t size = image.empty() ? 0 : fs::file_size(image, error);
    return image.empty() || error ? std::nullopt : std::optional(size);
  }

  static Digest pixels_of(const RawImage& mask) {
    Hasher hasher;
    const cv::Mat rows = mask.pixels.isContinuous() ? mask.pixels : mask.pixels.clone();
    hasher.add({reinterpret_cast<const char*>(rows.data), rows.total() * rows.elemSize()});
    for (const Rgb& colour : mask.palette)
      for (const std::uint8_t sample : {colour.r, colour.g, colour.b})
        hasher.add({reinterpret_cast<const char*>(&sample), 1});
    return hasher.digest();
  }

  /// Many annotations may refer to one file.
  const Digest& content_of(const MaskRef& mask) {
    const auto [entry, is_new] = contents_.try_emplace(mask.file);
    if (is_new) entry->second = digest_of(mask.content ? *mask.content : read_file(mask.file));
    return entry->second;
  }

  Hasher hasher_;
  std::map<Path, Digest> contents_;
};

}  // namespace

Digest digest_of(const Item& item) {
  ItemHasher hasher;
  hasher.add(item);
  return hasher.digest();
}

}  // namespace maskmill
