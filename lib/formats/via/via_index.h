// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "base/shared_file.h"
#include "dataset/dataset.h"
#include "formats/via/via_halves.h"
#include "formats/via/via_records.h"

namespace maskmill {

/// What the beginning of a file says that it is.
enum class ViaKind { other, images, project, version3 };
/// Throws Error as ByteSource.
ViaKind via_kind(const Path& file);

/// What a project of ours is called: a folder with one is a subset whatever its own name.
inline constexpr const char* kViaProject = "via_project.json";

/// The files that a path stands for, bytewise, each with its subset: the one file; those in a folder, and
/// those in its folders of usual names of subsets. Of the files of one folder, projects count alone where
/// there are any.
struct ViaFiles {
  struct One {
    Path path;
    std::string subset;
  };
  std::vector<One> files;
  std::vector<Path> left_out;  ///< exports beside a project
};
/// Throws Error(not_found | unreadable).
ViaFiles find_via_files(const Path& path);

/// One image: 32 bytes and those of its id.
struct ViaEntry {
  std::uint64_t offset = 0, length = 0;
  std::uint32_t line = 0;
  NameArena::Number id = NameArena::none;
  std::uint16_t file = 0;
};

struct ViaIndex {
  struct File {
    explicit File(const Path& path) : bytes(path) {}
    SharedFile bytes;
    std::string subset;
    std::vector<Path> image_folders;
  };
  std::vector<std::unique_ptr<File>> files;
  std::deque<ViaEntry> entries;  ///< in the order of the files
  NameArena names;
  Metadata metadata;
  ViaLabels labels;
};

/// Walks each file once. Findings: "file-left-out", "unreadable-image", "no-file-name",
/// "duplicate-file-name", "label-attribute", "label-missing". Throws Error(bad_format) where there is nothing
/// of VIA's, bad_value where it is not clear which attribute is the label, unsupported for a project of
/// VIA 3.
ViaIndex index_via(const Path& path, const ViaReadSettings& settings, Findings& findings);

/// An image's name as a path below the folder of images; of one that would leave it, or of a URL, the last
/// part.
std::string safe_via_name(std::string_view name);

}  // namespace maskmill
