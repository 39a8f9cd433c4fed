// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/json.h"
#include "dataset/masks.h"
#include "formats/format.h"
#include "prepare/losses.h"

namespace maskmill {

struct ConvertSettings {
  InstanceSettings instances;
  /// Refuse, before anything is written, to lose anything.
  bool lossless = false;
  /// Refuse to leave an item out: Error(bad_value) naming the first that cannot be read or written.
  bool all_items = false;
};

struct ConvertReport {
  std::size_t items = 0, annotations = 0;
  std::size_t left_out = 0;  ///< items that could not be read; each is a finding
  std::vector<Loss> losses;
  InstanceLoss instances;  ///< how many were made from masks, and how exact they are
};

/// Writes `source` as `target`. What would be lost is handed to `announce` before anything is written; with
/// `lossless`, Error(unsupported) instead. Inputs of `provenance` without a fingerprint get the items'. The
/// output is whole or absent, and its bytes do not depend on the number of threads.
ConvertReport convert(Source& source, const Format& target, const CreateRequest& request,
                      const ConvertSettings& settings, Provenance provenance, Findings& findings,
                      const std::function<void(const std::vector<Loss>&)>& announce);

/// Completes an input of a provenance whose items are not those that are written: their number, and the
/// fingerprint that convert() would give them. Reads every item and its mask files; those that cannot be read
/// do not count.
void fingerprint(Source& source, Provenance::Input& input);

std::string to_text(const ConvertReport& report);
Json to_json(const ConvertReport& report);

}  // namespace maskmill
