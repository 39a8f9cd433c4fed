// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>

#include "base/enum_names.h"
#include "base/settings.h"
#include "dataset/item.h"
#include "dataset/labels.h"

namespace maskmill {

/// What tells the colours of areas apart.
enum class ColourBy { label, instance };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<ColourBy>{"label", "instance"};

struct OverlaySettings {
  double opacity = 0.45;
  ColourBy colour_by = ColourBy::label;
  bool no_outlines = false;
  bool no_captions = false;
  bool boxes = false;
  double min_score = 0;
  double line_scale = 1;

  static void visit(auto& self, auto&& setting) {
    setting("opacity", self.opacity, "of areas: 0 shows the picture alone, 1 the colour alone",
            between(0, 1));
    setting("colour-by", self.colour_by, "a colour a label, or a colour an instance");
    setting("no-outlines", self.no_outlines, "leave out the lines around areas");
    setting("no-captions", self.no_captions, "leave out the names and scores");
    setting("boxes", self.boxes, "also draw the box that an annotation states beside its shape");
    setting("min-score", self.min_score, "leave out predictions below this score", between(0, 1));
    setting("line-scale", self.line_scale, "makes lines and letters wider or finer", between(0.1, 10));
  }
};

/// The picture (CV_8UC3, RGB) with the item's annotations drawn on it, in the colours of the label map:
/// - its semantic mask mixed in, labels divided by lines of their own colours; void hatched, background and
/// pixels
///   without a label untouched; an instance mask beside it divides instances too;
/// - annotations with an area (polygons, RLE, mask files) mixed in and outlined, in order of z and then of
/// the list;
///   crowds hatched;
/// - boxes, rotated boxes, ellipses and polylines as lines, points as dots, keypoints joined by the label's
/// skeleton;
/// - names and scores on plates.
/// Areas change no pixel outside themselves. Lines and letters grow with the picture.
/// `rgb` may be a reduced picture: annotations are in pixels of item.size (of `rgb` where that is unknown)
/// and are scaled. Reads the item's mask files. Throws Error as read_semantic does, and Error(bad_value) for
/// a mask of a size other than the item's.
cv::Mat overlay(const cv::Mat& rgb, const Item& item, const LabelMap& labels,
                const OverlaySettings& settings = {});

/// The same for a mask in memory, such as a prediction: CV_16UC1 label indices, kUnlabelled where none; of
/// any size with the picture's shape. Throws Error(bad_value) for an index that is not in the map.
cv::Mat overlay_mask(const cv::Mat& rgb, const cv::Mat& mask, const LabelMap& labels,
                     const OverlaySettings& settings = {});

/// Each pixel in its label's colour; kUnlabelled in the colour VOC gives to 255. Throws as overlay_mask.
cv::Mat colourised(const cv::Mat& mask, const LabelMap& labels);

/// Where a prediction is wrong: the picture in gray, wrong pixels red, what is not scored (void, not
/// labelled) hatched. Both masks as in overlay_mask, of one size. Throws Error(bad_value).
cv::Mat error_map(const cv::Mat& rgb, const cv::Mat& truth, const cv::Mat& prediction,
                  const LabelMap& labels);

}  // namespace maskmill
