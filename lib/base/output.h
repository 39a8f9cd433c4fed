// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/path.h"

namespace maskmill {

/// Outputs are whole or absent: both classes write beside the target and rename in commit(). Destroyed
/// without commit(), they remove what they wrote and leave the old target as it was. What a killed command
/// left beside a target is removed by the next one that writes there.

enum class Overwrite { no, yes };

/// One output file.
class OutputFile {
 public:
  /// Throws Error(write_failed) if the target exists and `overwrite` is no, is a folder, or its folder cannot
  /// be written. Folders above the target are made.
  explicit OutputFile(Path target, Overwrite overwrite = Overwrite::no);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Throws Error(write_failed), a full disk for example.
  void write(std::string_view bytes);
  /// Where the bytes lie until commit(), for writers that take a path.
  const Path& staging() const { return staging_; }
  void commit();

 private:
  Path target_;
  Path staging_;
  Overwrite overwrite_;
  int descriptor_ = -1;
  bool committed_ = false;
};

/// One output folder, written as a whole.
class OutputFolder {
 public:
  /// An existing folder that is not empty is replaced only with Overwrite::yes, and only if a maskmill
  /// command wrote it (it holds provenance.json, maskmill/provenance.json or a run's model.json): --force
  /// never deletes a folder of the user's own. A folder on which a file system is mounted cannot be replaced
  /// and is refused here, not after the work. Throws Error(write_failed).
  explicit OutputFolder(const Path& target, Overwrite overwrite = Overwrite::no);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where to write; the same file system as the target.
  const Path& staging() const { return staging_; }
  /// Of a folder that was there already, its own path, whatever it was named by.
  const Path& target() const { return target_; }
  /// Writes staging()/name, making folders above it. Thread-safe for different names.
  /// Throws Error(write_failed) also where `name` would lie outside.
  void write(std::string_view name, std::string_view bytes) const;
  void commit();

 private:
  Path target_;
  Path staging_;
  Overwrite overwrite_;
  bool committed_ = false;
};

/// Creates or replaces `path` in one step; for small files of our own inside a folder that is already ours.
void replace_file(const Path& path, std::string_view bytes);

}  // namespace maskmill
