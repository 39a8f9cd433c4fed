// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/finding.h"
#include "base/hash.h"
#include "base/hash_index.h"
#include "formats/coco/coco_layout.h"
#include "formats/coco/coco_metadata.h"
#include "formats/coco/coco_records.h"
#include "formats/json_elements.h"

namespace maskmill {

/// Digests that are known by the order in which they came: 28 to 40 bytes each.
class DigestList {
 public:
  std::optional<std::uint32_t> find(const Digest& digest) const {
    return index_.find(digest.low, [&](std::uint32_t number) { return digests_[number] == digest; });
  }
  /// False where it is there already.
  bool add(const Digest& digest) {
    if (find(digest)) return false;
    index_.add(digest.low, static_cast<std::uint32_t>(digests_.size()));
    digests_.push_back(digest);
    return true;
  }

 private:
  std::deque<Digest> digests_;
  HashIndex index_;
};

/// What the items of a data set's files have, which no other item may have as well.
struct CocoTaken {
  DigestList ids;
  /// Pictures that were found by the end of a name, and the whole of that name.
  std::unordered_map<Digest, std::string, HashDigest> pictures;
};

/// Where an image's element lies.
struct CocoImageEntry {
  std::uint64_t offset = 0;
  std::uint32_t length = 0, line = 0;
  std::uint32_t number = 0;  ///< in the file's list, from 0
  std::uint32_t first_annotation =
      0;                        ///< of those in the images' order; they end where the next image's begin
  std::uint8_t id_form = 0;     ///< which of CocoImageName::ids it has
  std::uint8_t name_parts = 0;  ///< how many of the last parts its name has, if that is not all of it
};

struct CocoAnnotationEntry {
  std::uint64_t offset = 0;
  std::uint32_t length : 31 = 0, repeats_id : 1 = 0;  ///< an earlier annotation has its id
  std::uint32_t line = 0;
};

/// What an image is called.
struct CocoImageName {
  std::string name;  ///< below an image folder, or absolute where our writer put it so; empty: no image
  std::vector<std::string> outside;  ///< all parts of a name that leaves the data set, or of an address
  std::vector<std::string> ids;      ///< for the item; the first that is free is taken
};
/// `parts`: how many of the last parts of a name are used that leaves the data set, or of an address.
CocoImageName coco_image_name(const ImageRecord& image, const CocoFile& file, std::size_t parts);

/// Finds every element of one file in one pass, and groups the annotations by their image: 20 bytes an
/// annotation, and 32 until that is done; of detections 20, and 24.
///
/// Detections come in a file of their own, in any order. Without a file that says what images and categories
/// there are, an image is what detections name, and so is a category, which is called by its id.
class CocoIndex {
 public:
  /// `taken`: by the items of all files. Throws Error as scan() does; what costs one element is a finding.
  CocoIndex(CocoFile file, CocoMetadataReader& metadata, CocoTaken& taken, Findings& findings);

  const CocoFile& file() const { return file_; }
  const SharedFile& json() const { return json_; }
  /// Where the annotations lie, and the name of their list there; a list alone has none.
  const SharedFile& annotations_json() const { return results_ ? *results_ : json_; }
  std::string_view annotations_list() const { return results_ ? "" : "annotations"; }
  const std::deque<CocoImageEntry>& images() const { return images_; }
  /// Of an image that only detections name: its id. Nothing where it has an element of its own.
  std::optional<CocoId> bare_id(std::size_t image) const;
  /// Their numbers in the file's list, from 0.
  std::span<const std::uint32_t> annotations_of(std::size_t image) const;
  bool names_annotations() const { return !by_image_.empty(); }
  const CocoAnnotationEntry& annotation(std::uint32_t number) const { return annotations_[number]; }
  /// The subsets that images name, in the order in which they do.
  const std::vector<std::string>& subsets() const { return subsets_; }
  /// The file has a list of annotations, even if it is empty.
  bool has_annotations() const { return has_annotations_; }

 private:
  class Builder;
  CocoFile file_;
  SharedFile json_;
  std::deque<CocoImageEntry> images_;  // which grows without a copy
  std::deque<CocoAnnotationEntry> annotations_;
  std::vector<std::uint32_t> by_image_;
  std::vector<std::string> subsets_;
  std::unique_ptr<SharedFile> results_;
  std::deque<CocoId> bare_ids_;
  bool has_annotations_ = false;
};

/// Puts a place that is relative to an element into the file.
Place place_in(const SharedFile& file, std::uint64_t line, const std::string& element, const Place& inner);
/// "annotations[17]", "[17]"
std::string element_name(std::string_view list, std::uint64_t number);

}  // namespace maskmill
