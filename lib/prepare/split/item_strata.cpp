// SPDX-License-Identifier: Apache-2.0
#include "prepare/split/item_strata.h"

#include <algorithm>
#include <limits>

#include "dataset/masks.h"

namespace maskmill {
namespace {

template <class Sample>
std::vector<std::int64_t> histogram(const cv::Mat& samples) {
  std::vector<std::int64_t> counts(std::size_t{1} << (8 * sizeof(Sample)), 0);
  for (int y = 0; y < samples.rows; ++y) {
    const auto* row = samples.ptr<Sample>(y);
    for (int x = 0; x < samples.cols; ++x) ++counts[row[x]];
  }
  return counts;
}

class Counter {
 public:
  explicit Counter(int labels)
      : is_present_(static_cast<std::size_t>(labels), false), pixels_(is_present_.size(), 0) {}

  void add(const CodedMask& mask) {
    const auto counts = mask.samples.elemSize1() == 1 ? histogram<std::uint8_t>(mask.samples)
                                                      : histogram<std::uint16_t>(mask.samples);
    for (std::size_t value = 0; value < counts.size(); ++value) {
      if (counts[value] == 0) continue;
      const std::size_t label = mask.label_of.empty() ? value : mask.label_of[value];
      if (label < pixels_.size()) add(label, counts[value]);
    }
  }
  void add(std::size_t label, std::int64_t pixels) {
    is_present_[label] = true;
    pixels_[label] += pixels;
  }

  std::vector<HeldLabel> held(const LabelMap& labels) const {
    std::vector<HeldLabel> held;
    for (std::uint32_t label = 0; label < pixels_.size(); ++label)
      if (is_present_[label] && labels[static_cast<int>(label)].role != Role::ignore)
        held.push_back({label, static_cast<std::uint32_t>(std::min<std::int64_t>(
                                   pixels_[label], std::numeric_limits<std::uint32_t>::max()))});
    return held;
  }

 private:
  std::vector<bool> is_present_;  // by label
  std::vector<std::int64_t> pixels_;
};

}  // namespace

std::vector<HeldLabel> held_labels(const Item& item, const LabelMap& labels, bool count_pixels) {
  Counter counter(labels.size());
  if (item.semantic) counter.add(read_coded(*item.semantic, item.size));
  for (const Annotation& annotation : item.annotations) {
    if (!annotation.label) continue;
    const bool is_whole = is_label_mask(annotation);
    const bool is_measured =
        item.size && (is_whole || (count_pixels && !item.semantic && has_area(annotation.shape)));
    const std::int64_t pixels = is_measured ? area(pixels_of(annotation, *item.size)) : 0;
    if (is_whole && is_measured && pixels == 0) continue;
    counter.add(static_cast<std::size_t>(*annotation.label), item.semantic ? 0 : pixels);
  }
  return counter.held(labels);
}

}  // namespace maskmill
