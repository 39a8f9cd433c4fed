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
/// `through` is a program with its options that runs it in turn. Throws std::runtime_error where what --json
/// printed is not what schemas/VERB.schema.json promises.
Ran maskmill(const std::vector<std::string>& words, const std::vector<std::string>& through = {});
/// Any program; the first word is its path.
Ran run_program_at(const std::vector<std::string>& words);

}  // namespace maskmill::tests
