// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"

namespace maskmill::formats {

/// Every format, in the order in which they are listed and, at equal confidence, preferred.
std::span<const Format* const> all();

/// Throws Error(usage) naming the nearest known name.
const Format& find(std::string_view name);

struct Detection {
  const Format* format = nullptr;
  Probe probe;
  Path root{};  ///< the path or what lies alone in it; of an archive, where that was unpacked
};

/// Each format's opinion of a path, best first. An archive (base/archive.h) is unpacked for that. Of a folder
/// that fits no format and holds nothing but another, the opinion is of that one. Throws Error(not_found |
/// unreadable) where the path is not there or, for a folder, empty.
std::vector<Detection> detect(const Path& path);

/// The best opinion of each folder directly in `folder` that fits a format; looks at the first 50.
std::vector<Detection> data_sets_inside(const Path& folder);

/// Whether best() has one to give, or two between which it cannot choose.
bool any_fits(const std::vector<Detection>& detections);

/// The best format for a path. Throws Error(bad_format) where none has a confidence of 30, saying which came
/// closest and what it missed, or which folders inside fit; and where two differ by less than 5: name one with --from.
const Detection best(const std::vector<Detection>& detections, const Path& path);

struct Opened {
  const Format* format = nullptr;
  Probe probe;  ///< why it was taken; empty reasons where the user named it
  std::unique_ptr<Source> source;
};

/// Opens as the named format or, without a name, as the best one. A path that is a format's name and a colon
/// before, as in "voc:data", names it too, and so do settings that only one format has.
Opened open(const Path& path, std::string_view format_name = {}, std::vector<std::string> settings = {});

}  // namespace maskmill::formats
