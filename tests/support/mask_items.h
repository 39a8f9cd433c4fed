// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rapidcheck.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "dataset/masks.h"
#include "support/data_sets.h"

// Data sets of masks at random, for round trips of formats that hold masks.
namespace maskmill::tests {

/// What a generated data set may have.
struct MaskItemKinds {
  bool ignore = true;       ///< labels that are ignored, and pixels without a label
  bool instances = false;   ///< object masks beside some of the masks
  bool unannotated = true;  ///< items without a mask
  bool no_subset = true;    ///< items in no subset
  bool one_label = false;   ///< an image shows one label beside background
};

struct MaskItems {
  Metadata metadata;
  std::vector<Item> items;
  std::vector<cv::Mat> labels;     ///< by item, CV_16UC1; empty where it is not annotated
  std::vector<cv::Mat> instances;  ///< CV_16UC1; empty where there are none
};

inline bool coin() {
  return *rc::gen::arbitrary<bool>();
}

inline MaskRef made_mask(const cv::Mat& pixels, std::shared_ptr<const MaskCoding> coding, const Path& from) {
  MaskRef mask{{}, std::move(coding), std::nullopt, false};
  mask.made = std::make_shared<const MadeMask>(MadeMask{[pixels] {
                                                          return RawImage{pixels, {}, 16};
                                                        },
                                                        {from}});
  return mask;
}

/// Labels of distinct names and colours, with a background and perhaps ids, in any order.
inline LabelMap drawn_labels(const MaskItemKinds& kinds) {
  const int count = *rc::gen::inRange(2, 6), background = *rc::gen::inRange(0, count);
  const bool with_ids = coin();
  std::vector<Label> labels;
  for (int i = 0; i < count; ++i) {
    Label label;
    label.name = *rc::gen::element<std::string>("road", "a b", "\xC3\xA9", "x-y", "R&D") + std::to_string(i);
    if (with_ids) label.id = 10 * i + *rc::gen::inRange(1, 9);
    if (coin()) label.colour = Rgb{static_cast<std::uint8_t>(7 + i), 1, *rc::gen::arbitrary<std::uint8_t>()};
    if (i == background) label.role = Role::background;
    if (i != background && i > 0 && kinds.ignore && *rc::gen::inRange(0, 4) == 0) label.role = Role::ignore;
    labels.push_back(std::move(label));
  }
  return LabelMap(labels);
}

/// With `shows_one`, it shows a label beside background in any case.
inline cv::Mat drawn_mask(const LabelMap& labels, Size size, const MaskItemKinds& kinds, bool shows_one) {
  std::vector<int> values;
  if (kinds.one_label)
    values = {*labels.background(), *rc::gen::inRange(0, labels.size())};
  else
    for (int i = *rc::gen::inRange(1, 5); i > 0; --i) values.push_back(*rc::gen::inRange(0, labels.size()));
  if (kinds.ignore && *rc::gen::inRange(0, 4) == 0) values.push_back(kUnlabelled);
  cv::Mat mask(size.height, size.width, CV_16UC1);
  for (auto pixel = mask.begin<std::uint16_t>(); pixel != mask.end<std::uint16_t>(); ++pixel)
    *pixel = static_cast<std::uint16_t>(*rc::gen::elementOf(values));
  if (shows_one && cv::countNonZero(mask != *labels.background()) == 0)
    mask.at<std::uint16_t>(0, 0) = labels.background() == 0 ? 1 : 0;
  return mask;
}

inline MaskItems drawn_mask_items(const Scratch& scratch, const MaskItemKinds& kinds = {}) {
  MaskItems drawn;
  drawn.metadata.labels = drawn_labels(kinds);
  const LabelMap& labels = drawn.metadata.labels;
  if (coin() || !kinds.no_subset) drawn.metadata.subsets = {"val", "train", "other one"};
  std::vector<std::string> subsets = drawn.metadata.subsets;
  if (kinds.no_subset) subsets.emplace_back();
  const int count = *rc::gen::inRange(1, 5), annotated = *rc::gen::inRange(0, count);
  for (int i = 0; i < count; ++i) {
    Item item;
    item.id = *rc::gen::element<std::string>("", "\xC3\xA9 ", "0") + "image " + std::to_string(i);
    const Size size{*rc::gen::inRange(1, 9), *rc::gen::inRange(1, 9)};
    item.image = scratch.write("drawn/" + std::to_string(i) + ".png", png_picture(size));
    item.file_name = item.id + ".png";
    item.size = size;
    item.subset = *rc::gen::elementOf(subsets);
    item.annotated = i == annotated || !kinds.unannotated || *rc::gen::inRange(0, 4) > 0;
    cv::Mat mask, numbers;
    if (item.annotated) {
      mask = drawn_mask(labels, size, kinds, i == annotated);
      item.semantic = made_mask(mask, index_coding(labels.size()), item.image);
    }
    if (item.annotated && kinds.instances && coin()) {
      numbers.create(size.height, size.width, CV_16UC1);
      const int most = *rc::gen::element(3, 254, 255, 256, 300, 65534);
      for (auto pixel = numbers.begin<std::uint16_t>(); pixel != numbers.end<std::uint16_t>(); ++pixel)
        *pixel = static_cast<std::uint16_t>(*rc::gen::inRange(0, most + 1));
      item.instances = made_mask(numbers, number_coding(), item.image);
    }
    drawn.items.push_back(std::move(item));
    drawn.labels.push_back(mask);
    drawn.instances.push_back(numbers);
  }
  return drawn;
}

/// Writes them, and gives the findings of writing.
inline std::vector<Finding> write_items(const Format& format, const Path& target, const MaskItems& drawn,
                                        std::vector<std::string> settings = {}) {
  CreateRequest request;
  request.target = target;
  request.metadata = drawn.metadata;
  request.settings = std::move(settings);
  const auto sink = format.create(request);
  for (const Item& item : drawn.items) sink->encode(item)();
  sink->close({.command = "test", .inputs = {}});
  std::vector<Finding> findings;
  sink->findings().for_each([&](const Finding& finding) { findings.push_back(finding); });
  return findings;
}

/// True where each pixel has the label of the same name, or none, which is void once it is written.
inline bool same_labels(const cv::Mat& written, const LabelMap& before, const cv::Mat& read,
                        const LabelMap& after) {
  if (written.size() != read.size()) return false;
  for (int y = 0; y < written.rows; ++y)
    for (int x = 0; x < written.cols; ++x) {
      const int was = written.at<std::uint16_t>(y, x), is = read.at<std::uint16_t>(y, x);
      if (was == kUnlabelled ? is != kUnlabelled && !after.is_ignored(is)
                             : is == kUnlabelled || before[was].name != after[is].name)
        return false;
    }
  return true;
}

/// True where every label is there with its role and id and, where it states one, its colour.
inline bool holds_labels(const LabelMap& before, const LabelMap& after) {
  return std::ranges::all_of(before, [&](const Label& label) {
    const auto found = after.find(label.name);
    return found && after[*found].role == label.role && (!label.id || after[*found].id == label.id) &&
           (!label.colour || after[*found].colour == label.colour);
  });
}

}  // namespace maskmill::tests
