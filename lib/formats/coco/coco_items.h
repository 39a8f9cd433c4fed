// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataset/dataset.h"
#include "formats/coco/coco_index.h"
#include "formats/coco/coco_layout.h"
#include "formats/coco/coco_metadata.h"
#include "formats/coco/coco_records.h"

namespace maskmill {

/// The items of COCO's files of any kind: what all share. A kind says what its annotations' elements are.
class CocoItems : public Source {
 public:
  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return size_; }
  const Findings& findings() const override { return findings_; }
  void rewind() override { file_ = image_ = 0; }
  ReadItem next() override;

 protected:
  /// Throws Error as CocoIndex.
  explicit CocoItems(CocoLayout layout);

  /// One element of the list of annotations.
  struct Element {
    std::uint32_t number = 0;  ///< in its list
    const CocoAnnotationEntry* entry = nullptr;
    std::string_view text;  ///< padded as json_elements.h says
  };
  /// What reading an item's annotations has to do with.
  struct Reading {
    const CocoIndex& index;
    std::size_t file = 0;   ///< the number of the index
    std::size_t image = 0;  ///< in the index
    Look look = Look::headers;
    RecordReader& records;
    std::vector<Finding>& findings;
    AnnotationContext context;

    /// Visits the image's elements in order. What `visit` throws or finds is put into its place: this
    /// element is lost, not its neighbours.
    void for_each(const std::function<void(const Element&, std::vector<Finding>&)>& visit) const;
    Place place_of(const Element& element) const;
  };
  /// Adds the annotations to an item of which all else is known. False: it has to be left out, and a finding
  /// says why. On any thread.
  virtual bool annotate(Item& item, Reading& reading) const;
  /// An annotation of an element; one whose id is an earlier one's gets none.
  static Annotation annotation_of(const Element& element, Reading& reading, std::vector<Finding>& findings);

  std::size_t number_of_files() const { return indexes_.size(); }
  const CocoIndex& index(std::size_t file) const { return *indexes_[file]; }

  Metadata metadata_;
  Findings findings_;

 private:
  std::vector<std::string> subsets() const;
  std::optional<Item> read(std::size_t file, std::size_t number, Look look,
                           std::vector<Finding>& findings) const;

  std::vector<std::unique_ptr<CocoIndex>> indexes_;
  std::vector<CocoFileMetadata> files_;
  std::size_t size_ = 0;
  std::size_t file_ = 0, image_ = 0;  // of next()
};

}  // namespace maskmill
