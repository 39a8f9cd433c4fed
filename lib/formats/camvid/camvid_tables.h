// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/mask_files/label_files.h"

namespace maskmill {

/// CamVid's own table: 32 names in the order of its label_colors.txt with their colours. Void, black, has the
/// role ignore: it stands for what is none of the other 31, and fast.ai's lesson leaves it out of the
/// accuracy.
LabelFile camvid32_labels();

/// SegNet's 12: classes 0 to 10 in the order and the colours of its tutorial, and 11 Unlabelled, which has
/// the role ignore, since its networks are trained with ignore_label 11.
LabelFile camvid12_labels();

/// Whether the labels have CamVid's 32 names, in any order.
bool is_camvid32(const LabelFile& labels);

/// Colours for CamVid's 32 names where they state none, and Void's role. Nothing of other names.
void complete_camvid32(LabelFile& labels);

}  // namespace maskmill
