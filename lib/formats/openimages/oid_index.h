// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "formats/openimages/oid_classes.h"
#include "formats/openimages/oid_layout.h"
#include "formats/openimages/openimages_halves.h"

namespace maskmill {

/// Rows of one image that follow each other in a table. 20 bytes.
struct OpenImagesRun {
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  std::uint32_t offset_low = 0;
  std::uint16_t offset_high = 0, table = 0;
  std::uint32_t bytes = 0, line = 0;
  std::uint32_t next = none;  ///< of the same image

  std::uint64_t offset() const { return std::uint64_t{offset_high} << 32 | offset_low; }
};

/// An item. 28 bytes and its id.
struct OpenImagesEntry {
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  NameArena::Number id = NameArena::none, file_name = NameArena::none;
  std::uint32_t folder = none;  ///< of its image; none where that is not there
  std::uint32_t first_run = OpenImagesRun::none, last_run = OpenImagesRun::none;
  std::uint32_t bytes = 0;   ///< of all its rows
  std::uint16_t subset = 0;  ///< from 1; 0: none
  std::uint8_t subset_from = 0;
};

/// The rows of each item, whatever their order in the tables: an image's rows may be scattered.
struct OpenImagesIndex {
  std::vector<OpenImagesEntry> entries;  ///< bytewise by id
  std::deque<OpenImagesRun> runs;        // which grows without a copy
  NameArena ids;
  std::vector<std::string> subsets;  ///< train, validation, val, test, then others bytewise
  bool has_images = false;

  /// Its runs, a table after another, each in its order.
  void for_each_run(const OpenImagesEntry& entry,
                    const std::function<void(const OpenImagesRun&)>& visit) const;
};

/// Scans all tables once. What rows use is made a label. Findings: "unreadable-row", "unsafe-file-name",
/// "in-two-subsets", "same-name", and, once for a table, "rows-left-out". Throws Error as CsvScanner.
OpenImagesIndex index_openimages(OpenImagesLayout& layout, OpenImagesItems items, OpenImagesClasses& classes,
                                 Findings& findings);

}  // namespace maskmill
