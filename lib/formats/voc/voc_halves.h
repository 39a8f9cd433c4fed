// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "formats/format.h"

namespace maskmill {

/// Format::open and Format::create of voc().
std::unique_ptr<Source> open_voc(const OpenRequest& request);
std::unique_ptr<Sink> create_voc(const CreateRequest& request);

}  // namespace maskmill
