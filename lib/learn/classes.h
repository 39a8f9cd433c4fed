// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "dataset/item.h"
#include "dataset/labels.h"
#include "dataset/masks.h"
#include "learn/sample.h"

namespace maskmill::learn {

/// How a data set's labels become the numbers a network tells apart.
class ClassMap {
 public:
  /// Every label but those of role ignore is a class, in the map's order. Where the map has no background and
  /// items are painted from annotations (`painted`), that of with_background() comes first. Throws
  /// Error(bad_value) for fewer than 2 classes or more than 65533 labels.
  ClassMap(const LabelMap& labels, bool painted);

  /// For a detector: class 0 is the background, the map's own or that of with_background(), and the labels of
  /// role object follow in the map's order. Throws Error(bad_value) where there are none, or more than 65533
  /// labels.
  static ClassMap of_objects(const LabelMap& labels);

  /// For data that a trained network is scored on: the classes are the network's, by name, and the
  /// backgrounds by their role. The data need not have all of them. Labels of role ignore stay ignored.
  /// Throws Error(bad_value) naming a label that the network does not know.
  static ClassMap matching(const LabelMap& labels, const LabelMap& classes);

  int size() const { return classes_.size(); }
  /// The classes as labels, with the data set's own ids, so that predictions can be held against it, or,
  /// where a class has none, the class numbers.
  const LabelMap& labels() const { return classes_; }
  /// The data set's labels at their indices, then a background and a void label where it has none.
  const LabelMap& data_labels() const { return painting_; }

  /// The item's mask, read or painted, CV_16UC1 of the picture's size: class numbers or kIgnored (void,
  /// crowds, values that are no label); and which stored values no label has. Throws as semantic_of, and
  /// Error(bad_value) for an item that nobody annotated, a mask of another size than `picture`, and
  /// annotations that were drawn on a picture of another size.
  SemanticMask read(const Item& item, Size picture) const;

  /// The same brought to another size by the pixel under each new pixel's centre, several times as fast for a
  /// large mask, and without a word on values that are no label.
  cv::Mat read_resized(const Item& item, Size picture, Size size) const;

  /// CV_16UC1 label indices (or kUnlabelled) to class numbers or kIgnored.
  cv::Mat classes_from_labels(const cv::Mat& labels) const;
  /// The class of a label of the data set; -1 where it is ignored.
  int class_of(int label) const;
  /// True for the class of what is no object.
  bool is_background(int number) const { return classes_.background() == number; }

 private:
  ClassMap() = default;
  enum class BackgroundPlace { where_it_stands, first };
  void assign_classes(const LabelMap& labels, bool painted,
                      BackgroundPlace place = BackgroundPlace::where_it_stands);

  LabelMap classes_;
  LabelMap painting_;  ///< the data set's labels, then a background and a void label where it has none
  std::vector<std::uint16_t> class_of_label_;  ///< by label index, 65536 entries
};

/// For an item of which nobody can learn, and why: Error(bad_value) with its place.
Error unfit(const Item& item, const std::string& what);
/// Throws unfit() for an item that nobody annotated, and for annotations that were drawn on a picture of
/// another size.
void require_annotations_of(const Item& item, Size picture);

}  // namespace maskmill::learn
