// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "learn/settings.h"

namespace maskmill::tools {

/// The keys of train's settings, which several verbs take as key=value.
inline std::vector<std::string> training_keys() {
  learn::TrainSettings defaults;
  std::vector<std::string> keys;
  for (const Setting& setting : settings_of(defaults)) keys.push_back(setting.key);
  return keys;
}

}  // namespace maskmill::tools
