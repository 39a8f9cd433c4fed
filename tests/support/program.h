// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace maskmill::tests {

/// How a program ended: its exit status (128 + n for signal n) and what it printed.
struct Ran {
  int status = -1;
  std::string out, err;
};

/// Runs `maskmill VERB ...` as a user does, from the folder in which the programs were built.
Ran maskmill(const std::vector<std::string>& words);
/// Any program; the first word is its path.
Ran run_program_at(const std::vector<std::string>& words);

}  // namespace maskmill::tests
