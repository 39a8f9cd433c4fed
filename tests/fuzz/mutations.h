// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/random.h"

namespace maskmill::fuzz {

/// `file` with one to three things wrong: bytes flipped, pieces cut out, doubled or moved, its end lost;
/// numbers in text and lengths in bytes at their extremes; brackets and elements nested deep. The checksums
/// of a PNG are mostly put right, since a decoder looks no further where they are wrong.
std::string mutated(std::string file, Random& random);

}  // namespace maskmill::fuzz
