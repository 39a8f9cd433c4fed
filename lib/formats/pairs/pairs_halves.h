// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "formats/format.h"

namespace maskmill {

// The functions behind Format::open and Format::create of pairs.cpp, which holds the description and the
// probe.
std::unique_ptr<Source> open_pairs(const OpenRequest& request);
std::unique_ptr<Sink> create_pairs(const CreateRequest& request);

}  // namespace maskmill
