// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dataset/dataset.h"
#include "learn/settings.h"
#include "render/data_sheet.h"

namespace maskmill::learn {

/// Draws samples of the training subset as the trainer meets them in its first `epochs` epochs: at the
/// network's size, augmented, with their classes; what comes in from outside a picture is hatched, being
/// ignored. Of more than sheet.max_items, some are drawn at random. Items that cannot be read are findings;
/// the trainer numbers the samples without them, so that those after them are augmented otherwise there.
/// Returns how many were drawn. Throws as training does where the data do not fit the settings,
/// Error(write_failed).
std::size_t write_training_sheet(Source& source, const Path& target, Overwrite overwrite,
                                 const std::string& title, const TrainSettings& settings, int epochs,
                                 const DataSheetSettings& sheet, Findings& findings);

}  // namespace maskmill::learn
