// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "formats/format.h"

namespace maskmill {

/// Where the parts of a data set of trimaps lie.
struct TrimapFolders {
  Path images;   ///< images/; empty: annotations/ holds trimaps and list.txt, as they are written without
                 ///< images
  Path trimaps;  ///< annotations/trimaps/, or trimaps/ beside images/
  Path lists;    ///< annotations/, or where there is none the data set's folder
};

/// Nothing where images or trimaps are not there.
std::optional<TrimapFolders> find_trimap_folders(const Path& source);

/// pet, background and border; their ids 1 to 3 are a trimap's values.
LabelMap trimap_labels(Role border);

// The functions behind Format::open and Format::create of trimaps.cpp, which holds the description and the
// probe.
std::unique_ptr<Source> open_trimaps(const OpenRequest& request);
std::unique_ptr<Sink> create_trimaps(const CreateRequest& request);

}  // namespace maskmill
