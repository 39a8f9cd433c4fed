// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "fetch/checksum.h"
#include "fetch/download.h"
#include "fetch/transfers.h"

namespace maskmill::fetch {

/// The bytes of a URL that have come so far, in `target`.part, held by this process alone. The state of the
/// server's file that they are of stands in target.part.json once they are worth keeping; bytes of no state
/// are dropped. All throw Error(write_failed).
class PartialFile : public Receiver {
 public:
  /// Makes the folders above. Null where another process has it. Throws Error(unreadable | interrupted), too.
  static std::unique_ptr<PartialFile> take(const Wanted& wanted);
  ~PartialFile() override;
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const Wanted& wanted() const { return wanted_; }

  std::uint64_t size() const override { return size_; }
  const FileState& state() const override { return state_; }
  void begin_again(const FileState& state) override;
  bool append(std::string_view bytes) override;
  /// Holds the bytes to what is known and published of them. What the server published and did not send comes
  /// again, and so do bytes that came in pieces and are not what was known. Throws Error(bad_format).
  std::optional<std::string> whole() override;

  /// The bytes are on disk; of the second, those of all files of its file system.
  void sync() const;
  void sync_file_system() const;
  std::uint64_t file_system() const;
  /// Has to be on disk before it has the name.
  Downloaded become_target();
  void remove();

 private:
  PartialFile(const Wanted& wanted, int descriptor);
  void take_up();
  void write_state();
  std::vector<Checksum> all_checksums() const;
  Path path() const { return wanted_.target.string() + ".part"; }
  Path state_path() const { return wanted_.target.string() + ".part.json"; }

  Wanted wanted_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  FileState state_;
  Checksums sums_;
  bool state_is_written_ = false, is_in_pieces_ = false, is_done_ = false;
};

}  // namespace maskmill::fetch
