// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/path.h"

namespace maskmill {

/// A hidden folder beside a target, where an output is made until it is renamed to its place. A lock on a
/// file in it says that its process lives. Process numbers could not say that: they repeat, and containers
/// and machines that share a disk give out the same. Where nobody holds the lock, a killed command left the
/// folder, and the next one that writes to the target removes it; on a file system without locks it stays.
class Staging {
 public:
  /// The folder above `target` must be there. Throws Error(write_failed) naming the target.
  explicit Staging(const Path& target);
  ~Staging() { remove(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// Removes the folder with what is in it.
  void remove();
  /// Any name below it but "lock" is free.
  const Path& folder() const { return folder_; }

 private:
  Path folder_;
  int lock_ = -1;
};

/// Removes what killed commands left beside `target`; a Staging of that target does so too.
void remove_leftovers(const Path& target);

/// Says to other commands that this process writes into a folder for as long as this lives, by a lock on a
/// hidden file in it. A killed command leaves the file and no lock. A file system without locks tells nobody.
class Claim {
 public:
  /// Throws Error(write_failed) where a living process has one on `folder`, or the file cannot be made.
  explicit Claim(const Path& folder);
  ~Claim() { release(); }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  /// Removes the file.
  void release();
  static constexpr const char* file_name = ".maskmill-lock";

 private:
  Path file_;
  int lock_ = -1;
};

/// Error(write_failed) at `path`, with what the system says of `number`, an errno.
Error cannot_write(const Path& path, int number);

/// All of the bytes, to an open file that errors name as `path`. Throws Error(write_failed).
void write_all(int descriptor, std::string_view bytes, const Path& path);

/// The folder above a path, "." for a bare name.
Path folder_above(const Path& path);

/// Holds other commands up that put several files into `folder`, so that two sets of them are not mixed.
class FolderLock {
 public:
  explicit FolderLock(const Path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace maskmill
