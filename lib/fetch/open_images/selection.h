// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/path.h"
#include "fetch/open_images/class_choice.h"
#include "fetch/open_images/open_images.h"
#include "fetch/open_images/published_files.h"
#include "formats/openimages/oid_tables.h"

namespace maskmill::fetch {

/// An image's id, 16 lower-case hexadecimal digits, as a number; nothing for any other text.
std::optional<std::uint64_t> parse_image_id(std::string_view text);
std::string image_id_text(std::uint64_t id);

/// Rows of the wanted classes, of boxes or masks of one split.
struct ObjectTable {
  OpenImagesSplit split = OpenImagesSplit::train;
  OpenImagesKind kind = OpenImagesKind::boxes;
  Path file;
};

/// Images that were chosen, ascending, by split; and the rows of each table that remain.
struct Selection {
  std::array<std::vector<std::uint64_t>, 3> images;
  /// One a table, one bit a row; empty where all remain.
  std::vector<std::vector<bool>> remaining;

  bool holds(OpenImagesSplit split, std::uint64_t image) const;
  std::size_t size() const { return images[0].size() + images[1].size() + images[2].size(); }
};

/// Whether each object is wanted by its flags, and which images are then drawn. A mask is the object of the
/// box of its image and label that has the same coordinates, as formats/openimages joins them. What is drawn
/// depends on the seed, the images and their classes, and on no order. Findings: "unreadable-row". Throws as
/// CsvScanner.
Selection select_images(const std::vector<ObjectTable>& tables, std::span<const ChosenClass> classes,
                        const OpenImagesRequest& request, Findings& findings);

/// Writes the rows of the selection into `folder`, where tables are called as they were; those of kinds that
/// are not asked for are left out. Returns what there is of each class.
OpenImagesReport write_tables(const std::vector<ObjectTable>& tables, const Selection& selection,
                              std::span<const ChosenClass> classes, const OpenImagesRequest& request,
                              const std::optional<Path>& folder);

/// Takes out of a table of masks that write_tables() wrote, and of the selection, the masks of these names
/// and the images that have no others.
void leave_masks_out(const Path& table, OpenImagesSplit split, const std::vector<std::string>& names,
                     std::span<const ChosenClass> classes, Selection& selection);

/// Whether the request names this kind of annotation.
bool wants(const OpenImagesRequest& request, OpenImagesKind kind);
/// Whether some objects are left out by their flags: then boxes have to be known.
bool restricts_flags(const OpenImagesRequest& request);

}  // namespace maskmill::fetch
