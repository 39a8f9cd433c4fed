// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "base/path.h"
#include "base/settings.h"
#include "dataset/labels.h"

namespace maskmill {

struct LabelmeReadSettings {
  std::optional<std::string> images, labels;
  static void visit(auto& self, auto&& setting) {
    setting("images", self.images, "folder of images, relative to the data set",
            unset("where the JSON files say, else beside them"));
    setting("labels", self.labels, "file that names the labels in their order, relative to the data set",
            unset("labels.json or labels.txt in the data set"));
  }
};

/// One item: 16 bytes and those of its names.
struct LabelmeEntry {
  NameArena::Number document = NameArena::none;  ///< the JSON's path below the root; none: nobody annotated
  NameArena::Number image = NameArena::none;     ///< that of an image below the root
  std::uint16_t subset = 0;                      ///< from 1; 0: in none
  bool subset_in_id = false;                     ///< its name occurs in several subsets
};

struct LabelmeIndex {
  Path root;
  std::vector<LabelmeEntry> entries;  ///< bytewise by id
  NameArena names;
  std::vector<std::string> subsets;
  LabelMap labels;
  bool any_image = false;  ///< in the folder, or inside a JSON

  /// The JSON's path below the root, or the image's where there is none; without extension, and without the
  /// subset's folder unless that is needed to tell two apart.
  std::string id_of(const LabelmeEntry& entry) const;
  Path file(NameArena::Number name) const { return root / std::string(names[name]); }
};

/// Lists the folder, or takes the one file, and reads every JSON once, in parallel, for its labels and its
/// image. Findings: "file-left-out", "same-name", "unreadable-annotation". Throws Error(bad_format) where
/// there is none of LabelMe's.
LabelmeIndex index_labelme(const Path& path, const LabelmeReadSettings& settings, Findings& findings);

/// "a/b.jpg" of "a\b.jpg": LabelMe writes paths as the system does on which it runs.
std::string with_slashes(std::string path);

}  // namespace maskmill
