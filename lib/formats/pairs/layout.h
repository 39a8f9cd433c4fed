// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "formats/mask_files/pairing.h"
#include "formats/pairs/pairs.h"

namespace maskmill {

/// The folders of a data set: those that the settings name, else by their names:
/// - images/ + masks/: both from lists, in any letter case; the first that hold an image;
/// - <subset>/images/ + <subset>/masks/, for any name of a subset, beside the first or without it;
/// - images/<subset>/ + masks/<subset>/, for common names of subsets such as train and val;
///
/// and where none of these is there,
/// - <subset>/ + <subset>_annot/, also _mask, _masks, _label, _labels, _gt;
/// - two folders whose names are words for images or masks and for one subset: train_images/ + train_masks/,
///   ISIC2018_Task1-2_Training_Input/ + ISIC2018_Task1_Training_GroundTruth/;
/// - masks/ or <subset>/masks/ under a labels.json: what is written without images, predictions above all;
/// - the folder itself, where a suffix tells images and masks apart.
///
/// Throws Error(not_found | unreadable), also for a folder that a setting names.
std::vector<PairFolders> find_folders(const Path& source, const PairsReadSettings& settings);

}  // namespace maskmill
