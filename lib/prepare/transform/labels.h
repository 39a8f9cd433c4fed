// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/settings.h"
#include "dataset/dataset.h"
#include "formats/format.h"

namespace maskmill {

/// What becomes of the labels that are not kept.
enum class Others {
  /// Pixels become background. Annotations are left out; where the target paints masks, they first hide what
  /// lies under them, so that the mask is that of all labels with these made background.
  background,
  ignore,  ///< void, in masks and in annotations, which become crowds
  drop     ///< annotations are left out as if they had never been; pixels become background
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<Others>{"background", "void", "drop"};

/// Names are those of the source, however many of the settings are given; "*" and "?" stand for any letters
/// and for one, where no label has that very name.
struct RelabelSettings {
  std::vector<std::string> select{}, drop{}, rename{}, merge{}, binary{};
  Others others = Others::background;

  bool any() const {
    return !select.empty() || !drop.empty() || !rename.empty() || !merge.empty() || !binary.empty();
  }

  static void visit(auto& self, auto&& setting) {
    setting("select", self.select, "keep these labels, background and void; * and ? stand for letters");
    setting("drop", self.drop, "do not keep these labels");
    setting("others", self.others,
            "what the labels become that are not kept: background, void, or nothing, as if their annotations "
            "had never been");
    setting("rename", self.rename, "OLD=NEW");
    setting("merge", self.merge,
            "NEW=OLD,OLD,...: several labels become one, which has the first one's id and colour");
    setting("binary", self.binary,
            "these labels against all else, void too unless --others void: one label of id 1 and background, "
            "in image/mask pairs stored as 255 and 0");
  }
};

/// A view of `source` with other labels. `target` says whether masks are painted, for Others::background.
/// Numbers of an instance mask go where their label goes. With `binary`, where masks are painted and void has
/// no place, a crowd of a chosen label is of that label. Throws Error(usage) for a name or pattern that no
/// label has, naming the nearest; for a label that two settings claim; for a new name that is taken; where no
/// label is left.
std::unique_ptr<Source> relabelled(std::shared_ptr<Source> source, const RelabelSettings& settings,
                                   const Capabilities& target);

}  // namespace maskmill
