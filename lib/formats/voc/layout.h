// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/finding.h"
#include "base/name_arena.h"
#include "base/path.h"
#include "base/settings.h"
#include "dataset/item.h"

namespace maskmill {

/// Which lists under ImageSets say what the items are.
enum class VocSets { main, segmentation, all };
template <>
inline constexpr std::array<std::string_view, 3> enum_names<VocSets>{"main", "segmentation", "all"};

struct VocReadSettings {
  VocSets sets = VocSets::all;
  std::optional<std::string> images;
  std::optional<std::string> labels;
  static void visit(auto& self, auto&& setting) {
    setting(
        "sets", self.sets,
        "the items: those that ImageSets/Main lists, those of ImageSets/Segmentation, or all, listed or not");
    setting("images", self.images, "folder of images, relative to the data set",
            unset("JPEGImages or images, else where the XML files are"));
    setting(
        "labels", self.labels, "labelmap.txt or a file of names, relative to the data set; voc for VOC's own",
        unset("labelmap.txt, labels.txt, class_names.txt or classes.txt; else the names in the XML files"));
  }
};

/// Where the parts of a data set lie; a path is empty where the part is not there.
struct VocFolders {
  Path root, annotations, images, class_masks, object_masks, main_sets, segmentation_sets;
  /// The XML files, and perhaps the images, lie in the root itself: folders below belong to something else.
  bool flat = false;
  /// They lie in folders in the root that are called as subsets usually are, which say an item's subset.
  bool by_subset = false;
};

/// In `source`, or in the one data set in its folders, as VOCdevkit/VOC2012. Names in any case.
/// Throws Error(not_found | unreadable | bad_format): none there, or several.
VocFolders find_voc_folders(const Path& source, const std::optional<std::string>& images = std::nullopt);

/// Gives the item an id that a list can name and a folder hold, with a finding "renamed" where that is
/// another.
void make_listable(Item& item, std::vector<Finding>& findings);

/// One item: which files it has. 24 bytes and those of its id.
struct VocEntry {
  static constexpr std::uint16_t none =
      0;  ///< of an extension: there is no such file; of a subset: it is in none
  NameArena::Number id = NameArena::none;
  std::uint32_t subset = none;  ///< from 1
  std::uint16_t image = none, annotation = none, class_mask = none,
                object_mask = none;  ///< extensions, from 1
  bool in_segmentation = false;      ///< a list of ImageSets/Segmentation names it
};

struct VocIndex {
  std::vector<VocEntry> entries;  ///< in the order of the items
  NameArena names;
  std::vector<std::string>
      subsets;  ///< those that have items: train, val, trainval, test, then others bytewise
  std::vector<std::string> extensions;  ///< with the dot, as the files have them

  std::string id_of(const VocEntry& entry) const { return std::string(names[entry.id]); }

  /// The entry's file below `folder`; empty where its extension is none.
  Path file(const VocEntry& entry, std::uint16_t extension, const Path& folder) const {
    return extension == VocEntry::none ? Path() : folder / (id_of(entry) + extensions[extension - 1U]);
  }
};

/// Lists the folders and reads the lists.
///
/// With lists, items come a subset after the other, in the order of Main's list and then of Segmentation's;
/// with VocSets::all those that no list names follow bytewise, in no subset. Without lists all come bytewise.
/// With VocFolders::by_subset the folders say the subsets. Lists a class (`<class>_train.txt`) are none of
/// subsets. An item in trainval and in another list is in the other. One that is in two others is a finding
/// "subset-conflict"; it stays in the first, but Segmentation's list goes before Main's. Further findings:
/// "listed-absent", "listed-twice", "unlisted", "same-name". Throws Error(bad_value) where the lists asked
/// for are not there.
VocIndex index_voc(const VocFolders& folders, VocSets sets, Findings& findings);

}  // namespace maskmill
