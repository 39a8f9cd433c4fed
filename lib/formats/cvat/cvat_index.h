// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/shared_file.h"

namespace maskmill {

/// Where an <image> lies in its file.
struct CvatImagePlace {
  std::uint64_t offset = 0;
  std::uint32_t length = 0, line = 0;
};

/// What its start tag says.
struct CvatImageHead {
  CvatImagePlace place;
  std::string_view name, subset, id;
};

/// What a pass over a CVAT file meets.
struct CvatVisitor {
  /// The text of <meta>, which comes once at most, and its line.
  std::function<void(std::string&& meta, std::size_t line)> meta;
  /// The label of an annotation: at each of them.
  std::function<void(std::string_view label)> label;
  /// After its annotations; the texts hold until the call returns.
  std::function<void(const CvatImageHead& image)> image;
};

/// Walks the file once, in memory that does not grow with the number of images. Throws
/// Error(bad_format) with the line for what is no well-formed XML or no <annotations>; Error(unsupported) for
/// a document type (whose entities could fill any memory), an encoding other than UTF-8, an element of one
/// image of more than 256 MiB, and for tracks, which are CVAT's format for videos.
void scan_cvat(const SharedFile& file, const CvatVisitor& visitor);

}  // namespace maskmill
