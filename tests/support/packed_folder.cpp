// SPDX-License-Identifier: Apache-2.0
#include "support/packed_folder.h"

#include <boost/filesystem.hpp>
#include <fstream>

#include "base/path.h"
#include "base/text.h"

namespace maskmill::tests {

namespace {

constexpr std::string_view kMark = "\n=== ";

}  // namespace

PackedFolder unpacked(std::string_view bytes) {
  PackedFolder packed;
  std::size_t mark = bytes.find(kMark);
  packed.settings = split_text(bytes.substr(0, mark), ' ');
  packed.format = packed.settings.front();
  packed.settings.erase(packed.settings.begin());
  while (mark != std::string_view::npos) {
    const std::size_t name = mark + kMark.size();
    const std::size_t line_end = bytes.find('\n', name);
    if (line_end == std::string_view::npos) break;
    mark = bytes.find(kMark, line_end);
    const std::string_view path = bytes.substr(name, line_end - name);
    const std::size_t start = line_end + 1;
    if (!is_safe_relative(path)) continue;
    packed.files.emplace_back(path, start < mark ? bytes.substr(start, mark - start) : std::string_view());
  }
  return packed;
}

void put(const PackedFolder& packed, const Path& folder) {
  boost::system::error_code refused;
  fs::create_directories(folder, refused);
  for (const auto& [name, bytes] : packed.files) {
    fs::create_directories((folder / name).parent_path(), refused);
    std::ofstream((folder / name).string(), std::ios::binary) << bytes;
  }
}

}  // namespace maskmill::tests
