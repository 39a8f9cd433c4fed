// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "support/scratch.h"

namespace maskmill::tests {

/// How a program ended: its exit status (128 + n for signal n) and what it printed.
struct Ran {
  int status = -1;
  std::string out, err;
  long most_kb = 0;  ///< the most memory that was resident at once
};

/// A program on its way beside the test; killed where the test ends first.
class Running {
 public:
  /// The first word is its path.
  explicit Running(const std::vector<std::string>& words);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void signal(int number) const;
  /// Holds it up until SIGCONT, and returns when it stands still; false where it has ended.
  bool stop() const;
  bool has_ended() const;
  /// To be called once.
  Ran wait();

 private:
  Scratch scratch_;
  int process_ = -1;
};

/// Runs `maskmill VERB ...` as a user does, from the folder in which the programs were built.
/// `through` is a program with its options that runs it in turn. Throws std::runtime_error where what --json
/// printed is not what schemas/VERB.schema.json promises.
Ran maskmill(const std::vector<std::string>& words, const std::vector<std::string>& through = {});
/// Any program; the first word is its path.
Ran run_program_at(const std::vector<std::string>& words);
/// The words that run `maskmill VERB ...`, for Running.
std::vector<std::string> maskmill_words(const std::vector<std::string>& words);

}  // namespace maskmill::tests
