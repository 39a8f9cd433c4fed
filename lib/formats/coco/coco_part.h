// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/output.h"
#include "base/part_file.h"
#include "dataset/item.h"
#include "formats/coco/coco_metadata.h"
#include "formats/id_list.h"

namespace maskmill {

/// An annotation as the end of a JSON object, `,"key":...}`: its image's id comes before.
struct CocoAnnotationText {
  std::optional<std::int64_t> id;
  Flag crowd;
  std::string text;
  bool is_whole =
      false;  ///< neither an id nor iscrowd comes before: a panoptic file has them in the segments
};

/// An image as such an end, its id comes before, and its annotations.
struct CocoItemText {
  std::string subset;
  std::optional<std::int64_t> id;
  std::string image;
  std::vector<CocoAnnotationText> annotations;
  std::vector<Finding> findings;
};

/// Text into a file, an element a line.
class CocoListWriter {
 public:
  explicit CocoListWriter(ByteWriter& file) : file_(file) {}

  /// A list of an object, of which something stands before; without a key, one that stands alone.
  void begin(std::string_view key);
  void element(std::string_view text);
  void end() { add("\n]"); }
  void add(std::string_view text);
  /// To be called at the end.
  void flush();

 private:
  ByteWriter& file_;
  std::string buffer_;
  bool is_first_ = true;
};

/// One annotation file on its way. Ids are given out at the end, when all that are taken are known; so is
/// what an unknown iscrowd becomes.
class CocoPart {
 public:
  explicit CocoPart(PartFile& file) : images_(file), annotations_(file) {}

  void append(const CocoItemText& item);
  void write(ByteWriter& file, const CocoHeader& header, const std::vector<std::string>& subsets,
             Findings& findings);

 private:
  LineStore images_, annotations_;
  IdList image_ids_, annotation_ids_;
  std::deque<std::uint32_t> annotation_counts_;  // by image
  bool crowd_is_unknown_ = false, crowd_is_denied_ = false;
};

/// All ids, and a finding where some were given anew.
std::deque<std::int64_t> resolved_ids(IdList&& list, std::string_view what, Findings& findings);

/// A name that is unique because the item's id is, and that a JSON file can hold: UTF-8, inside the folder.
std::string coco_name_for(const Item& item);

/// Throws Error(bad_value) for a subset that cannot be part of a file's name.
void require_coco_subset(const std::string& subset);

}  // namespace maskmill
