// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/finding.h"
#include "base/hash.h"
#include "base/path.h"

namespace maskmill {

/// What makes a finding the same one in a later check: its rule, the file below `root`, the folder of the
/// data set, and the field. Neither its line nor its words, which change with what lies around.
Digest fingerprint_of(const Finding& finding, const Path& root);

/// The findings of an earlier check, which are known and to be silent about. A finding that occurs more often
/// than it did is new from there on.
class Baseline {
 public:
  /// A document as read_findings takes it, which says what is thrown. Keeps some 50 bytes a finding.
  explicit Baseline(const Path& document);

  /// Those of `findings` that are not known, in their order; `root` is the folder that holds the data set
  /// now.
  Findings without_known(const Findings& findings, const Path& root);

  std::size_t known() const { return known_; }        ///< taken out so far
  std::size_t gone() const { return all_ - known_; }  ///< that have not been met so far

 private:
  std::unordered_map<Digest, std::uint32_t, HashDigest> left_;
  std::size_t all_ = 0, known_ = 0;
};

}  // namespace maskmill
