// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace maskmill {

/// What a format's reader or writer reports under an id of its own. What check's rules look for as well is
/// described there (prepare/check/rule.h).
struct FindingKind {
  std::string_view id;
  std::string_view meaning;  ///< what was met and what became of it: one sentence without a full stop
};

/// Every id that this folder's sources use and no rule has, by reader and writer, in alphabetical order. A
/// test holds the lists against the sources.
std::span<const FindingKind> reader_findings();
std::span<const FindingKind> writer_findings();
/// What the evaluation of predictions reports (metrics/evaluate.h), which knows nothing of formats: here so
/// that all ids of the program stand in one place.
std::span<const FindingKind> evaluation_findings();
/// What fetching Open Images reports (fetch/open_images), besides rows that cannot be read.
std::span<const FindingKind> fetch_findings();

}  // namespace maskmill
