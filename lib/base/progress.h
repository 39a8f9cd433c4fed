// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
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

/// The same of bytes that come as files, with their speed and, where all that is to come is known, the time
/// left. One thread at a time.
class ByteProgress {
 public:
  ByteProgress();
  ~ByteProgress();
  ByteProgress(const ByteProgress&) = delete;
  ByteProgress& operator=(const ByteProgress&) = delete;

  /// One more file; end() when it is there.
  void begin(std::string name);
  void end();
  /// No file will begin any more: what is expected is all there is.
  void all_begun();
  /// So many bytes more are expected in all, of which `there` came before.
  void expect(std::int64_t bytes, std::int64_t there);
  void advance(std::uint64_t bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "12.3 MB"; of less than a kilobyte "999 bytes". Units are powers of 1000.
std::string bytes_in_words(std::uint64_t bytes);

/// `--quiet`: no progress and no notices from here on.
void set_quiet(bool quiet);
bool is_quiet();

/// One line on standard error that is neither an error nor a result; left out with `--quiet`.
void notice(const std::string& line);

}  // namespace maskmill
