// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "render/sheet.h"

namespace maskmill {

/// The two kinds of sheet between which make_sheet() chooses.
std::unique_ptr<Sheet> make_png_sheet(const Path& target, Overwrite overwrite, SheetHeading heading,
                                      LabelMap labels, const SheetSettings& settings);
std::unique_ptr<Sheet> make_html_sheet(const Path& target, Overwrite overwrite, const SheetHeading& heading,
                                       LabelMap labels, const SheetSettings& settings);

}  // namespace maskmill
