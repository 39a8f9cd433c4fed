// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/baseline.h"

#include "prepare/check/findings_document.h"

namespace maskmill {

Digest fingerprint_of(const Finding& finding, const Path& root) {
  return digest_of(finding.rule + '\n' + relative_name(finding.place.file, root) + '\n' +
                   finding.place.field);
}

Baseline::Baseline(const Path& document) {
  read_findings(document, [&](const Finding& finding, const std::string& root) {
    ++left_[fingerprint_of(finding, root)];
    ++all_;
  });
}

Findings Baseline::without_known(const Findings& findings, const Path& root) {
  Findings unknown;
  findings.for_each([&](const Finding& finding) {
    const auto known = left_.find(fingerprint_of(finding, root));
    if (known != left_.end() && known->second > 0)
      --known->second, ++known_;
    else
      unknown.add(finding);
  });
  return unknown;
}

}  // namespace maskmill
