// SPDX-License-Identifier: Apache-2.0
#include "learn/classes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "image/image.h"

namespace maskmill::learn {
namespace {

constexpr int kTableSize = 65536;
constexpr int kMaxLabels = kIgnored - 2;  // a background and a void label may come to them

std::string free_name(const LabelMap& labels, std::string name) {
  while (labels.find(name)) name += '_';
  return name;
}

void require_size_of(const cv::Mat& mask, const Item& item, Size picture) {
  if (const Size found{mask.cols, mask.rows}; found != picture)
    throw unfit(item, "its mask is " + to_string(found) + " and the picture " + to_string(picture));
}

cv::Mat looked_up(const cv::Mat& samples, const std::vector<std::uint16_t>& label_of) {
  cv::Mat wide, labels(samples.size(), CV_16UC1);
  samples.convertTo(wide, CV_16U);
  for (int y = 0; y < wide.rows; ++y) {
    const auto* from = wide.ptr<std::uint16_t>(y);
    auto* to = labels.ptr<std::uint16_t>(y);
    for (int x = 0; x < wide.cols; ++x) to[x] = label_of.at(from[x]);
  }
  return labels;
}

/// Of an item with a mask, that mask's own size counts.
void require_readable(const Item& item, Size picture) {
  if (!item.annotated || !item.semantic) require_annotations_of(item, picture);
}

}  // namespace

Error unfit(const Item& item, const std::string& what) {
  return Error(Code::bad_value, what).at_file(image_file(item)).at_field(item.id);
}

void require_annotations_of(const Item& item, Size picture) {
  if (!item.annotated) throw unfit(item, "is not annotated");
  if (item.size && *item.size != picture)
    throw unfit(item, "its annotations are of a picture of " + to_string(*item.size) +
                          ", and the picture is " + to_string(picture));
}

ClassMap::ClassMap(const LabelMap& labels, bool painted) {
  assign_classes(labels, painted);
  if (classes_.size() < 2)
    throw Error(Code::bad_value, fmt::format("{} to tell apart; a network needs two or more",
                                             classes_.size() == 1 ? "one class is" : "no classes are"))
        .hint("labels of role ignore are no classes; see: maskmill info");
}

ClassMap ClassMap::of_objects(const LabelMap& labels) {
  ClassMap map;
  map.assign_classes(labels, true, BackgroundPlace::first);
  if (map.size() < 2)
    throw Error(Code::bad_value, "no label is one of objects; a detector needs one or more")
        .hint("labels of role background and ignore stand for no objects; see: maskmill info");
  return map;
}

void ClassMap::assign_classes(const LabelMap& labels, bool painted, BackgroundPlace place) {
  if (labels.size() > kMaxLabels)
    throw Error(Code::bad_value,
                fmt::format("{} labels; at most {} can be told apart in a mask", labels.size(), kMaxLabels));
  painting_ = painted ? with_background(labels) : labels;
  class_of_label_.assign(kTableSize, kIgnored);
  const bool have_ids = std::all_of(painting_.begin(), painting_.end(), [](const Label& label) {
    return label.id || label.role == Role::ignore;
  });
  // Attributes and skeletons stay behind: a network that labels pixels predicts none.
  const auto add_class = [&](int label) {
    const Label& from = painting_[label];
    const int number = classes_.add({.name = from.name,
                                     .id = have_ids ? from.id : classes_.size(),
                                     .colour = painting_.colour(label),
                                     .supercategory = from.supercategory,
                                     .role = from.role,
                                     .kind = from.kind,
                                     .attributes = {},
                                     .skeleton = {}});
    class_of_label_[static_cast<std::size_t>(label)] = static_cast<std::uint16_t>(number);
  };
  const bool is_first = painting_.size() > labels.size() || place == BackgroundPlace::first;
  if (is_first) add_class(*painting_.background());
  bool has_void = false;
  for (int label = 0; label < labels.size(); ++label) {
    if (labels.is_ignored(label))
      has_void = true;
    else if (!is_first || painting_.background() != label)
      add_class(label);
  }
  // Crowds are painted as void; without such a label they could not be told from what nothing covers.
  if (!has_void) {
    Label ignored;
    ignored.name = free_name(painting_, "void");
    ignored.role = Role::ignore;
    painting_.add(ignored);
  }
}

ClassMap ClassMap::matching(const LabelMap& labels, const LabelMap& classes) {
  const auto background = classes.background();
  const bool painted = background && !labels.find(classes[*background].name);
  ClassMap map;
  map.assign_classes(labels, painted);
  for (std::uint16_t& number : map.class_of_label_) {
    if (number == kIgnored) continue;
    const Label& label = map.classes_[number];
    const auto known = label.role == Role::background && background ? background : classes.find(label.name);
    if (!known)
      throw Error(Code::bad_value, "the network does not know the label " + in_quotes(label.name))
          .hint(
              "its classes are in labels.txt; name the data set's labels alike, or train on them; a label that "
              "means void is stated with --read ignore=" +
              label.name);
    number = static_cast<std::uint16_t>(*known);
  }
  map.classes_ = classes;
  return map;
}

SemanticMask ClassMap::read(const Item& item, Size picture) const {
  require_readable(item, picture);
  Item sized = item;
  sized.size = picture;
  SemanticMask mask = semantic_of(sized, painting_);
  require_size_of(mask.labels, item, picture);
  mask.labels = classes_from_labels(mask.labels);
  return mask;
}

cv::Mat ClassMap::read_resized(const Item& item, Size picture, Size size) const {
  if (!item.semantic) return resize_nearest(read(item, picture).labels, size);
  require_readable(item, picture);
  // Looked up last, where few pixels are left.
  const CodedMask coded = read_coded(*item.semantic, picture);
  require_size_of(coded.samples, item, picture);
  const cv::Mat samples = resize_nearest(coded.samples, size);
  return classes_from_labels(coded.label_of.empty() ? samples : looked_up(samples, coded.label_of));
}

cv::Mat ClassMap::classes_from_labels(const cv::Mat& labels) const {
  if (labels.type() != CV_16UC1) throw Error(Code::bug, "label masks are CV_16UC1");
  cv::Mat classes(labels.size(), CV_16UC1);
  for (int y = 0; y < labels.rows; ++y) {
    const auto* from = labels.ptr<std::uint16_t>(y);
    auto* to = classes.ptr<std::uint16_t>(y);
    for (int x = 0; x < labels.cols; ++x) to[x] = class_of_label_[from[x]];
  }
  return classes;
}

int ClassMap::class_of(int label) const {
  if (label < 0 || label >= kTableSize) throw Error(Code::bug, fmt::format("label {} is not there", label));
  const int found = class_of_label_[static_cast<std::size_t>(label)];
  return found == kIgnored ? -1 : found;
}

}  // namespace maskmill::learn
