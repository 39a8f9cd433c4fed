// SPDX-License-Identifier: Apache-2.0
#include "learn/sweep.h"

#include <set>

#include "base/error.h"
#include "base/text.h"
#include "learn/settings.h"

namespace maskmill::learn {

std::vector<std::vector<std::string>> sweep_of(const std::vector<std::string>& texts) {
  TrainSettings settings;
  const std::vector<Setting> declared = settings_of(settings);
  std::vector<std::vector<std::string>> trainings{{}};
  std::set<std::string> keys;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    const char between = find_setting(declared, key).is_list() ? ';' : ',';
    if (equals == std::string::npos) throw Error(Code::usage, "expected key=value, found " + in_quotes(text));
    if (!keys.insert(key).second) throw Error(Code::usage, "is given twice").at_field(key);
    std::vector<std::vector<std::string>> more;
    for (const std::vector<std::string>& training : trainings)
      for (const std::string_view value : split_text(std::string_view(text).substr(equals + 1), between)) {
        more.push_back(training);
        more.back().push_back(key + "=" + std::string(value));
      }
    trainings = std::move(more);
  }
  return trainings;
}

}  // namespace maskmill::learn
