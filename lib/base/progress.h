// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace maskmill {

/// Progress of one step on standard error: a bar on a terminal, nothing otherwise. Thread-safe.
class Progress {
 public:
  /// `total` unknown: a count is shown instead of a bar.
  explicit Progress(std::string label, std::optional<std::size_t> total = std::nullopt);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(std::size_t steps = 1);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `--quiet`: no progress and no notices from here on.
void set_quiet(bool quiet);
bool is_quiet();

/// One line on standard error that is neither an error nor a result; left out with `--quiet`.
void notice(const std::string& line);

}  // namespace maskmill
