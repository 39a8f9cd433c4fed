// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataset/labels.h"

// Two data sets drawn side by side: one colour a name.
namespace maskmill {

/// The labels, and behind them those of the other data set that have other names.
LabelMap united(LabelMap labels, const LabelMap& others);

/// The labels in the colours that those of the same names have among all of them.
LabelMap recoloured(const LabelMap& labels, const LabelMap& all);

}  // namespace maskmill
