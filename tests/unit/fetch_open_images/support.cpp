// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <algorithm>

namespace maskmill::tests {

ServedOpenImages::ServedOpenImages(const SmallOpenImagesOptions& options, Hook hook)
    : hosts(scratch / "hosts"), images(write_small_openimages(hosts, options)) {
  server = std::make_unique<FolderServer>(hosts, FolderOptions{}, WebOptions{}, std::move(hook));
}

fetch::Access ServedOpenImages::access() const {
  fetch::Access access;
  access.patience.attempts = 1;
  access.patience.first_wait = std::chrono::milliseconds(1);
  access.mirror.emplace(server->url("/"));
  return access;
}

fetch::OpenImagesReport ServedOpenImages::fetch(const fetch::OpenImagesRequest& request, const Path& work,
                                                Findings& findings) const {
  return fetch::fetch_open_images(request, work, access(), findings);
}

fetch::OpenImagesReport ServedOpenImages::fetch(const fetch::OpenImagesRequest& request,
                                                const Path& work) const {
  Findings findings;
  return fetch(request, work, findings);
}

std::size_t ServedOpenImages::requests_for(const std::string& part) const {
  const auto requests = server->web().requests();
  return static_cast<std::size_t>(std::ranges::count_if(
      requests, [&](const WebRequest& request) { return request.target.find(part) != std::string::npos; }));
}

Tree tree_of(const Path& folder) {
  Tree tree;
  for (const Path& file : list_files(folder)) tree[relative_name(file, folder)] = read_file(file);
  return tree;
}

fetch::OpenImagesRequest request_for(std::vector<std::string> classes) {
  fetch::OpenImagesRequest request;
  request.classes = std::move(classes);
  return request;
}

}  // namespace maskmill::tests
