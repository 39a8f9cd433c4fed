// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/output.h"
#include "dataset/masks.h"
#include "formats/format.h"
#include "formats/scenes/scene_labels.h"

namespace maskmill {

/// What Cityscapes and KITTI hold.
Capabilities held_by_scenes();

/// The numbers of a data set's labels in an output. Those that Cityscapes names have its ids; others the free
/// ones from 34 up, labels whose objects are told apart first, since their numbers must leave room for
/// objects'.
struct SceneOutputLabels {
  LabelMap map;
  std::vector<int> values;        ///< by label; kNoSceneValue: never painted
  std::vector<int> train_values;  ///< the same of training ids
};
/// Throws Error(bad_value) for more labels than there are numbers.
SceneOutputLabels scene_output_labels(const LabelMap& labels, const SceneNumbers& numbers);

/// Writes a mask of label ids for each annotated item and, where objects are known, a 16-bit one of their
/// numbers. Annotations are painted; crowds lie under everything else, unless each annotation has its place
/// in the stack. What nothing covers is "unlabeled" where the data set has such a label, else its
/// background, else void. labels.json is written where the labels are not just Cityscapes'.
class SceneSink : public Sink {
 public:
  SceneSink(const CreateRequest& request, const SceneNumbers& numbers);

  std::function<void()> encode(Item item) override;
  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }
  void close(const Provenance& provenance) override;
  const Findings& findings() const override { return findings_; }

 protected:
  /// Where an item's files lie, relative to the output.
  struct Names {
    std::string image_folder;  ///< of which the image's name is relative
    std::string image;
    std::string labels, numbers;
    std::string colours, train_labels, polygons;  ///< empty: not written
  };
  /// Throws Error for an item that no file can be named after. A finding says that it is renamed.
  virtual Names names_of(const Item& item, std::vector<Finding>& found) const = 0;

  /// The annotations that have an area, in the order in which they are painted.
  using Painted = std::vector<const Annotation*>;
  /// A document of the annotations themselves; empty where it cannot say them exactly.
  virtual std::string polygons_of(const Item& /*item*/, const Painted& /*painted*/) const { return {}; }
  /// True where objects of a label that is no thing are numbered too, where there is more than one.
  virtual bool numbers_stuff() const { return false; }

  const LabelMap& labels() const { return labels_.map; }
  int value_of(int label) const { return labels_.values[static_cast<std::size_t>(label)]; }

 private:
  struct Masks {
    cv::Mat labels;   ///< CV_8UC1: values
    cv::Mat numbers;  ///< CV_16UC1; empty where objects are not known
    std::string label_bytes, number_bytes;
    int unlabelled = 0;
    bool uses_background = false;
  };
  /// What a picture of labels and objects says of each object, by its number less 1.
  struct Objects {
    std::vector<int> label;  ///< kNoLabel: none
    std::vector<bool> crowd;
    bool polygons = false;  ///< a document keeps them apart as well
  };

  Painted painting_order(const Item& item, bool all_held, std::vector<Finding>& found) const;
  Masks painted(const Item& item, const Painted& order, bool has_polygons, std::vector<Finding>& found) const;
  void cover(PaintedMask& mask, int void_label) const;
  cv::Mat labels_in(const MaskRef& mask, const Item& item, std::vector<Finding>& found) const;
  Masks copied(const Item& item, std::vector<Finding>& found) const;
  Masks stored(const cv::Mat& labels, const cv::Mat& numbers, const Objects& objects, const Item& item,
               std::vector<Finding>& found) const;
  Objects objects_by_vote(const cv::Mat& labels, const cv::Mat& numbers) const;
  std::vector<std::uint16_t> stored_numbers(const Objects& objects, const Item& item,
                                            std::vector<Finding>& found) const;
  bool is_written_so(const MaskRef& mask) const;
  void claim(const std::string& name);

  const SceneNumbers numbers_;
  const Media media_;
  const SceneOutputLabels labels_;
  const std::shared_ptr<const MaskCoding> number_coding_;
  OutputFolder folder_;
  Findings findings_;
  std::mutex names_mutex_;
  std::unordered_set<std::uint64_t> names_;  ///< hashes of label masks' names
  bool any_unlabelled_ = false, any_background_ = false;
};

}  // namespace maskmill
