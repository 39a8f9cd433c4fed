// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "dataset/dataset.h"
#include "render/overlay.h"
#include "render/sheet.h"

namespace maskmill {

struct DataSheetSettings {
  int max_items = 60;
  std::int64_t seed = 0;
  std::optional<std::string> subset, label;
  bool beside = false;
  OverlaySettings overlay;
  SheetSettings sheet;

  static void visit(auto& self, auto&& setting) {
    setting("max-items", self.max_items, "pictures shown; of more, as many are drawn at random; 0 shows all",
            at_least(0));
    setting("seed", self.seed, "of that draw");
    setting("subset", self.subset, "only items of this subset", unset("all"));
    setting("label", self.label, "only items with an annotation of this label", unset("all"));
    setting("beside", self.beside, "each picture also without its annotations");
    OverlaySettings::visit(self.overlay, setting);
    SheetSettings::visit(self.sheet, setting);
  }
};

/// What else a sheet shows.
struct SheetCompanions {
  /// Each picture again with this data set's annotations of the item of the same id, in the colours that
  /// labels of the same names have.
  Source* other = nullptr;
  /// What is written below an item's picture; where set, only items of which there is something are shown.
  std::function<std::vector<std::string>(const Item&)> remarks = {};
};

/// Draws the items of a data set, in its order, on a sheet of pictures (render/sheet.h). Items that cannot be
/// read are findings. Memory does not grow with the number of items shown. Returns how many were shown.
/// Throws Error(usage) for a label or subset that is not there, Error(bad_format) where nothing is left to
/// show.
std::size_t write_data_sheet(Source& source, const Path& target, Overwrite overwrite,
                             const std::string& title, const DataSheetSettings& settings, Findings& findings,
                             const SheetCompanions& companions = {});

}  // namespace maskmill
