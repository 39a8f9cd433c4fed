// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/mask_scan.h"

#include <algorithm>
#include <optional>

#include "base/parallel.h"
#include "base/progress.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostValues = 1024;
constexpr std::size_t kMostAtOnce = 64;
constexpr Rgb kBlack{0, 0, 0}, kWhite{255, 255, 255};

template <class Sample>
std::set<int> values_of(const cv::Mat& pixels) {
  std::vector<bool> seen(std::size_t{1} << (8 * sizeof(Sample)));
  const std::ptrdiff_t step = pixels.channels();  // gray and alpha: the alpha is passed over
  for (int y = 0; y < pixels.rows; ++y) {
    const auto* row = pixels.ptr<Sample>(y);
    int last = -1;
    for (int x = 0; x < pixels.cols; ++x)
      if (const int value = row[x * step]; value != last) seen[static_cast<std::size_t>(last = value)] = true;
  }
  std::set<int> values;
  for (std::size_t value = 0; value < seen.size() && values.size() <= kMostValues; ++value)
    if (seen[value]) values.insert(values.end(), static_cast<int>(value));
  return values;
}

std::set<Rgb> colours_of(const cv::Mat& pixels) {
  std::set<Rgb> colours;
  const std::ptrdiff_t step = pixels.channels();
  for (int y = 0; y < pixels.rows; ++y) {
    const auto* sample = pixels.ptr<std::uint8_t>(y);
    std::optional<Rgb> last;
    for (int x = 0; x < pixels.cols; ++x, sample += step) {
      const Rgb colour{sample[0], sample[1], sample[2]};
      if (colour == last) continue;
      last = colour;
      // A photograph has more colours than are worth counting.
      if (colours.size() <= kMostValues) colours.insert(colour);
    }
  }
  return colours;
}

struct ScannedMask {
  MaskScan found;
  std::optional<Error> unreadable;
};

ScannedMask scan_one(const Path& file) {
  ScannedMask scanned;
  MaskScan& found = scanned.found;
  try {
    const RawImage mask = read_raw(file);
    if (mask.pixels.channels() >= 3) {
      found.any_colour = true;
      found.colours = colours_of(mask.pixels);
      return scanned;
    }
    found.values = mask.pixels.depth() == CV_16U ? values_of<std::uint16_t>(mask.pixels)
                                                 : values_of<std::uint8_t>(mask.pixels);
    for (const int value : found.values) {
      if (static_cast<std::size_t>(value) < mask.palette.size())
        found.colours.insert(found.palette[value] = mask.palette[static_cast<std::size_t>(value)]);
      else if (const auto gray = static_cast<std::uint8_t>(value); gray == value)
        found.colours.insert({gray, gray, gray});
    }
  } catch (const Error& error) {
    if (error.code() == Code::interrupted) throw;
    scanned.unreadable = Error(error).at_file(file);
  }
  return scanned;
}

void add(MaskScan& sum, MaskScan&& part) {
  sum.any_colour |= part.any_colour;
  sum.values.merge(part.values);
  sum.palette.merge(part.palette);
  sum.colours.merge(part.colours);
}

void require_labels(const MaskScan& scan, const Path& last) {
  if (scan.any_colour ? scan.colours.size() <= kMostValues : scan.values.size() <= kMostValues) return;
  throw Error(Code::bad_value,
              "the masks up to this one hold more than 1024 different values: those look like a "
              "photograph, like instance numbers or like smoothed colours, not like labels")
      .at_file(last)
      .hint(
          "name the labels in a file beside the folders, such as labels.json or label_colors.txt, after which "
          "maskmill check says whether the masks were smoothed; or point at the folder of masks with "
          "masks=FOLDER");
}

/// Masks without any object say nothing yet.
bool is_blank(const MaskScan& scan) {
  return std::ranges::all_of(scan.values, [](int value) { return value == 0; }) &&
         std::ranges::all_of(scan.colours, [](const Rgb& colour) { return colour == kBlack; });
}

}  // namespace

PixelCoding MaskScan::coding() const {
  if (any_colour) {
    const bool two = std::ranges::all_of(colours, [](const Rgb& c) { return c == kBlack || c == kWhite; });
    return two && colours.contains(kWhite) ? PixelCoding::binary : PixelCoding::colour;
  }
  const bool two = std::ranges::all_of(values, [](int value) { return value == 0 || value == 255; });
  return two && values.contains(255) ? PixelCoding::binary : PixelCoding::index;
}

MaskScan scan_masks(std::size_t count, const std::function<Path(std::size_t)>& mask_at, ScanUntil until,
                    const UnreadableMask& unreadable) {
  MaskScan scan;
  Progress progress("reading the masks' values",
                    until == ScanUntil::end ? std::optional(count) : std::nullopt);
  std::size_t at_once = until == ScanUntil::end ? kMostAtOnce : 2;
  for (std::size_t first = 0; first < count; first += at_once, at_once = std::min(2 * at_once, kMostAtOnce)) {
    std::vector<ScannedMask> parts(std::min(at_once, count - first));
    parallel_for(parts.size(), [&](std::size_t i) { parts[i] = scan_one(mask_at(first + i)); });
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].unreadable) unreadable(first + i, *parts[i].unreadable);
      add(scan, std::move(parts[i].found));
    }
    progress.advance(parts.size());
    // With labels that are named already, values beside them are check's to tell.
    if (until == ScanUntil::end) require_labels(scan, mask_at(first + parts.size() - 1));
    if (until == ScanUntil::not_binary && scan.coding() != PixelCoding::binary && !is_blank(scan)) break;
  }
  return scan;
}

}  // namespace maskmill
