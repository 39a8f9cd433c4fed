// SPDX-License-Identifier: Apache-2.0
#include "formats/item_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <memory>

#include "base/error.h"
#include "base/staging.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "image/image.h"

namespace maskmill {
namespace {

/// `probe` gives the file's header, or throws.
template <class Probe>
std::optional<ImageInfo> probed(const Path& file, std::string rule, std::vector<Finding>& findings,
                                Probe&& probe) {
  ImageInfo info;
  try {
    info = probe();
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

/// `largest`: of the values that occur. Labels lie in runs: each is looked up where one begins.
template <class Stored>
cv::Mat looked_up(const cv::Mat& labels, const std::vector<int>& values, std::optional<int> unlabelled,
                  int& largest) {
  const auto value_of = [&](std::uint16_t label) {
    if (label == kUnlabelled) return unlabelled.value_or(-1);
    return label < values.size() ? values[label] : -1;
  };
  cv::Mat stored(labels.size(), cv::DataType<Stored>::type);
  for (int y = 0; y < labels.rows; ++y) {
    const auto* from = labels.ptr<std::uint16_t>(y);
    auto* to = stored.ptr<Stored>(y);
    for (int begin = 0, end = 0; begin < labels.cols; begin = end) {
      const std::uint16_t label = from[begin];
      while (end < labels.cols && from[end] == label) ++end;
      const int value = value_of(label);
      if (value < 0) throw cannot_store(begin, y, label);
      std::fill(to + begin, to + end, static_cast<Stored>(value));
      largest = std::max(largest, value);
    }
  }
  return stored;
}

/// False where the mask cannot be read or does not fit. `image` is unset for an item without one; its size
/// then is that of its first mask.
bool check_mask(MaskRef& mask, const std::optional<ImageInfo>& image, std::optional<Size>& size, Look look,
                std::vector<Finding>& findings) {
  const auto info = probed(mask.file, "unreadable-mask", findings, [&] { return probe_mask(mask, look); });
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

ImageInfo probe_mask(const MaskRef& mask) {
  try {
    return mask.content ? probe_image_bytes(*mask.content) : probe_image(mask.file);
  } catch (Error& error) {
    throw error.at_file(mask.file);
  }
}

ImageInfo probe_mask(MaskRef& mask, Look look) {
  if (look == Look::masks && !mask.content)
    mask.content = std::make_shared<const std::string>(read_file(mask.file));
  return probe_mask(mask);
}

bool check_files(Item& item, Look look, std::vector<Finding>& findings) {
  if (look == Look::annotations) return true;
  std::optional<ImageInfo> image;
  if (!item.image.empty()) {
    image = probed(item.image, "unreadable-image", findings, [&] { return probe_image(item.image); });
    if (!image) return false;
    item.size = image->size();
  } else if (item.semantic) {
    item.size.reset();  // the mask knows better than what was written down
  }
  if (item.semantic && !check_mask(*item.semantic, image, item.size, look, findings)) return false;
  for (Annotation& annotation : item.annotations)
    if (auto* mask = std::get_if<MaskRef>(&annotation.shape))
      if (!check_mask(*mask, image, item.size, look, findings)) return false;
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

void make_folder(const OutputFolder& output, const std::string& name) {
  boost::system::error_code failure;
  fs::create_directories(output.staging() / name, failure);
  if (failure) throw cannot_write(output.target() / name, failure.value());
}

cv::Mat to_stored_values(const cv::Mat& labels, const std::vector<int>& values,
                         std::optional<int> unlabelled) {
  std::vector<int> occurring = values;
  if (unlabelled) occurring.push_back(*unlabelled);
  const bool narrow = occurring.empty() || std::ranges::max(occurring) <= 255;
  int largest = 0;
  cv::Mat stored = narrow ? looked_up<std::uint8_t>(labels, values, unlabelled, largest)
                          : looked_up<std::uint16_t>(labels, values, unlabelled, largest);
  if (!narrow && largest <= 255) stored.convertTo(stored, CV_8U);
  return stored;
}

}  // namespace maskmill
