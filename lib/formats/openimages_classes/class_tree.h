// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "base/path.h"
#include "formats/format.h"

namespace maskmill {

inline constexpr std::string_view kClassImages = "images", kClassBoxes = "pascal",
                                  kClassMasks = "segmentations";

/// Attributes of an object in pascal/ that are ours: the file of its mask, and its box, "x y width height",
/// where whole pixels do not say it.
inline constexpr std::string_view kClassMaskFile = "mask_file", kClassExactBox = "exact_box";

struct ClassFolder {
  std::string name;
  Path path;
  std::string mid;  ///< by its masks' names; empty where there are none
};

/// A file of an item. 12 bytes and its name.
struct ClassFile {
  enum class Kind : std::uint16_t { image, boxes, mask };
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  NameArena::Number name = NameArena::none;  ///< relative to the class's folder of such files
  std::uint16_t folder = 0;
  Kind kind = Kind::image;
  std::uint32_t next = none;  ///< of the same item
};

struct ClassItem {
  NameArena::Number id = NameArena::none;
  std::uint32_t first = ClassFile::none, last = ClassFile::none;
};

/// 12 bytes an item, 12 a file, and their names.
struct ClassTree {
  std::vector<ClassFolder> folders;  ///< bytewise by name
  std::vector<ClassItem> items;      ///< bytewise by id
  std::deque<ClassFile> files;       // which grows without a copy
  NameArena names;

  /// Its files, a class after another: images, boxes, masks bytewise by name.
  void for_each_file(const ClassItem& item, const std::function<void(const ClassFile&)>& visit) const;
  Path path(const ClassFile& file) const;
};

/// The folders of classes in a folder, or the folder itself where it is one.
std::vector<ClassFolder> find_class_folders(const Path& root);
bool holds(const ClassFolder& folder, std::string_view part);

/// Lists the folders. Findings: "same-name", "unknown-image", "not-an-image", "file-left-out". Throws
/// Error(bad_format) where there is no folder of a class.
ClassTree index_class_tree(const Path& root, Findings& findings);

/// Format::open and Format::create of openimages_classes().
std::unique_ptr<Source> open_openimages_classes(const OpenRequest& request);
std::unique_ptr<Sink> create_openimages_classes(const CreateRequest& request);

}  // namespace maskmill
