// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/path.h"

namespace maskmill::tests {

/// A data set of one scene that cityscapesScripts painted, and what its files' names begin with.
inline const Path kGolden = Path(MASKMILL_SOURCE_DIR) / "tests/data/cityscapes";
inline const std::string kScene = "gtFine/train/aachen/aachen_000000_000019_gtFine";

}  // namespace maskmill::tests
