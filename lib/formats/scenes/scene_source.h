// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "formats/indexed_source.h"
#include "formats/scenes/scene_labels.h"

namespace maskmill {

/// An item's files; empty where there is none.
struct SceneFiles {
  std::string id, subset;
  Path image;
  Path labels;        ///< a mask of label ids
  Path numbers;       ///< a 16-bit mask of instance numbers
  Path train_labels;  ///< a mask of training ids
  Path colours;
  Path polygons;  ///< of Cityscapes
  bool has_masks() const {
    return !labels.empty() || !numbers.empty() || !train_labels.empty() || !colours.empty();
  }
  bool has_truth() const { return has_masks() || !polygons.empty(); }
};

/// Items of such files: the label mask is the first of labels, numbers, train_labels and colours that is
/// there; the numbers, where they are there, are its instance mask, in which groups are crowds. A subclass
/// fills in metadata_, `codings_` and the two sets.
class SceneSource : public IndexedSource {
 protected:
  virtual SceneFiles files_of(std::size_t index) const = 0;
  /// Annotations of an item that has no mask, or whose masks are not asked for. False: it must be left out.
  virtual bool add_annotations(Item& /*item*/, const SceneFiles& /*files*/,
                               std::vector<Finding>& /*findings*/) const {
    return true;
  }
  virtual bool prefers_annotations() const { return false; }

  std::optional<Item> read(std::size_t index, Look look, std::vector<Finding>& findings) const override;

  SceneCodings codings_;
  std::vector<bool> labelled_subsets_;  ///< by place in metadata_.subsets: some item is annotated
  bool any_unnamed_labelled_ = false;   ///< the same of the items in no subset
  bool has_images_ = false;

 private:
  bool is_labelled(const std::string& subset) const;
  void add_masks(Item& item, const SceneFiles& files) const;
};

}  // namespace maskmill
