// SPDX-License-Identifier: Apache-2.0
#include "formats/predictions.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <utility>

#include "formats/coco_results/coco_results.h"

namespace maskmill::formats {
namespace {

constexpr std::string_view kGroundTruth = "ground-truth=";

bool names_ground_truth(const std::vector<std::string>& settings) {
  return std::ranges::any_of(settings,
                             [](const std::string& text) { return text.starts_with(kGroundTruth); });
}

}  // namespace

Opened open_predictions(const Path& path, std::string_view format_name, std::vector<std::string> settings,
                        const Path& truth) {
  std::string name(format_name);
  Probe probe;
  boost::system::error_code failure;
  if (name.empty() && settings.empty() && fs::exists(path, failure)) {
    const Detection detection = best(detect(path), path);
    name = detection.format->name;
    probe = detection.probe;
  }
  if (name == coco_results().name && !names_ground_truth(settings))
    if (const auto file = ground_truth_in(truth, path))
      settings.push_back(std::string(kGroundTruth) + file->string());
  Opened opened = open(path, name, std::move(settings));
  if (!probe.reasons.empty()) opened.probe = std::move(probe);
  return opened;
}

}  // namespace maskmill::formats
