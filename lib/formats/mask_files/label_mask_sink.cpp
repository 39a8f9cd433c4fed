// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/label_mask_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "dataset/rle.h"

namespace maskmill {
namespace {

constexpr int kInside = 255;

/// With every area as pixels, so that no mask file is decoded twice.
Item with_pixels(const Item& item) {
  Item copy = item;
  if (copy.size)
    for (Annotation& annotation : copy.annotations)
      if (has_area(annotation.shape)) annotation.shape = pixels_of(annotation, *copy.size);
  return copy;
}

/// Where a label is, whatever lies over it.
cv::Mat area_of(int label, const Item& item, const cv::Mat& painted) {
  if (item.semantic) return painted == label;
  cv::Mat inside = cv::Mat::zeros(painted.size(), CV_8UC1);
  for (const Annotation& annotation : item.annotations)
    if (const auto* rle = std::get_if<Rle>(&annotation.shape);
        rle && annotation.label == label && annotation.flags.crowd != true)
      paint(inside, *rle, kInside);
  return inside;
}

}  // namespace

std::string label_folder_name(const std::string& label) {
  std::string name = label;
  for (char& letter : name)
    if (letter == '/' || letter == '\0') letter = '_';
  if (name.starts_with('.')) name.front() = '_';
  return name == "images" ? "images_" : name;
}

Capabilities held_by_label_masks() {
  Capabilities holds = held_by_mask_files();
  holds.label_masks = true;
  return holds;
}

LabelMaskSink::LabelMaskSink(const CreateRequest& request, std::string own_folder, bool as_image)
    : MaskSink(request, {},
               {request.metadata.labels.mask_values(), MaskFileKind::gray_png, std::move(own_folder)}),
      as_image_(as_image) {
  const LabelMap& labels = metadata().labels;
  if (std::ranges::all_of(labels, [](const Label& label) { return label.role == Role::background; }))
    throw Error(Code::bad_value,
                "there is no label but background, and this layout has a mask for each other");
  std::map<std::string, std::string> folders{{label_folder_name(void_name()), void_name()}};
  for (int label = 0; label < labels.size(); ++label) {
    if (labels.is_ignored(label) && !void_label_) void_label_ = label;
    const std::string& name = labels[label].name;
    const auto [other, is_new] = folders.emplace(label_folder_name(name), name);
    if (!is_new && other->second != name)
      throw Error(Code::bad_value, fmt::format("the masks of the labels {} and {} would lie in one folder",
                                               in_quotes(other->second), in_quotes(name)))
          .hint("rename one of them");
  }
}

MaskSink::MaskFile LabelMaskSink::mask_file(const Item& item, const std::string& label,
                                            const cv::Mat& pixels) const {
  const std::string above = mask_folder(item.subset);
  return {(above.empty() ? "" : above + "/") + label_folder_name(label) + "/" +
              (as_image_ ? item.file_name : item.id + ".png"),
          encode_index_png(pixels)};
}

MaskSink::Encoded LabelMaskSink::encoded(const Item& given) const {
  const LabelMap& labels = metadata().labels;
  const Item item = with_pixels(given);
  const cv::Mat painted = semantic_of(item, with_background(labels)).labels;
  const cv::Mat unlabelled = painted == kUnlabelled;

  Encoded out;
  out.unlabelled = cv::countNonZero(unlabelled);
  for (int label = 0; label < labels.size(); ++label) {
    if (labels[label].role == Role::background) continue;
    cv::Mat inside = area_of(label, item, painted);
    if (label == void_label_) inside |= unlabelled | (painted == label);
    out.files.push_back(mask_file(item, labels[label].name, inside));
  }
  if (!void_label_ && out.unlabelled > 0) out.files.push_back(mask_file(item, void_name(), unlabelled));
  return out;
}

}  // namespace maskmill
