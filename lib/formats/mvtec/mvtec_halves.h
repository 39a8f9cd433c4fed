// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/enum_names.h"
#include "base/settings.h"
#include "formats/format.h"

namespace maskmill {

enum class MvtecLabels {
  defect,  ///< a label for each kind of defect
  binary   ///< one for all
};
template <>
inline constexpr std::array<std::string_view, 2> enum_names<MvtecLabels>{"defect", "binary"};

/// The one label, and its folder.
inline constexpr std::string_view kMvtecDefect = "defect";
/// As MVTec calls the folder of images that show several kinds.
inline constexpr std::string_view kMvtecCombined = "combined";

struct MvtecReadSettings {
  MvtecLabels labels = MvtecLabels::defect;
  static void visit(auto& self, auto&& setting) {
    setting("labels", self.labels,
            "defect: a label for each kind of defect, by its folder; binary: one label, defect, for all");
  }
};

struct MvtecWriteSettings {
  MvtecLabels labels = MvtecLabels::defect;
  std::optional<std::string> category;
  static void visit(auto& self, auto&& setting) {
    setting("labels", self.labels, "defect: a folder for each label; binary: one, defect, for all");
    setting("category", self.category, "folder that the subsets are to lie in, such as metal_nut",
            unset("as the items' ids say, else none: the output is the category"));
  }
};

// The functions behind Format::open and Format::create.
std::unique_ptr<Source> open_mvtec(const OpenRequest& request);
std::unique_ptr<Sink> create_mvtec(const CreateRequest& request);

}  // namespace maskmill
