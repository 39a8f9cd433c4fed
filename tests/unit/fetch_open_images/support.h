// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fetch/open_images/open_images.h"
#include "support/folder_server.h"
#include "support/scratch.h"
#include "support/small_openimages.h"

namespace maskmill::tests {

/// A small Open Images behind a server.
struct ServedOpenImages {
  explicit ServedOpenImages(const SmallOpenImagesOptions& options = {}, Hook hook = {});

  Scratch scratch;
  Path hosts;
  std::vector<OpenImagesImage> images;
  std::unique_ptr<FolderServer> server;

  fetch::Access access() const;
  fetch::OpenImagesReport fetch(const fetch::OpenImagesRequest& request, const Path& work) const;
  fetch::OpenImagesReport fetch(const fetch::OpenImagesRequest& request, const Path& work,
                                Findings& findings) const;
  /// How many so far for paths that hold `part`.
  std::size_t requests_for(const std::string& part) const;
};

/// All files that a reader of the folder sees, with what they hold.
using Tree = std::map<std::string, std::string>;
Tree tree_of(const Path& folder);

fetch::OpenImagesRequest request_for(std::vector<std::string> classes);

}  // namespace maskmill::tests
