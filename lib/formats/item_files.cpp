// SPDX-License-Identifier: Apache-2.0
#include "formats/item_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "image/image.h"

namespace maskmill {
namespace {

std::optional<ImageInfo> probed(const Path& file, std::string rule, std::vector<Finding>& findings) {
  ImageInfo info;
  try {
    info = probe_image(file);
  } catch (Error& error) {
    findings.push_back(to_finding(error.at_file(file), std::move(rule)));
    return std::nullopt;
  }
  const Place place{file.string(), {}, {}};
  if (info.kind == FileKind::gif) {
    findings.push_back({std::move(rule), Severity::error, place, "GIF is not read", "convert it to PNG"});
    return std::nullopt;
  }
  const FileKind promised = kind_of_extension(lower_extension(file));
  if (promised != FileKind::unknown && promised != info.kind)
    findings.push_back(
        {"wrong-extension", Severity::warning, place,
         fmt::format("the name says {}, the content is {}", to_string(promised), to_string(info.kind)),
         "rename it, or save it again as what its name says"});
  return info;
}

Error cannot_store(int x, int y, int label) {
  return Error(Code::bad_value,
               label == kUnlabelled
                   ? fmt::format("the pixel at {}, {} has no label, and there is no value for that", x, y)
                   : fmt::format("the pixel at {}, {} has a label for which there is no value", x, y));
}

/// False where the mask cannot be read or does not fit. `image` is unset for an item without one; its size
/// then is that of its first mask.
bool check_mask(const MaskRef& mask, const std::optional<ImageInfo>& image, std::optional<Size>& size,
                std::vector<Finding>& findings) {
  const auto info = probed(mask.file, "unreadable-mask", findings);
  if (!info) return false;
  const Place place{mask.file.string(), {}, {}};
  if (info->kind == FileKind::jpeg)
    findings.push_back({"lossy-mask", Severity::warning, place,
                        "a mask stored as JPEG: compression changes its values near every edge",
                        "store masks as PNG"});
  if (!size) size = info->stored;
  if (info->stored == *size || mask.resize_to_image) return true;
  const std::string sizes = fmt::format("the mask has {} pixels, the {} {}", to_string(info->stored),
                                        image ? "image" : "item's other mask", to_string(*size));
  if (image && info->stored == image->stored)
    findings.push_back({"exif-rotation", Severity::error, place,
                        fmt::format("{} as displayed: its EXIF orientation {} was not applied to the mask",
                                    sizes, image->orientation),
                        "turn the image's pixels and drop the EXIF orientation, or turn the mask"});
  else
    findings.push_back(
        {"size-differs", Severity::error, place, sizes, "find the mask that belongs to this image"});
  return false;
}

}  // namespace

bool check_headers(Item& item, std::vector<Finding>& findings) {
  std::optional<ImageInfo> image;
  if (!item.image.empty()) {
    image = probed(item.image, "unreadable-image", findings);
    if (!image) return false;
    item.size = image->size();
  } else if (item.semantic) {
    item.size.reset();  // the mask knows better than what was written down
  }
  if (item.semantic && !check_mask(*item.semantic, image, item.size, findings)) return false;
  for (const Annotation& annotation : item.annotations)
    if (const auto* mask = std::get_if<MaskRef>(&annotation.shape))
      if (!check_mask(*mask, image, item.size, findings)) return false;
  return true;
}

void require_file_names(const Item& item) {
  bool hidden = false;
  for (const std::string& part : split_text(item.id, '/')) hidden |= part.empty() || part.starts_with('.');
  if (hidden || !is_safe_relative(item.id))
    throw Error(Code::bad_value, fmt::format("no file can be named after the item {}", in_quotes(item.id)));
  require_file_name(item.subset);
}

void require_file_name(const std::string& subset) {
  if (subset.empty()) return;
  if (!is_safe_relative(subset) || subset.starts_with('.') || subset.find('/') != std::string::npos)
    throw Error(Code::bad_value, fmt::format("no file can be named after the subset {}", in_quotes(subset)));
}

cv::Mat to_stored_values(const cv::Mat& labels, const std::vector<int>& values,
                         std::optional<int> unlabelled) {
  std::vector<int> table(65536, -1);
  std::copy(values.begin(), values.end(), table.begin());
  if (unlabelled) table[kUnlabelled] = *unlabelled;

  cv::Mat stored(labels.size(), CV_16UC1);
  int largest = 0;
  for (int y = 0; y < labels.rows; ++y) {
    const auto* from = labels.ptr<std::uint16_t>(y);
    auto* to = stored.ptr<std::uint16_t>(y);
    for (int x = 0; x < labels.cols; ++x) {
      const int value = table[from[x]];
      if (value < 0) throw cannot_store(x, y, from[x]);
      to[x] = static_cast<std::uint16_t>(value);
      largest = std::max(largest, value);
    }
  }
  if (largest <= 255) stored.convertTo(stored, CV_8U);
  return stored;
}

}  // namespace maskmill
