// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "formats/format.h"

namespace maskmill {

/// Puts an item's image under `staging`/`folder`/`file name` as `media` says, and returns what annotations
/// call it: its path relative to `staging`/`folder`, or for Media::reference its absolute path. Thread-safe.
/// A made image is written; there is nothing to link, and Media::reference throws Error(usage).
/// A file name that would leave the folder is reduced to the item's id and its extension; an item without an
/// image file gets the name it would have. Throws Error(unreadable) for an image that is gone,
/// Error(write_failed).
std::string place_image(const Item& item, Media media, const Path& staging, const std::string& folder);

}  // namespace maskmill
