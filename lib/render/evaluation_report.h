// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/output.h"
#include "dataset/labels.h"
#include "render/html.h"
#include "render/shown_images.h"
#include "render/svg.h"

namespace maskmill {

/// What `maskmill evaluate --report` shows, as plain values: whoever measured them fills this in. NaN is "not
/// defined". Parts without data are left out.
struct EvaluationPage {
  using Bounds = std::optional<std::pair<double, double>>;  ///< of a 95 % interval
  struct Score {
    std::string name, meaning;
    double value = 0;
    Bounds interval = {};
  };
  struct ClassRow {
    std::string name;
    Rgb colour;
    std::vector<double> scores;         ///< one for each of `score_columns`
    std::vector<std::int64_t> amounts;  ///< one for each of `amount_columns`
  };
  struct Error {
    std::string name, meaning;
    std::int64_t count = 0;
    double cost = 0;  ///< of average precision
  };
  struct Metric {
    std::string title, introduction;
    std::vector<Score> scores;
    std::vector<svg::LineChart> curves;
    std::vector<svg::LineChart> class_curves;  ///< small ones; the first few are shown, the others on demand
    std::vector<Error> errors;
    std::vector<std::string> score_columns, amount_columns;
    std::vector<ClassRow> classes;
    std::vector<std::int64_t> confusion;  ///< pixels, classes squared, rows the truth
  };
  struct Difference {
    std::string name;
    double value = 0, other = 0, difference = 0;
    Bounds interval = {};
    std::optional<double> share_above_0 = {};
  };
  struct Compared {
    std::string title;
    std::int64_t images = 0, won = 0, lost = 0;
    std::vector<Difference> overall, classes;
  };

  std::string title, subtitle;
  html::KeyValues headline, facts;
  std::vector<std::string> remarks;
  std::vector<Compared> comparison;
  std::string comparison_introduction;
  std::vector<Metric> metrics;
  ShownImages worst;
};

/// One file. Throws Error(write_failed), and Error(bug) where numbers of columns or classes differ.
void write_evaluation_report(const EvaluationPage& page, const Path& target, Overwrite overwrite);

}  // namespace maskmill
