// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/output.h"
#include "render/html.h"

namespace maskmill {

/// What `maskmill check --report` shows.
struct FindingsReport {
  struct Example {
    Finding finding;
    struct Picture {
      cv::Mat rgb;       ///< CV_8UC3
      std::string what;  ///< where others stand beside it: the place that it shows
    };
    std::vector<Picture> pictures = {};  ///< of its place and of those related to it
  };
  struct Rule {
    std::string id;
    Severity severity = Severity::error;  ///< of its worst finding
    std::string title;                    ///< what is wrong, in a few words; may be empty
    std::string harm;                     ///< what it does to training; may be empty
    std::string fix;                      ///< may be empty
    std::size_t count = 0;
    std::vector<Example> examples;  ///< at most `count`, the first ones
  };

  std::string title, subtitle;
  html::KeyValues facts;  ///< of the data set: its format, items, labels
  std::size_t errors = 0, warnings = 0, notes = 0;
  std::vector<Rule> rules;  ///< those that found something
};

/// One file: totals, a table of the rules (errors first, then by count), then each rule with its examples. A
/// data set without findings gets a page that says so. Throws Error(write_failed).
void write_findings_report(const FindingsReport& report, const Path& target, Overwrite overwrite);

}  // namespace maskmill
