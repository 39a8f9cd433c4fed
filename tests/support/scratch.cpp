// SPDX-License-Identifier: Apache-2.0
#include "support/scratch.h"

#include <boost/filesystem.hpp>
#include <cstdlib>
#include <fstream>

namespace maskmill::tests {

Scratch::Scratch() : path_(fs::temp_directory_path() / fs::unique_path("maskmill-test-%%%%-%%%%-%%%%")) {
  fs::create_directories(path_);
}

Scratch::~Scratch() {
  boost::system::error_code ignored;
  fs::remove_all(path_, ignored);
}

Path Scratch::write(const Path& name, std::string_view bytes) const {
  const Path path = path_ / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path.string(), std::ios::binary) << bytes;
  return path;
}

void rewrite(const Path& path, std::string_view bytes) {
  fs::remove(path);
  std::ofstream(path.string(), std::ios::binary) << bytes;
}

std::size_t entries_in(const Path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

Path real_data() {
  const char* override_path = std::getenv("MASKMILL_REAL_DATA");
  const Path path =
      override_path ? Path(override_path) : Path(MASKMILL_SOURCE_DIR).parent_path() / "shared" / "data";
  return fs::is_directory(path) ? path : Path();
}

}  // namespace maskmill::tests
