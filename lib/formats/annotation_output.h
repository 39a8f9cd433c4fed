// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/output.h"
#include "base/part_file.h"
#include "dataset/provenance.h"
#include "formats/format.h"

namespace maskmill {

/// Where a format writes that puts all annotations of a subset into one file: a folder that holds such files
/// and the images, or, where the target has the format's extension, one file alone, with its provenance
/// beside it.
class AnnotationOutput {
 public:
  /// Throws Error(usage) for images that would have to lie in the one file, and as OutputFile and
  /// OutputFolder.
  AnnotationOutput(const CreateRequest& request, std::string_view extension);

  bool is_folder() const { return folder_.has_value(); }
  /// Where images go; empty where there is one file.
  const Path& staging() const;
  /// For bytes that wait until the annotations are written.
  PartFile& part_file() { return *part_file_; }

  /// As Sink::attach.
  void attach(const std::string& name, std::string_view bytes);
  /// An annotation file; `name` is its name in the folder.
  void write(const std::string& name, const std::function<void(ByteWriter&)>& content);
  /// After the last.
  void commit(const Provenance& provenance);

 private:
  Path target_;
  std::optional<OutputFolder> folder_;  // or
  std::optional<OutputFile> file_;      // of the target
  std::optional<PartFile> part_file_;
};

}  // namespace maskmill
