// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/path.h"
#include "base/staging.h"

namespace maskmill {

/// Outputs are whole or absent: both classes write beside the target and rename in commit(). Destroyed
/// without commit(), they remove what they wrote and leave the old target as it was. What a killed command
/// left beside a target is removed by the next one that writes there. Of two that write one target at once,
/// the second to commit fails or, with Overwrite::yes, replaces the first's whole output by its own.

enum class Overwrite { no, yes };

/// Takes bytes one after another.
class ByteWriter {
 public:
  virtual ~ByteWriter() = default;
  /// Throws Error(write_failed), a full disk for example.
  virtual void write(std::string_view bytes) = 0;
};

/// One of an output's several files. Errors name it as it will be called.
class FolderFile : public ByteWriter {
 public:
  ~FolderFile() override;
  FolderFile(const FolderFile&) = delete;
  FolderFile& operator=(const FolderFile&) = delete;

  void write(std::string_view bytes) override;
  /// To be called before the output's commit(): a full disk may show only here. Throws Error(write_failed).
  void close();

 private:
  friend class OutputFile;
  friend class OutputFolder;
  FolderFile(const Path& made, Path target);
  Path target_;
  int descriptor_ = -1;
};

/// One output file.
class OutputFile : public ByteWriter {
 public:
  /// Throws Error(write_failed) if the target exists and `overwrite` is no, is a folder, or its folder cannot
  /// be written. Folders above the target are made.
  explicit OutputFile(Path target, Overwrite overwrite = Overwrite::no);
  ~OutputFile() override;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes) override;
  /// Another file beside the target, which commit() puts into place after it. Throws Error(write_failed),
  /// also where that file exists and `overwrite` is no.
  void add(const Path& beside, std::string_view bytes, Overwrite overwrite);
  /// Where the bytes lie until commit(), for writers that take a path. Its folder takes other temporary
  /// files.
  const Path& staging() const { return made_; }
  void commit();

 private:
  struct Companion {
    Path made, target;
    Overwrite overwrite;
  };
  Path target_;
  Overwrite overwrite_;
  Staging staging_;
  Path made_;
  std::vector<Companion> companions_;
  int descriptor_ = -1;
};

/// One output folder, written as a whole.
class OutputFolder {
 public:
  /// An existing folder that is not empty is replaced only with Overwrite::yes, and only if a maskmill
  /// command wrote it (it holds provenance.json, maskmill/provenance.json or a run's model.json): --force
  /// never deletes a folder of the user's own. A folder on which a file system is mounted cannot be replaced
  /// and is refused here, not after the work. Throws Error(write_failed).
  explicit OutputFolder(const Path& target, Overwrite overwrite = Overwrite::no);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where to write; the same file system as the target.
  const Path& staging() const { return made_; }
  /// Of a folder that was there already, its own path, whatever it was named by.
  const Path& target() const { return target_; }
  /// What somebody else threw who writes into staging(), with the place as it will be called.
  Error as_of_target(const Error& error) const;
  /// Writes staging()/name, making folders above it. Thread-safe for different names.
  /// Throws Error(write_failed) also where `name` would lie outside.
  void write(std::string_view name, std::string_view bytes) const;
  /// The same for a file that is written piece by piece.
  std::unique_ptr<FolderFile> create(std::string_view name) const;
  /// Where the file system cannot exchange two names (NFS, FAT), there is an instant between two renames in
  /// which neither the old output nor the new is in place.
  void commit();

 private:
  Path target_;
  Overwrite overwrite_;
  Staging staging_;
  Path made_;
};

/// Creates or replaces `path` in one step; for small files of our own inside a folder that is already ours.
void replace_file(const Path& path, std::string_view bytes);

}  // namespace maskmill
