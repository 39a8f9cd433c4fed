// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "dataset/item.h"
#include "dataset/labels.h"
#include "dataset/rle.h"

namespace maskmill {

/// In a semantic mask in memory: this pixel's value is no label of the map.
inline constexpr int kUnlabelled = 65535;

/// A label a pixel, whatever the file stored.
struct SemanticMask {
  cv::Mat labels;  ///< CV_16UC1: indices into the LabelMap, or kUnlabelled
  /// Stored values (for a colour: r << 16 | g << 8 | b) that the coding does not name, with the number of
  /// their pixels in the file.
  std::map<std::int64_t, std::int64_t> unknown_values;
};

/// The pixels as they are stored, or as they are made. Throws Error as read_raw, naming the file.
RawImage read_stored(const MaskRef& mask);

/// CV_8UC3 in RGB order, whichever way the file says colours: gray is repeated, a palette is looked up, alpha
/// is dropped. Throws Error(bad_format) for 16 bits, and for an index past the palette.
cv::Mat colours_of(const RawImage& raw);

/// The bytes of its file. Throws Error as read_file.
std::string bytes_of(const MaskRef& mask);

/// Reads and looks up. `image_size` is used where the reference says that the mask is to be resized.
/// Throws Error as read_raw; Error(bad_format) where the coding needs one channel and the file has three, and
/// for more than 65,536 different unknown values: that is a picture, and no mask.
SemanticMask read_semantic(const MaskRef& mask, std::optional<Size> image_size = std::nullopt);
/// The same of what read_raw gives for the mask's file.
SemanticMask semantic_from(const RawImage& raw, const MaskRef& mask,
                           std::optional<Size> image_size = std::nullopt);

/// The same pixels as they are stored, with what each value means: labels can be looked up a region at a
/// time.
struct CodedMask {
  cv::Mat samples;  ///< CV_8UC1 or CV_16UC1
  /// By the stored value, an index into the LabelMap or kUnlabelled; empty: the samples are these themselves.
  std::vector<std::uint16_t> label_of;
};
/// Throws Error as read_semantic.
CodedMask read_coded(const MaskRef& mask, std::optional<Size> image_size = std::nullopt);

/// The stored instance numbers, CV_16UC1; void pixels are kUnlabelled, and so are crowds and, in a file of
/// colours, those that the coding does not name. Throws Error as read_raw; Error(bad_format) for colours and
/// a coding without any; Error(bad_value) for the number 65535, which has no room beside kUnlabelled.
cv::Mat read_instances(const MaskRef& mask);
/// The same of what read_raw gives for the mask's file.
cv::Mat instances_from(const RawImage& raw, const MaskRef& mask);

/// The pixels of one annotation's mask reference: those of its value, else those with a colour channel
/// above 0. Throws Error as read_raw; Error(bad_format) where a value is sought in several channels.
Rle read_mask_shape(const MaskRef& mask, std::optional<Size> image_size = std::nullopt);
/// The same of what read_raw gives for the mask's file.
Rle mask_shape_from(const RawImage& raw, const MaskRef& mask, std::optional<Size> image_size = std::nullopt);

/// The pixels of an annotation that has an area, in a mask of the image's size. Throws Error as rasterise and
/// read_mask_shape; Error(bad_value) for a mask of another size.
Rle pixels_of(const Annotation& annotation, Size size);

/// True for an annotation that says where in the whole image its label is, in a mask file of that label's
/// own: no object is told apart, and there may be none. Such masks of several labels may overlap.
bool is_label_mask(const Annotation& annotation);

/// The codings of masks that are made in memory, CV_16UC1: label indices as SemanticMask has them, and
/// instance numbers as read_instances gives them.
std::shared_ptr<const MaskCoding> index_coding(int labels);
std::shared_ptr<const MaskCoding> number_coding();

// --- masks to instances

/// What an instance is, where a mask only says the label of each pixel.
enum class InstancePolicy {
  component,  ///< each 8-connected region of one label
  label,      ///< all pixels of one label in the image
  /// Each number of the instance mask; its label is the one under most of its pixels. What is void in that
  /// mask and has a label is a crowd of that label.
  object_mask
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<InstancePolicy>{"component", "label",
                                                                            "object-mask"};

enum class InstanceShape { rle, polygon };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<InstanceShape>{"rle", "polygon"};

struct InstanceSettings {
  std::optional<InstancePolicy> policy = {};  // unset: object-mask where there is such a mask, else component
  InstanceShape shape = InstanceShape::rle;
  double tolerance = 0;       // pixels an outline may be off (Douglas-Peucker); 0 follows the pixels' edges
  std::int64_t min_area = 0;  // pixels; smaller instances are left out and counted
};

/// How much was lost; sums over the calls.
struct InstanceLoss {
  std::int64_t instances = 0;  ///< that were made
  std::int64_t left_out = 0;   ///< below min_area, or without a label
  /// Pixels to which painting the instances would not give their label back, outlines aside: those of what
  /// was left out, and for object masks those without a number and those of another label than their
  /// object's. Those of crowds, which are painted as void, do not count.
  std::int64_t pixels_lost = 0;
  double iou_sum = 0;  ///< of each polygon against its pixels
  double iou_min = 1;
  std::int64_t measured = 0;
  void add(const InstanceLoss& other);
};

/// Labels with role background give no instance. Labels with role ignore give one for each of their
/// 8-connected regions under every policy, with that label, flags.crowd = true (so that COCO's tools leave it
/// out) and an Rle, of any area. In the order of label and then of the first pixel, row by row; objects of an
/// object mask come first, in the order of their numbers, and then its crowds, one a label, of any area.
/// Exact with InstanceShape::rle, but for InstanceLoss::pixels_lost.
///
/// `instances` may be empty (no pixels) unless the policy is object_mask: then Error(bad_value). So is a mask
/// of another size than `semantic`, or a label past the map. Linear in the pixels and in the instances (times
/// the logarithm of their number), however many labels there are.
std::vector<Annotation> instances_from_mask(const cv::Mat& semantic, const cv::Mat& instances,
                                            const LabelMap& labels, const InstanceSettings& settings,
                                            InstanceLoss& loss);
std::vector<Annotation> instances_from_mask(const CodedMask& semantic, const cv::Mat& instances,
                                            const LabelMap& labels, const InstanceSettings& settings,
                                            InstanceLoss& loss);

/// Outlines along pixel edges, so that rasterising them gives exactly the pixels back: corners lie at
/// integers, a 1-pixel mask is a square. A part is a 4-connected region with its holes; pixels that touch by
/// a corner are two parts, and no ring touches itself (two rings may share a point). Exteriors run clockwise
/// as seen, holes the other way; each ring begins at its leftmost, then topmost corner. With `tolerance` > 0
/// each ring is simplified (Douglas-Peucker), or stays as it is where fewer than 3 points would remain.
Polygon polygon_from_rle(const Rle& mask, double tolerance = 0);
/// The number of pixels on which the polygon, rasterised as dataset/rle.h does, and the mask agree, over
/// their union.
double polygon_iou(const Polygon& polygon, const Rle& mask);

// --- instances to masks

struct PaintedMask {
  cv::Mat labels;  ///< CV_16UC1 label indices, or kUnlabelled
  /// CV_16UC1: 0 nothing and background, kUnlabelled void, else k for the k-th object painted, from 1.
  cv::Mat instances;
  std::int64_t overlapping = 0;  ///< pixels covered by more than one annotation; the later one has them
  std::int64_t skipped = 0;      ///< annotations without an area or a label
};

/// Paints in order of z_order (0 where there is none), then of the list. What nothing covers is the map's
/// background, or kUnlabelled where it has none. Crowd regions lie under everything else; they keep a label
/// of role ignore, and become the map's first label of that role (kUnlabelled where it has none) if theirs is
/// another. A plain box is skipped: it says where an object is, not which pixels are its own. The
/// pixels of a box that nothing covers get the map's first label of role ignore, or without one kUnlabelled.
///
/// Throws Error(bad_value) for more than 65,534 objects, whose numbers would not fit, and for an annotation's
/// mask of another size; Error as read_mask_shape.
PaintedMask mask_from_instances(const std::vector<Annotation>& annotations, Size size,
                                const LabelMap& labels);
/// The same without `instances`, which stays empty, and so for any number of objects.
PaintedMask labels_from_instances(const std::vector<Annotation>& annotations, Size size,
                                  const LabelMap& labels);

/// The semantic mask of any item: its own, or painted from its annotations.
/// Throws Error(bad_value) where the size is unknown, and where there are annotations and none could be
/// painted: boxes alone do not say that the rest is background. Else as read_semantic and
/// labels_from_instances.
SemanticMask semantic_of(const Item& item, const LabelMap& labels);

}  // namespace maskmill
