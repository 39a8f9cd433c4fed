// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "support/data_sets.h"
#include "support/program.h"

namespace maskmill::tests {

/// set/images and set/masks of items with these numbers, item1 and so on; no two pictures are of one size.
inline void write_pairs(const Scratch& scratch, int first, int last) {
  for (int i = first; i < last; ++i) {
    const std::string name = "item" + std::to_string(i);
    scratch.write("set/images/" + name + ".jpg", jpeg_picture({60 + i, 40}));
    scratch.write("set/masks/" + name + ".png", png_mask({static_cast<unsigned char>(i % 3)}, {60 + i, 40}));
  }
  scratch.write("set/labels.txt", "ground\nroad\ncar\n");
}

/// What `maskmill VERB ...` prints with --json. Requires that it ends with `status`.
inline Json json_of(std::vector<std::string> words, int status = 0) {
  words.insert(words.end(), {"--json", "--quiet"});
  const Ran ran = maskmill(words);
  INFO(ran.err);
  REQUIRE(ran.status == status);
  return parse_json(ran.out, words.front());
}

}  // namespace maskmill::tests
