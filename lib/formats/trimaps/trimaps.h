// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/enum_names.h"
#include "base/settings.h"
#include "formats/format.h"

namespace maskmill {

/// The Oxford-IIIT Pet data set's layout (Parkhi, Vedaldi, Zisserman and Jawahar, "Cats and Dogs", CVPR
/// 2012): a mask file an image with 1 for the pet, 2 for the background and 3 for the border between them,
/// and list files.
const Format& trimaps();

/// What the border is: a class of its own, or void.
enum class TrimapBorder { object, ignore };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<TrimapBorder>{"object", "ignore"};

struct TrimapReadSettings {
  TrimapBorder border = TrimapBorder::object;
  static void visit(auto& self, auto&& setting) {
    setting("border", self.border, "read the border as a label of its own, or as void");
  }
};

}  // namespace maskmill
