// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "fetch/archives.h"

namespace maskmill::tools {

/// What a dry run says of files: a line each, and the document's list.
struct PlannedFiles {
  std::string text;
  Json list = Json::array();
  std::uint64_t to_come = 0;

  void add(const std::vector<fetch::PlannedFile>& files) {
    for (const fetch::PlannedFile& file : files) {
      text += fmt::format("{:>10}  {}{}\n", file.bytes ? bytes_in_words(*file.bytes) : "unknown", file.url,
                          file.there == 0 ? "" : ", " + bytes_in_words(file.there) + " are there");
      list.push_back(
          {{"url", file.url}, {"bytes", file.bytes ? Json(*file.bytes) : Json()}, {"there", file.there}});
      to_come += file.to_come();
    }
  }
};

}  // namespace maskmill::tools
