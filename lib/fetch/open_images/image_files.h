// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/finding.h"
#include "base/path.h"
#include "fetch/access.h"
#include "fetch/open_images/open_images.h"
#include "fetch/open_images/selection.h"

namespace maskmill::fetch {

/// Tables of images, by split, with a row for each that is chosen; none of a split that has none.
using ImageTables = std::array<std::optional<Path>, 3>;

/// Makes `folder`/SPLIT/ID.jpg for each image of the selection that is not there yet; from the public bucket,
/// or, of other sizes, from where its row in `tables` says, held to the MD5 there. Returns how many are gone.
/// Findings: "image-missing", "image-changed". Throws Error as download() where images could not be had for
/// another reason, after all others have come or many in a row have failed.
std::size_t fetch_images(const Selection& selection, OpenImagesSize size, const ImageTables& tables,
                         const Path& folder, const Access& access, Findings& findings);

}  // namespace maskmill::fetch
