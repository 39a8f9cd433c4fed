// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/path.h"

namespace maskmill::learn {

/// What TensorBoard reads: TFRecords of TensorFlow's Event protocol buffers
/// (tensorflow/core/util/event.proto, summary.proto). A new file beside a run's former ones: TensorBoard
/// shows them as one run.
class EventFile {
 public:
  /// The file events.out.tfevents.SECONDS.HOST.PROCESS in `folder`. `first_step`: events of the former files
  /// from this step on are left out of sight, having been done anew. Throws Error(write_failed).
  EventFile(const Path& folder, std::int64_t first_step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// Numbers by tag, as "loss/train"; what is not finite is left out. Throws Error(write_failed).
  void add_scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);
  /// A picture as PNG bytes. Throws Error(write_failed).
  void add_image(std::int64_t step, const std::string& tag, int width, int height, const std::string& png);

  static constexpr const char* prefix = "events.out.tfevents.";

 private:
  void add_event(const std::string& event);

  Path path_;
  int descriptor_ = -1;
};

}  // namespace maskmill::learn
