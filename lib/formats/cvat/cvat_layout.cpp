// SPDX-License-Identifier: Apache-2.0
#include "formats/cvat/cvat_layout.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <fstream>

#include "base/error.h"
#include "base/staging.h"

namespace maskmill {
namespace {

constexpr std::size_t kBytesLookedAt = 65536;

enum class Kind { other, images, videos };

Kind kind_of(const Path& file) {
  std::string head(kBytesLookedAt, '\0');
  std::ifstream stream(file.string(), std::ios::binary);
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  const auto has = [&](const char* text) { return head.find(text) != std::string::npos; };
  if (!has("<annotations>") && !has("<annotations ")) return Kind::other;
  if (has("<track ")) return Kind::videos;
  return has("<image ") || has("<meta>") || has("<version>1.1") ? Kind::images : Kind::other;
}

bool is_xml(const Path& path) {
  return lower_extension(path) == "xml";
}

std::vector<Path> files_in(const Path& folder) {
  if (const Path usual = folder / "annotations.xml"; fs::is_regular_file(usual)) return {usual};
  std::vector<Path> files;
  for (const Path& file : list_files_of(folder, {"xml"}))
    if (kind_of(file) != Kind::other) files.push_back(file);
  return files;
}

Probe probe_file(const Path& file) {
  if (!is_xml(file)) return {0, {"is no XML file"}};
  switch (kind_of(file)) {
    case Kind::images:
      return {95, {file.filename().string() + " begins with CVAT's <annotations>"}};
    case Kind::videos:
      return {60,
              {file.filename().string() + " begins with CVAT's <annotations>, but holds tracks of videos"}};
    case Kind::other:
      break;
  }
  return {0, {file.filename().string() + " does not begin with CVAT's <annotations>"}};
}

}  // namespace

Probe probe_cvat(const Path& path) {
  if (!fs::is_directory(path)) return probe_file(path);
  const std::vector<Path> files = files_in(path);
  if (files.empty()) return {0, {"neither annotations.xml nor another XML file of CVAT"}};
  Probe probe = probe_file(files.front());
  if (probe.confidence > 0 && fs::is_directory(path / "images")) probe.reasons.emplace_back("images/");
  return probe;
}

CvatLayout find_cvat_files(const Path& path, const std::optional<std::string>& images) {
  CvatLayout layout;
  const bool is_folder = fs::is_directory(path);
  const Path root = is_folder ? path : folder_above(path);
  if (is_folder)
    layout.files = files_in(path);
  else
    layout.files = {path};
  if (layout.files.empty())
    throw Error(Code::bad_format, "holds neither annotations.xml nor another XML file of CVAT").at_file(path);
  if (images) {
    const Path folder = root / *images;
    if (!fs::is_directory(folder)) throw Error(Code::not_found, "there is no such folder").at_file(folder);
    layout.image_folders = {folder};
    return layout;
  }
  if (const Path folder = root / "images"; fs::is_directory(folder)) layout.image_folders.push_back(folder);
  layout.image_folders.push_back(root);
  return layout;
}

}  // namespace maskmill
